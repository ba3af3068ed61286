"""The 3x2 table of answers per reader, organ and generator; positive = real tumour.

Every figure of labels is made from these counts. `unsure` answers are counted in `n_real` and
`n_synthetic`; `not-seen` answers (no tumour seen) in neither, but in columns of their own.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from readerstudy.analysis.comparisons import comparisons
from readerstudy.analysis.frame import POOLED

KEYS = ["reader_id", "organ", "generator"]
OUTCOMES = {
    "real:real": "tp",
    "real:synthetic": "fn",
    "synthetic:synthetic": "tn",
    "synthetic:real": "fp",
    "real:unsure": "unsure_real",
    "synthetic:unsure": "unsure_synthetic",
}
"""truth:label → the cell of the 3x2 table."""
NOT_SEEN_OUTCOMES = {"real:not-seen": "not_seen_real", "synthetic:not-seen": "not_seen_synthetic"}
COUNTS = ["n_real", "n_synthetic", *OUTCOMES.values(), *NOT_SEEN_OUTCOMES.values()]


def counts(readings: pd.DataFrame) -> pd.DataFrame:
    """Return the counts of answers of each reader x organ x generator, and the pooled ones.

    Parameters
    ----------
    readings : DataFrame
        A readings frame.

    Returns
    -------
    DataFrame
        `KEYS` and `COUNTS`: n_real = tp + fn + unsure_real, n_synthetic = tn + fp + unsure_synthetic. `all` rows
        add up over readers or organs and come last among their kind; a real case counts once for each
        generator (see `comparisons`), and once for generator `all`.
    """
    compared = comparisons(readings)
    names = OUTCOMES | NOT_SEEN_OUTCOMES
    outcome = (compared["truth"] + ":" + compared["label"]).map(names)
    table = pd.crosstab([compared[key] for key in KEYS], outcome)
    table = table.reindex(columns=list(names.values()), fill_value=0)
    table = _pooled(table.rename_axis(columns=None).reset_index())
    table["n_real"] = table["tp"] + table["fn"] + table["unsure_real"]
    table["n_synthetic"] = table["tn"] + table["fp"] + table["unsure_synthetic"]
    return table[[*KEYS, *COUNTS]]


class Cell(NamedTuple):
    """The 2x2 table of one row of `counts`; unsure answers are left out."""

    tp: int
    fn: int
    tn: int
    fp: int

    @property
    def n_real(self) -> int:
        return self.tp + self.fn

    @property
    def n_synthetic(self) -> int:
        return self.tn + self.fp

    @property
    def right(self) -> int:
        return self.tp + self.tn

    @property
    def answered(self) -> int:
        return self.n_real + self.n_synthetic

    @property
    def hit_rate(self) -> float:
        """H, the share of real cases called real; NaN where none was answered."""
        return self.tp / self.n_real if self.n_real else math.nan

    @property
    def false_alarm_rate(self) -> float:
        """F, the share of synthetic cases called real; NaN where none was answered."""
        return self.fp / self.n_synthetic if self.n_synthetic else math.nan


def cells(table: pd.DataFrame) -> Iterator[Cell]:
    """Yield the 2x2 table of each row of `counts`."""
    columns = (table[name].tolist() for name in Cell._fields)
    yield from map(Cell._make, zip(*columns, strict=True))


def of_readers(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of single readers: a test that takes answers as independent is made of these alone."""
    return table[table["reader_id"] != POOLED].reset_index(drop=True)


def _pooled(table: pd.DataFrame) -> pd.DataFrame:
    for key in ("organ", "reader_id"):
        table = pd.concat([table, table.assign(**{key: POOLED})])
    return pooled_last(table.groupby(KEYS, as_index=False).sum())


def pooled_last(table: pd.DataFrame) -> pd.DataFrame:
    """Sort a table by `KEYS`, `all` last among its kind; rows of the same keys keep their order."""
    order = table[KEYS].assign(**{f"{key}_pooled": table[key] == POOLED for key in KEYS})
    order = order.sort_values([part for key in KEYS for part in (f"{key}_pooled", key)], kind="stable")
    return table.loc[order.index].reset_index(drop=True)


NO_REAL, NO_SYNTHETIC = (
    "No real case was answered real or synthetic.",
    "No synthetic case was answered real or synthetic.",
)
NO_ANSWER = "No case was answered real or synthetic."


def lacks_a_class(table: pd.DataFrame) -> "pd.Series[str]":
    """Return, per row of counts, why sensitivity and specificity cannot both be estimated; empty where they can."""
    real, synthetic = table["tp"] + table["fn"], table["tn"] + table["fp"]
    reason = pd.Series("", index=table.index, dtype="str")
    reason = reason.mask(real == 0, NO_REAL).mask(synthetic == 0, NO_SYNTHETIC)
    return reason.mask((real == 0) & (synthetic == 0), NO_ANSWER)
