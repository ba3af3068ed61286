"""The comparison of the arms' realism as rows of a table, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from readerstudy.analysis.realism import LEVELS


@dataclass(frozen=True)
class RealismRow:
    attribute: str
    generator: str
    real: str
    synthetic: str
    difference: str


def realism_rows(summary: pd.DataFrame) -> list[RealismRow]:
    return [
        RealismRow(
            attribute=str(row["attribute"]).capitalize(),
            generator=str(row["generator"]),
            real=_levels(row, "real"),
            synthetic=_levels(row, "synthetic"),
            difference=_difference(row),
        )
        for row in summary.to_dict("records")
    ]


def _levels(row: Mapping[Any, Any], truth: str) -> str:
    counts = [int(row[f"{truth}_{level}"]) for level in LEVELS]
    if not sum(counts):
        return "none rated"
    return f"{row[f'median_{truth}']:g} ({' · '.join(map(str, counts))})"


def _difference(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["superiority"]):
        return "not estimable"
    interval = "" if pd.isna(row["low"]) else f" ({100 * row['low']:.0f}–{100 * row['high']:.0f})"
    return f"{100 * row['superiority']:.0f} %{interval}"
