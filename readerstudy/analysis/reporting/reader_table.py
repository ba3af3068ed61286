"""Each reader by themselves, organs together: how well they told, which way they leaned, and what a test says."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from readerstudy.analysis.chance import against_chance
from readerstudy.analysis.counts import KEYS
from readerstudy.analysis.detection import signal_detection
from readerstudy.analysis.discrimination import discrimination
from readerstudy.analysis.equivalence import reader_equivalence
from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.reporting.numbers import p_value, percent, rounded
from readerstudy.analysis.reporting.order import natural
from readerstudy.analysis.unsure import unsure_rates


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


def reader_rows(table: pd.DataFrame, controls: pd.DataFrame, *, margin: float, alpha: float) -> list[ReaderRow]:
    """Return a row per reader and generator, from `counts` and `positive_controls`."""
    table = _over_organs(table)
    found = [
        discrimination(table, alpha=alpha),
        signal_detection(table, alpha=alpha).drop(columns="reason"),
        against_chance(table).drop(columns="reason"),
        reader_equivalence(table, controls, margin=margin, alpha=alpha)[[*KEYS, "verdict"]],
    ]
    merged = found[0]
    for other in found[1:]:
        merged = merged.merge(other, on=KEYS)
    return [_reader_row(row) for row in _records(merged)]


def unsure_rows(table: pd.DataFrame, *, alpha: float) -> list[UnsureRow]:
    """Return a row per reader and generator of those who were ever unsure, from `counts`."""
    table = _over_organs(table)
    rates = unsure_rates(table, alpha=alpha)
    rows = rates.merge(table[[*KEYS, "n_real", "n_synthetic", "unsure_real", "unsure_synthetic"]], on=KEYS)
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
