"""Which cases are compared with which, and how their labels may be exchanged if nothing tells the arms apart."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from readerstudy.analysis.frame import POOLED

BoolArray = npt.NDArray[np.bool_]

MIN_PATIENTS = 8
"""Per arm; with fewer, even a perfect feature among thirty is what chance would give."""


OTHERS = "other"
"""The cases of all organs but one."""


class TooFewCases(ValueError):  # noqa: N818 - named for what it says
    """No comparison has enough patients in both arms."""


@dataclass(frozen=True)
class Comparison:
    """The real cases of one organ, or of all, against the synthetic ones of one generator, or of all.

    Or, in organ recognition, the cases of one organ against those of another, or of all others; then `truth` of the
    cases is `positive` or `negative`, and `organ` whether their tumours are real or synthetic.

    Attributes
    ----------
    organ, generator : str
        `all` where they are pooled.
    positive, negative : str
        The two classes. What is called real below is `positive`.
    cases : DataFrame
        A patient, or host, stands in it once in each arm at most: cases of one person are no independent
        evidence, and the first by its code stands for the others.
    """

    organ: str
    generator: str
    cases: pd.DataFrame
    positive: str = "real"
    negative: str = "synthetic"

    @property
    def is_real(self) -> BoolArray:
        return np.asarray(self.cases["truth"] == self.positive)

    def arrangements(self, count: int, rng: np.random.Generator) -> BoolArray:
        """Return labels (True = real), shape (cases, 1 + `count`): first as they are, then exchanged at random.

        Patients exchange labels within their organ, so that organs keep their balance. One who stands in
        both arms exchanges the two labels with himself alone.
        """
        labels = np.repeat(self.is_real[:, np.newaxis], 1 + count, axis=1)
        in_both = np.asarray(self.cases["patient"].duplicated(keep=False))
        for organ in self.cases["organ"].unique():
            rows = np.flatnonzero((self.cases["organ"] == organ) & ~in_both)
            labels[rows, 1:] = rng.permuted(labels[rows, 1:], axis=0)
        for patient in self.cases.loc[in_both, "patient"].unique():
            rows = np.flatnonzero(self.cases["patient"] == patient)
            labels[np.ix_(rows, np.arange(1, 1 + count))] ^= rng.integers(2, size=count).astype(bool)
        return labels


def comparisons(cases: pd.DataFrame) -> list[Comparison]:
    """Return every comparison that has `MIN_PATIENTS` in both arms, the widest first, none twice.

    Parameters
    ----------
    cases : DataFrame
        One row per case: `case_id`, `patient`, `organ`, `truth` (real or synthetic), `generator` (empty for
        a real case), and a column per feature.

    Raises
    ------
    TooFewCases
        If there is none.
    """
    found: dict[tuple[str, ...], Comparison] = {}
    for comparison in _all_comparisons(cases.sort_values("case_id")):
        if min(comparison.is_real.sum(), (~comparison.is_real).sum()) >= MIN_PATIENTS:
            found.setdefault(tuple(comparison.cases["case_id"]), comparison)
    if not found:
        real = int((cases["truth"] == "real").sum())
        raise TooFewCases(
            f"{real} real and {len(cases) - real} synthetic cases are too few to audit: "
            f"{MIN_PATIENTS} patients of the same organs are needed in each arm."
        )
    return list(found.values())


def organ_comparisons(cases: pd.DataFrame) -> list[Comparison]:
    """Return each organ against the others that has `MIN_PATIENTS` on both sides; of two organs, one against the other.

    Labels are exchanged among real, and among synthetic cases, so that a difference between those tells no organ.

    Parameters
    ----------
    cases : DataFrame
        As `comparisons` takes it.

    Raises
    ------
    TooFewCases
        If there is none.
    """
    organs = sorted(cases["organ"].unique())
    pairs = [(organs[0], organs[1])] if len(organs) == 2 else [(organ, OTHERS) for organ in organs]
    found = [one for pair in pairs if (one := _organ_comparison(cases.sort_values("case_id"), *pair)) is not None]
    if not found:
        *first, last = [f"{n} {organ}" for organ, n in cases.groupby("organ").size().items()]
        counts = f"{', '.join(first)} and {last}" if first else last
        raise TooFewCases(
            f"{counts} cases are too few to audit: {MIN_PATIENTS} patients of an organ and as many of others are "
            "needed."
        )
    return found


def _organ_comparison(cases: pd.DataFrame, positive: str, negative: str) -> Comparison | None:
    side = np.where(cases["organ"] == positive, positive, negative)
    chosen = cases.assign(organ=cases["truth"], truth=side).drop_duplicates(["patient", "truth"])
    both_sides = chosen.groupby("organ")["truth"].transform("nunique") == 2
    compared = Comparison(positive, POOLED, chosen[both_sides], positive, negative)
    if min(compared.is_real.sum(), (~compared.is_real).sum()) < MIN_PATIENTS:
        return None
    return compared


def _all_comparisons(cases: pd.DataFrame) -> Iterator[Comparison]:
    generators = sorted(set(cases["generator"]) - {""})
    for organ in [POOLED, *sorted(cases["organ"].unique())]:
        for generator in [POOLED, *generators]:
            of_organ = (cases["organ"] == organ) | (organ == POOLED)
            of_generator = (cases["generator"] == generator) | (cases["generator"] == "") | (generator == POOLED)
            chosen = cases[of_organ & of_generator].drop_duplicates(["patient", "truth"])
            both_arms = chosen.groupby("organ")["truth"].transform("nunique") == 2
            yield Comparison(organ, generator, chosen[both_arms])
