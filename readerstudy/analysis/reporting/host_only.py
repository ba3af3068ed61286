"""The host-only control in words, and as rows of a table."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.reporting.numbers import p_value, percent
from readerstudy.analysis.reporting.order import natural


@dataclass(frozen=True)
class HostOnlyRow:
    """`right_real` and `right_synthetic` read `4 of 6`; `p` of single readers is corrected for their number."""

    reader: str
    right_real: str
    right_synthetic: str
    n_unsure: int
    percent: str
    interval: str
    p: str


def host_only_rows(table: pd.DataFrame) -> list[HostOnlyRow]:
    rows = sorted(table.to_dict("records"), key=lambda row: natural(row["reader_id"]))
    return [
        HostOnlyRow(
            reader="All readings" if row["reader_id"] == POOLED else row["reader_id"],
            right_real=f"{row['tp']} of {row['tp'] + row['fn']}",
            right_synthetic=f"{row['tn']} of {row['tn'] + row['fp']}",
            n_unsure=int(row["n_unsure"]),
            percent="" if row["reason"] else f"{percent(row['balanced_accuracy'])} %",
            interval="" if row["reason"] else f"{percent(row['ci_low'])}–{percent(row['ci_high'])}",
            p=row["reason"] or p_value(row["p_value"] if row["reader_id"] == POOLED else row["p_holm"]),
        )
        for row in rows
    ]


def host_only_sentences(table: pd.DataFrame, *, alpha: float) -> list[str]:
    """Say what was found, and what is to be thought of it; nothing where no host-only case was read."""
    if table.empty:
        return []
    pooled = table[table["reader_id"] == POOLED].to_dict("records")[0]
    readers = table[table["reader_id"] != POOLED]
    if pooled["reason"]:
        return [f"The host-only control says nothing: {pooled['reason'][0].lower()}{pooled['reason'][1:]}"]
    level = percent(1 - alpha).removesuffix(".0")
    found = (
        f"Host-only control: with the tumour hidden, balanced accuracy was {percent(pooled['balanced_accuracy'])} % "
        f"({level} % interval {percent(pooled['ci_low'])}–{percent(pooled['ci_high'])}, "
        f"{p_value(pooled['p_value'])} against chance)."
    )
    return [f"{found} {' '.join(_meaning(pooled, readers, alpha))}"]


def tells_without_tumor(table: pd.DataFrame, *, alpha: float) -> bool:
    """Return whether readers, or one of them, told the arms apart without seeing the tumour."""
    pooled = table["reader_id"] == POOLED
    return bool((table.loc[pooled, "p_value"] < alpha).any() or (table.loc[~pooled, "p_holm"] < alpha).any())


def _meaning(pooled: Mapping[Hashable, Any], readers: pd.DataFrame, alpha: float) -> Iterator[str]:
    alone = sorted(readers.loc[readers["p_holm"] < alpha, "reader_id"], key=natural)
    if pooled["p_value"] < alpha:
        did = "told the arms apart" if pooled["balanced_accuracy"] > 0.5 else "took each arm for the other"
        yield f"Readers {did} without seeing the tumour: something other than the tumour tells."
        if alone:
            yield f"Each taken alone, these did: {', '.join(alone)}."
    elif alone:
        yield (
            f"{', '.join(alone)} answered otherwise than by chance without seeing the tumour: something other than the "
            "tumour tells."
        )
    else:
        yield (
            "That readers can tell the arms apart without seeing the tumour is not shown; a balanced accuracy of up "
            f"to {percent(pooled['ci_high'])} % is not excluded."
        )
