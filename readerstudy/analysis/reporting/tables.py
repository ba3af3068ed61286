"""The rows of `metrics.csv` and the headline tests of `analysis.json` as the results page shows them.

Positive = real tumour.
"""

import math
from collections.abc import Hashable
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import pandas as pd

from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.headline import BETTER, NOT_ESTIMABLE, NOT_SHOWN, WORSE
from readerstudy.analysis.obuchowski_rockette import CHANCE
from readerstudy.analysis.reporting.numbers import p_value, percent
from readerstudy.analysis.reporting.order import natural

FINDINGS = {BETTER: "above chance", WORSE: "below chance", NOT_SHOWN: "no difference from chance shown"}


@dataclass(frozen=True)
class Estimate:
    """A fraction with its interval; NaN where there is nothing to divide by, or no interval to show."""

    correct: int
    total: int
    value: float
    low: float
    high: float

    @property
    def is_estimable(self) -> bool:
        return not math.isnan(self.value)

    @property
    def percent(self) -> str:
        return f"{percent(self.value)} %"

    @property
    def interval(self) -> str | None:
        return None if math.isnan(self.low) else f"{percent(self.low)}–{percent(self.high)}"


@dataclass(frozen=True)
class ResultsRow:
    """Counts of answers, and the shares of them; `balanced_accuracy` is None where not estimable."""

    organ: str
    generator: str
    n_real: int
    n_synthetic: int
    sensitivity: Estimate
    specificity: Estimate
    accuracy: Estimate
    balanced_accuracy: str | None
    unsure_real: int
    unsure_synthetic: int

    @property
    def estimates(self) -> list[Estimate]:
        return [self.sensitivity, self.specificity, self.accuracy]

    @property
    def called_synthetic_of_real(self) -> int:
        return self.sensitivity.total - self.sensitivity.correct

    @property
    def called_real_of_synthetic(self) -> int:
        return self.specificity.total - self.specificity.correct

    @property
    def is_pooled(self) -> bool:
        return POOLED in (self.organ, self.generator)

    def covers(self, other: "ResultsRow") -> bool:
        return self.organ in (other.organ, POOLED) and self.generator in (other.generator, POOLED)


@dataclass(frozen=True)
class ReaderResults:
    reader: str
    rows: list[ResultsRow]

    @property
    def is_pooled(self) -> bool:
        return self.reader == POOLED


@dataclass(frozen=True)
class PooledTest:
    """The readers' mean balanced accuracy against chance, in words; `reason` says why there is none."""

    generator: str
    organ: str
    n_readers: int
    percent: str = ""
    interval: str = ""
    against_chance: str = ""
    equivalence: str = ""
    reason: str = ""


def group_by_reader(metrics: pd.DataFrame) -> list[ReaderResults]:
    """Group the rows by reader, pooled ones last, without those that only repeat another row.

    Parameters
    ----------
    metrics
        The columns of `metrics.csv`.
    """
    records = sorted(metrics.to_dict("records"), key=_pooled_last)
    groups = [
        ReaderResults(reader, _without_repetition([results_row(record) for record in group]))
        for reader, group in groupby(records, key=lambda record: str(record["reader_id"]))
    ]
    readers = [group for group in groups if not group.is_pooled]
    return readers if len(readers) == 1 else groups


def _pooled_last(record: dict[Hashable, Any]) -> list[tuple[bool, list[tuple[bool, int, str]]]]:
    return [natural(str(record[key])) for key in ("reader_id", "organ", "generator")]


def _without_repetition(rows: list[ResultsRow]) -> list[ResultsRow]:
    """Leave out a pooled row where an earlier one pools the same: one organ, or one generator in all."""
    finest = [row for row in rows if sum(row.covers(other) for other in rows) == 1]
    kept: dict[tuple[bool, ...], ResultsRow] = {}
    for row in rows:
        kept.setdefault(tuple(row.covers(other) for other in finest), row)
    return list(kept.values())


def results_row(record: dict[Hashable, Any]) -> ResultsRow:
    balanced_accuracy = float(record["balanced_accuracy"])
    tp, fn, tn, fp = (int(record[name]) for name in ("tp", "fn", "tn", "fp"))
    return ResultsRow(
        organ=record["organ"],
        generator=record["generator"],
        n_real=int(record["n_real"]),
        n_synthetic=int(record["n_synthetic"]),
        sensitivity=_estimate(record, "sensitivity", tp, tp + fn),
        specificity=_estimate(record, "specificity", tn, tn + fp),
        accuracy=_estimate(record, "accuracy", tp + tn, tp + fn + tn + fp),
        balanced_accuracy=None if math.isnan(balanced_accuracy) else f"{percent(balanced_accuracy)} %",
        unsure_real=int(record["unsure_real"]),
        unsure_synthetic=int(record["unsure_synthetic"]),
    )


def _estimate(record: dict[Hashable, Any], name: str, correct: int, total: int) -> Estimate:
    """Read a share; that of all readers gets no interval, since Wilson's takes answers as independent."""
    bounds = (f"{name}_low", f"{name}_high")
    low, high = (math.nan if record["reader_id"] == POOLED else float(record[bound]) for bound in bounds)
    return Estimate(correct, total, float(record[name]), low, high)


def pooled_tests(headlines: pd.DataFrame) -> list[PooledTest]:
    """Return each generator's headline test over all organs, then over each organ that can be tested.

    Parameters
    ----------
    headlines
        The analysis' table of that name.
    """
    rows = [row for row in headlines.to_dict("records") if row["generator"] != POOLED]
    rows.sort(key=lambda row: (natural(row["generator"]), row["organ"] != POOLED, row["organ"]))
    tests: list[PooledTest] = []
    for _generator, group in groupby(rows, key=lambda row: str(row["generator"])):
        whole, *organs = (_pooled_test(row) for row in group)
        tests += organs if len(organs) == 1 else [whole, *(test for test in organs if not test.reason)]
    return tests


def _pooled_test(row: dict[Hashable, Any]) -> PooledTest:
    test = PooledTest(row["generator"], row["organ"], int(row["n_readers"]))
    if row["finding"] == NOT_ESTIMABLE:
        return replace(test, reason=row["reason"])
    return replace(
        test,
        percent=f"{percent(row['estimate'])} %",
        interval=f"{percent(row['ci_low'])}–{percent(row['ci_high'])}",
        against_chance=f"{FINDINGS[row['finding']]} ({_p_values(row)})",
        equivalence=_equivalence(row),
    )


def _p_values(row: dict[Hashable, Any]) -> str:
    corrected = f"; Holm {p_value(row['p_holm'])}" if row["in_family"] and not math.isnan(row["p_holm"]) else ""
    return p_value(row["p_value"]) + corrected


def _equivalence(row: dict[Hashable, Any]) -> str:
    low, high = (f"{100 * bound:g}" for bound in (CHANCE - row["margin"], CHANCE + row["margin"]))
    return f"{'lies' if row['equivalent'] else 'not shown to lie'} within {low}–{high} % ({p_value(row['p_tost'])})"
