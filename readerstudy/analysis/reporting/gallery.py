"""What the gallery's rejections are told as, beside the headline."""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import pandas as pd

from readerstudy.analysis.gallery import reviewed_unequally
from readerstudy.analysis.reporting.numbers import p_value, percent


def gallery_sentences(rates: pd.DataFrame, *, alpha: float = 0.05) -> list[str]:
    """Say what was rejected before opening, and what is to be thought of it."""
    reviewed, cases = int(rates["n_reviewed"].sum()), int(rates["n_cases"].sum())
    if not rates["n_shown"].sum():
        return ["No case was reviewed in the gallery before opening."]
    shown = "; ".join(_arm(row) for row in rates.to_dict("records") if row["n_shown"])
    return [
        f"Before opening, staff blinded to the arms reviewed {reviewed} of {cases} cases. "
        f"Rejected and replaced: {shown}.",
        *_unequal(rates, alpha),
    ]


def _arm(row: Mapping[Hashable, Any]) -> str:
    return f"{row['generator'] or 'real'} {row['n_rejected']} of {row['n_shown']} ({percent(row['share'])} %)"


def _unequal(rates: pd.DataFrame, alpha: float) -> Iterator[str]:
    for row in rates[rates["p_value"] < alpha].to_dict("records"):
        yield (
            f"Cases by {row['generator']} were not rejected as often as real ones (Fisher's exact test, "
            f"{p_value(row['p_value'])}): what readers saw of one arm may be its better part."
        )
    if reviewed_unequally(rates):
        yield "The arms were not reviewed alike: a larger share of one was looked at than of another."
