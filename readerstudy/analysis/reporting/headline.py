"""What a study found, one plain sentence for each generator, by rule.

The word "indistinguishable" stands only where `equivalence` allows it, which asks for more than a large p: an
equivalence test passed at the margin fixed beforehand, readers who used both answers, and controls that were found.
"""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from readerstudy.analysis.equivalence import found_by_all, not_equivalent, not_found, rates_of
from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.obuchowski_rockette import CHANCE, Equivalence
from readerstudy.analysis.reporting.numbers import p_value, rounded

HEADLINE = {"endpoint": "balanced_accuracy", "unsure_policy": "middle", "covariance": "unbiased", "organ": POOLED}
BETTER = "Readers told real from synthetic better than chance"
WORSE = "Readers took real for synthetic, and synthetic for real, more often than chance"
NOT_SHOWN = "It was not shown that readers told real from synthetic, which does not show that they could not"


@dataclass(frozen=True)
class Headline:
    """One generator's finding.

    Attributes
    ----------
    sentence
        The finding with its figures, and whether the tumours were shown to be indistinguishable.
    obstacles
        Why they were not, where they were not: a phrase each.
    tone
        `told` (apart, either way), `open` (nothing shown) or `same` (indistinguishable).
    """

    generator: str
    sentence: str
    obstacles: list[str]
    tone: str


def headlines(document: dict[str, Any], table: pd.DataFrame, controls: pd.DataFrame) -> list[Headline]:
    """Return the findings of all generators, by name.

    Parameters
    ----------
    document
        The content of `analysis.json`.
    table, controls
        From `counts` and `positive_controls`.
    """
    rows = [row for row in document["mrmc"] if HEADLINE.items() <= row.items() and row["generator"] != POOLED]
    found = found_by_all(controls)
    return [
        _headline(row, _obstacles(row, table, found=found), alpha=document["alpha"])
        for row in sorted(rows, key=lambda row: str(row["generator"]))
    ]


def _obstacles(row: dict[str, Any], table: pd.DataFrame, *, found: bool | None) -> list[str]:
    outside = [
        phrase for rates in rates_of(table, organ=POOLED, generator=row["generator"]) for phrase in rates.outside()
    ]
    return [*not_equivalent(Equivalence(**row["tost"][0])), *outside, *not_found(found)]


def _headline(row: dict[str, Any], obstacles: list[str], *, alpha: float) -> Headline:
    if row["p_value"] is None:
        return Headline(row["generator"], _not_estimable(row), [], "open")
    finding = _finding(row, alpha=alpha)
    figures = (
        f"balanced accuracy {_two(row['estimate'])}, {100 * (1 - alpha):g} % CI {_two(row['ci_low'])}–"
        f"{_two(row['ci_high'])}, {row['n_readers']} readers, {p_value(row['p_value'])}"
    )
    margin = f"indistinguishable at ±{row['tost'][0]['margin']:.2f}"
    if not obstacles:
        return Headline(row["generator"], f"{finding}: {figures}; {margin}.", [], "same")
    tone = "open" if finding == NOT_SHOWN else "told"
    return Headline(row["generator"], f"{finding}: {figures}; not shown to be {margin}.", obstacles, tone)


def _finding(row: dict[str, Any], *, alpha: float) -> str:
    if row["p_value"] >= alpha:
        return NOT_SHOWN
    return BETTER if row["estimate"] > CHANCE else WORSE


def _not_estimable(row: dict[str, Any]) -> str:
    if row["n_readers"] == 1 and row["estimate"] is not None:
        return (
            f"One reader alone scored a balanced accuracy of {_two(row['estimate'])}, which says nothing about other "
            "readers: a pooled test needs at least two."
        )
    return f"Nothing can be said about all readers together: {row['reason']}"


def _two(value: float) -> str:
    return rounded(value, 2)
