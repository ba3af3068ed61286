"""Agreement between readers, and of readers with themselves, as tables show it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.reporting.numbers import p_value, percent, rounded
from readerstudy.analysis.reporting.order import natural

MEASURES = {
    "fleiss": "Fleiss’ kappa",
    "krippendorff": "Krippendorff’s alpha, nominal",
    "krippendorff-ordinal": "Krippendorff’s alpha, ordinal",
    "gwet-ac1": "Gwet’s AC1",
}


@dataclass(frozen=True)
class AgreementRow:
    """One measure over all readers, organs and generators; empty texts where not estimable, and `reason` says why."""

    measure: str
    value: str
    interval: str
    observed: str
    n_cases: int
    reason: str


@dataclass(frozen=True)
class RepeatRow:
    """One reader's first answers against those of the hidden repeats."""

    reader: str
    value: str
    interval: str
    observed: str
    n_cases: int
    n_changed: int
    bowker: str
    reason: str


def agreement_rows(tables: Mapping[str, pd.DataFrame]) -> list[AgreementRow]:
    """Return the chance-corrected measures, each with percent agreement; empty for a single reader."""
    summary = tables["agreement"]
    rows = summary[(summary["organ"] == POOLED) & (summary["generator"] == POOLED) & (summary["n_readers"] > 1)]
    by_measure = {str(row["measure"]): row for row in rows.to_dict("records")}
    return [
        AgreementRow(words, *_coefficient(by_measure[measure]))
        for measure, words in MEASURES.items()
        if measure in by_measure
    ]


def repeat_rows(tables: Mapping[str, pd.DataFrame]) -> list[RepeatRow]:
    """Return a row per reader and hidden repeat."""
    rows = sorted(tables["agreement_repeats"].to_dict("records"), key=lambda row: natural(str(row["reader_id"])))
    made = []
    for row in rows:
        value, interval, observed, n_cases, reason = _coefficient(row)
        bowker = "" if pd.isna(row["bowker_p"]) else p_value(row["bowker_p"])
        made.append(
            RepeatRow(row["reader_id"], value, interval, observed, n_cases, int(row["n_changed"]), bowker, reason)
        )
    return made


def _coefficient(row: Mapping[Any, Any]) -> tuple[str, str, str, int, str]:
    """Return value, interval, percent agreement, cases and reason."""
    value = "" if pd.isna(row["value"]) else _two(row["value"])
    interval = "" if pd.isna(row["ci_low"]) else f"{_two(row['ci_low'])} to {_two(row['ci_high'])}"
    observed = "" if pd.isna(row["observed"]) else f"{percent(row['observed'])} %"
    return value, interval, observed, int(row["n_cases"]), row["reason"] or ""


def _two(value: float) -> str:
    return rounded(value, 2).replace("-", "−")
