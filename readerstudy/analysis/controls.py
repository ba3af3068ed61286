"""Positive controls: deliberately poor synthetic cases, which readers who look properly must find.

A study in which nobody finds them cannot show that tumours are indistinguishable: its readers, or its viewer,
could not have told anything. They are counted here alone, and enter no other figure.
"""

import pandas as pd

from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.proportions import wilson

CONTROL_COLUMNS = ("reader_id", "n_read", "n_found", "share", "share_low", "share_high", "found")
FOUND_SHARE = 0.75
"""Least share of the readings of controls that must be called synthetic."""


def positive_controls(readings: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Return `CONTROL_COLUMNS` for each reader who read controls, and a last row `all`; empty without any.

    `n_found` counts the answer synthetic; unsure and not-seen found nothing. `found`: at least `FOUND_SHARE` of
    them. Intervals are Wilson's and cover 1 − `alpha`. First readings only.
    """
    read = readings[(readings["control"] == 1) & (readings["repeat_index"] == 0)]
    found = (read["label"] == "synthetic").groupby(read["reader_id"])
    table = found.agg(n_read="size", n_found="sum").astype("int64").rename_axis("reader_id").reset_index()
    if len(table):
        total = table[["n_read", "n_found"]].sum()
        table = pd.concat([table, pd.DataFrame([{"reader_id": POOLED, **total.to_dict()}])], ignore_index=True)
    table["share"], table["share_low"], table["share_high"] = wilson(table["n_found"], table["n_read"], alpha=alpha)
    return table.assign(found=table["share"] >= FOUND_SHARE)[list(CONTROL_COLUMNS)]
