"""Time, drift and areas under ROC curves, as tables show them."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.reporting.numbers import p_value, rounded
from readerstudy.analysis.reporting.order import natural

DRIFT = {
    "right": "Odds of a right answer, ten cases further on",
    "log_time": "Time a case, ten cases further on",
}


@dataclass(frozen=True)
class EffectRow:
    """A ratio over readers; empty texts where not estimable, and `reason` says why."""

    question: str
    n_readers: int
    value: str
    interval: str
    p: str
    reason: str


@dataclass(frozen=True)
class AreaRow:
    """One reader's area under the ROC curve of the ratings."""

    reader: str
    generator: str
    value: str
    interval: str
    p: str
    reason: str


@dataclass(frozen=True)
class ExperienceRow:
    """Readers of more or fewer years, or the difference of the two, in percent or percentage points."""

    generator: str
    group: str
    n_readers: int
    value: str
    interval: str
    p: str
    reason: str


def experience_rows(tables: Mapping[str, pd.DataFrame]) -> list[ExperienceRow]:
    """Return the groups of readers by years of experience; empty where nobody's years are known."""
    table = tables["experience"]
    rows = table[(table["generator"] != POOLED) & table["balanced_accuracy"].notna()].to_dict("records")
    return [
        ExperienceRow(row["generator"], _group(row), int(row["n_readers"]), *_texts(row, row["balanced_accuracy"]))
        for row in sorted(rows, key=lambda row: natural(str(row["generator"])))
    ]


def _group(row: Mapping[Hashable, Any]) -> str:
    if pd.isna(row["years_from"]):
        return str(row["group"])
    low, high = int(row["years_from"]), int(row["years_to"])
    return f"{row['group']}: {low if low == high else f'{low}–{high}'}"


def effect_rows(tables: Mapping[str, pd.DataFrame]) -> list[EffectRow]:
    """Return the drift over the order and the ratios of times, from the analysis' tables."""
    drift = [_effect(DRIFT[row["measure"]], row, row["effect"]) for row in tables["drift"].to_dict("records")]
    ratios = [
        _effect(f"Time a case, {row['contrast'].replace(' / ', ' against ')}", row, row["ratio"])
        for row in tables["time_ratios"].to_dict("records")
    ]
    return [row for row in (*drift, *ratios) if row.n_readers]


def area_rows(tables: Mapping[str, pd.DataFrame]) -> list[AreaRow]:
    """Return a row per reader and generator, organs together; empty without ratings."""
    areas = tables["rating_areas"]
    rows = areas[(areas["organ"] == POOLED) & (areas["generator"] != POOLED)].to_dict("records")
    return [
        AreaRow(row["reader_id"], row["generator"], *_texts(row, row["auc"]))
        for row in sorted(rows, key=lambda row: (natural(str(row["reader_id"])), str(row["generator"])))
    ]


def _effect(question: str, row: Mapping[Hashable, Any], value: float) -> EffectRow:
    return EffectRow(question, int(row["n_readers"]), *_texts(row, value))


def _texts(row: Mapping[Hashable, Any], value: float) -> tuple[str, str, str, str]:
    """Return value, interval, p and reason."""
    shown = "" if pd.isna(value) else _two(value)
    interval = "" if pd.isna(row["ci_low"]) else f"{_two(row['ci_low'])} to {_two(row['ci_high'])}"
    p = "" if pd.isna(row["p_value"]) else p_value(row["p_value"])
    return shown, interval, p, row["reason"] or ""


def _two(value: float) -> str:
    return rounded(value, 2).replace("-", "−")
