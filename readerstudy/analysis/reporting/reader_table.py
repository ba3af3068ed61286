"""Each reader by themselves, organs together: how well they told, which way they leaned, and what a test says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from readerstudy.analysis.counts import KEYS
from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.reporting.numbers import p_value, percent, rounded
from readerstudy.analysis.reporting.order import natural


@dataclass(frozen=True)
class Value:
    """A figure and its interval, as text."""

    value: str
    interval: str


@dataclass(frozen=True)
class ReaderRow:
    """One reader and generator; None or empty where not estimable, and `reason` says why."""

    reader: str
    generator: str
    balanced_accuracy: Value | None
    youden_j: Value | None
    mcc: str
    d_prime: Value | None
    criterion: Value | None
    bias: str
    chance: str
    verdict: str
    reason: str


@dataclass(frozen=True)
class UnsureRow:
    """How often one reader was unsure, about real and about synthetic cases."""

    reader: str
    generator: str
    rate_real: str
    rate_synthetic: str
    p: str


def reader_rows(tables: Mapping[str, pd.DataFrame], *, margin: float) -> list[ReaderRow]:
    """Return a row per reader and generator, organs together, from the analysis' tables."""
    equivalence = tables["equivalence"]
    found = [
        tables["discrimination"],
        tables["signal_detection"].drop(columns="reason"),
        tables["against_chance"].drop(columns="reason"),
        equivalence.loc[equivalence["margin"] == margin, [*KEYS, "verdict"]],
    ]
    merged = _over_organs(found[0])
    for other in found[1:]:
        merged = merged.merge(other, on=KEYS)
    return [_reader_row(row) for row in _records(merged)]


def unsure_rows(tables: Mapping[str, pd.DataFrame]) -> list[UnsureRow]:
    """Return a row per reader and generator of those who were ever unsure, organs together."""
    counted = tables["counts"][[*KEYS, "n_real", "n_synthetic", "unsure_real", "unsure_synthetic"]]
    rows = _over_organs(tables["unsure_rates"]).merge(counted, on=KEYS)
    return [
        UnsureRow(
            reader=row["reader_id"],
            generator=row["generator"],
            rate_real=_share(row, "real"),
            rate_synthetic=_share(row, "synthetic"),
            p=_or_empty(row["fisher_p"], p_value),
        )
        for row in _records(rows[rows["n_unsure"] > 0])
    ]


def _over_organs(table: pd.DataFrame) -> pd.DataFrame:
    return table[(table["organ"] == POOLED) & (table["generator"] != POOLED)]


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    records = [{str(name): value for name, value in row.items()} for row in rows.to_dict("records")]
    return sorted(records, key=lambda row: (natural(row["reader_id"]), row["generator"]))


def _reader_row(row: dict[str, Any]) -> ReaderRow:
    return ReaderRow(
        reader=row["reader_id"],
        generator=row["generator"],
        balanced_accuracy=_interval(row, "balanced_accuracy", percent),
        youden_j=_interval(row, "youden_j", _two),
        mcc=_or_empty(row["mcc"], _two),
        d_prime=_interval(row, "d_prime", _two),
        criterion=_interval(row, "criterion", _two),
        bias=row["bias"],
        chance="" if pd.isna(row["p_value"]) else f"{p_value(row['p_value'])} ({row['test']})",
        verdict=row["verdict"],
        reason=row["reason"],
    )


def _interval(row: dict[str, Any], name: str, write: Callable[[float], str]) -> Value | None:
    if pd.isna(row[name]):
        return None
    return Value(write(row[name]), f"{write(row[f'{name}_low'])} to {write(row[f'{name}_high'])}")


def _share(row: dict[str, Any], truth: str) -> str:
    total, unsure = int(row[f"n_{truth}"]), int(row[f"unsure_{truth}"])
    return f"{percent(unsure / total)} % ({unsure}/{total})" if total else ""


def _or_empty(value: float, write: Callable[[float], str]) -> str:
    return "" if pd.isna(value) else write(value)


def _two(value: float) -> str:
    return rounded(value, 2).replace("-", "−")
