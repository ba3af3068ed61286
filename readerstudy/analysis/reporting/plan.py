"""How many readers and cases a study needs, in words and as a table; the mathematics is `mrmc_planning`'s."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from readerstudy.analysis.binomial_planning import (
    equivalence_sample_sizes,
    superiority_sample_sizes,
    what_a_margin_needs,
)
from readerstudy.analysis.caveats import FEW_READERS
from readerstudy.analysis.mrmc_planning import (
    AreaComponents,
    assumed_components,
    cases_for_equivalence,
    cases_for_power,
    chance_power,
    pooled_equivalence_power,
    pooled_power_curve,
)
from readerstudy.analysis.obuchowski_rockette import CHANCE
from readerstudy.analysis.reporting.numbers import percent, rounded

READERS = (2, 3, 4, 5, 6, 8, 10, 13, 16, 20)
DRAWN_READERS = (3, 5, 10)
POINTS = 40
MOST_CASES_DRAWN = 600
LEAST_DIFFERENCE = 0.01
LIMITS = {
    "accuracy": (0.01, 0.99),
    "margin": (0.01, 0.49),
    "power": (0.05, 0.999),
    "alpha": (0.0001, 0.49),
    "n_readers": (1, 200),
    "n_real": (2, 10_000),
    "n_synthetic": (2, 10_000),
    "reader_sd": (0, 0.3),
    "correlation": (0, 0.95),
}


@dataclass(frozen=True)
class Wish:
    """What a study shall be able to show, and what is assumed.

    Attributes
    ----------
    accuracy
        Balanced accuracy that readers are expected to reach, as a fraction, not .5.
    margin, power, alpha
        Of the equivalence test around .5, wanted of either test, and level of either test.
    n_readers, n_real, n_synthetic
        The study as it is thought of.
    reader_sd, correlation
        SD of the readers' true balanced accuracies; correlation of two readers' values due to common cases.
    """

    accuracy: float = 0.65
    margin: float = 0.10
    power: float = 0.80
    alpha: float = 0.05
    n_readers: int = 5
    n_real: int = 50
    n_synthetic: int = 50
    reader_sd: float = 0.05
    correlation: float = 0.3

    def __post_init__(self) -> None:
        """Refuse what cannot be planned.

        Raises
        ------
        ValueError
            With what is wrong, and what to give.
        """
        for name, (least, most) in LIMITS.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise ValueError(f"{name}: give {least:g} to {most:g}, not {value:g}.")
        if abs(self.difference) < LEAST_DIFFERENCE:
            raise ValueError(f"accuracy: give one that differs from .5 by at least {LEAST_DIFFERENCE:g}.")

    @property
    def n_cases(self) -> int:
        return self.n_real + self.n_synthetic

    @property
    def difference(self) -> float:
        return self.accuracy - CHANCE

    def components(self, accuracy: float) -> AreaComponents:
        return assumed_components(
            n_real=self.n_real,
            n_synthetic=self.n_synthetic,
            accuracy=accuracy,
            reader_sd=self.reader_sd,
            correlation=self.correlation,
        )


@dataclass(frozen=True)
class Needed:
    """Cases, real and synthetic together, that so many readers need; None where no number does."""

    n_readers: int
    to_tell: int | None
    to_show_equivalence: int | None


@dataclass(frozen=True)
class Plan:
    """`sentences`: what the study as thought of can show; `warnings`: what it cannot, or only just."""

    wish: Wish
    sentences: list[str]
    warnings: list[str]
    needed: list[Needed]
    curve: pd.DataFrame


@lru_cache(maxsize=64)
def plan(wish: Wish) -> Plan:
    """Return what the wished-for study can show, and what would do; of the last ones without working it out again."""
    if wish.n_readers < 2:
        tell = equal = None
    else:
        readers, cases, alpha = wish.n_readers, wish.n_cases, wish.alpha
        told, guessed = wish.components(wish.accuracy), wish.components(CHANCE)
        tell = chance_power(told, n_readers=readers, n_cases=cases, difference=wish.difference, alpha=alpha).power
        equal = pooled_equivalence_power(
            guessed, n_readers=readers, n_cases=cases, margin=wish.margin, alpha=alpha
        ).power
    return Plan(
        wish=wish,
        sentences=[*_pooled_sentences(wish, tell, equal), *_single_sentences(wish)],
        warnings=_warnings(wish, tell, equal),
        needed=[_needed(wish, n_readers) for n_readers in sorted({*READERS, max(wish.n_readers, 2)})],
        curve=_curve(wish),
    )


def _pooled_sentences(wish: Wish, tell: float | None, equal: float | None) -> list[str]:
    if tell is None or equal is None:
        return ["One reader cannot be pooled: a test that speaks of other readers needs at least two."]
    study = f"{wish.n_readers} readers and {wish.n_cases} cases ({wish.n_real} real, {wish.n_synthetic} synthetic)"
    return [
        f"{study} tell a balanced accuracy of {rounded(wish.accuracy, 2)} from chance with a power of "
        f"{percent(tell)} %.",
        f"Where readers can only guess, they show that with a power of {percent(equal)} %: equivalence at "
        f"±{rounded(wish.margin, 2)}.",
    ]


def _single_sentences(wish: Wish) -> list[str]:
    sizes = superiority_sample_sizes(accuracy=wish.accuracy, power=wish.power, alpha=wish.alpha)
    needed = sizes.always_with_power or "more than any reader can give"
    return [
        f"A single reader's accuracy of {rounded(wish.accuracy, 2)} is told from .5 with {needed} answers (power "
        f"{percent(wish.power)} %, exact binomial test).",
        what_a_margin_needs(wish.margin, power=wish.power, alpha=wish.alpha),
    ]


def _warnings(wish: Wish, tell: float | None, equal: float | None) -> list[str]:
    sizes = equivalence_sample_sizes(margin=wish.margin, power=wish.power, alpha=wish.alpha)
    found = [
        (
            1 < wish.n_readers < FEW_READERS,
            f"Below {FEW_READERS} readers the pooled test finds differences that are not there too often.",
        ),
        (
            sizes.smallest is not None and wish.n_cases < sizes.smallest,
            f"No single reader can be shown to be unable to tell at ±{rounded(wish.margin, 2)} with {wish.n_cases} "
            f"answers: {sizes.smallest} make it possible, {sizes.always_with_power} give {percent(wish.power)} % "
            "power.",
        ),
        (
            tell is not None and tell < wish.power,
            "The study is too small to tell the expected accuracy from chance with the wanted power.",
        ),
        (
            equal is not None and equal < wish.power,
            "The study is too small to show equivalence with the wanted power: a p above .05 will then show nothing.",
        ),
        (
            min(wish.n_real, wish.n_synthetic) < 0.4 * wish.n_cases,
            "With unequal arms a reader who senses the mix may answer by it, and accuracy loses its chance value .5.",
        ),
    ]
    return [sentence for holds, sentence in found if holds]


def _needed(wish: Wish, n_readers: int) -> Needed:
    return Needed(
        n_readers,
        cases_for_power(
            wish.components(wish.accuracy),
            n_readers=n_readers,
            difference=wish.difference,
            power=wish.power,
            alpha=wish.alpha,
        ),
        cases_for_equivalence(
            wish.components(CHANCE), n_readers=n_readers, margin=wish.margin, power=wish.power, alpha=wish.alpha
        ),
    )


def _curve(wish: Wish) -> pd.DataFrame:
    """Return power over cases: to tell with the variance of the expected accuracy, equivalence with that of chance."""
    cases = np.unique(np.linspace(10, max(MOST_CASES_DRAWN, 2 * wish.n_cases), POINTS).astype(int)).tolist()
    readers = sorted({*DRAWN_READERS, max(wish.n_readers, 2)})
    shape = {"n_readers": readers, "n_cases": cases, "difference": wish.difference, "margin": wish.margin}
    told = pooled_power_curve(wish.components(wish.accuracy), alpha=wish.alpha, **shape)
    guessed = pooled_power_curve(wish.components(CHANCE), alpha=wish.alpha, **shape)
    return told.assign(equivalence=guessed["equivalence"])
