"""Which readings are compared with which: the real cases against each generator's."""

import pandas as pd

from readerstudy.analysis.frame import POOLED, counted


def comparisons(readings: pd.DataFrame) -> pd.DataFrame:
    """Return the first readings once for every generator that they count against.

    A synthetic case counts for its generator. A real case counts against every generator of its organ
    that the same reader read. Rows of generator `all` hold every first reading once, also a real case of
    a reader who read no synthetic one in that organ. Hidden repeats and controls are left out.

    So counts may be added up over organs and over readers, but never over generators.
    """
    first = counted(readings)
    synthetic = first[first["truth"] == "synthetic"]
    read = synthetic[["reader_id", "organ", "generator"]].drop_duplicates()
    real = first[first["truth"] == "real"].drop(columns="generator").merge(read, on=["reader_id", "organ"])
    return pd.concat([synthetic, real, first.assign(generator=POOLED)], ignore_index=True)
