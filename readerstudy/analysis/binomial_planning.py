"""How many cases one reader needs: exact power of the binomial test against ½ and of its equivalence test.

A reader's right answers of n are binomial. Nothing here is approximated: rejection regions are found over
all counts, and power is added up over them. Power saw-tooths with n, so two sample sizes are given: the first
that reaches a power, and the one from which on every larger n does.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binom, norm

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CHANCE = 0.5
MOST_ANSWERS = 50_000
"""Sample sizes are looked for up to here; no reader reads more."""


@dataclass(frozen=True)
class SampleSizes:
    """Answers that a test needs; None where `MOST_ANSWERS` are not enough.

    Attributes
    ----------
    smallest
        With fewer the test can never pass, whatever the answers.
    first_with_power, always_with_power
        The first n that has the power, and the one from which on every n has it.
    """

    smallest: int | None
    first_with_power: int | None
    always_with_power: int | None


def equivalence_region(n: npt.ArrayLike, *, margin: float, alpha: float) -> tuple[IntArray, IntArray]:
    """Return the least and greatest count of right answers with which equivalence to ½ ± `margin` passes.

    Two one-sided exact tests at `alpha`: k passes where P(X ≥ k | ½ − margin) and P(X ≤ k | ½ + margin) are both
    below `alpha`. The region is symmetric; it is empty where the first exceeds the second.
    """
    trials = np.asarray(n, dtype=np.int64)
    least = np.asarray(binom.isf(alpha, trials, CHANCE - margin), dtype=np.int64) + 1
    least += binom.sf(least - 1, trials, CHANCE - margin) >= alpha
    return least, trials - least


def superiority_region(n: npt.ArrayLike, *, alpha: float) -> tuple[IntArray, IntArray]:
    """Return the counts at or below, and at or above, which the two-sided exact test against ½ rejects."""
    trials = np.asarray(n, dtype=np.int64)
    upper = np.asarray(binom.isf(alpha / 2, trials, CHANCE), dtype=np.int64) + 1
    upper += binom.sf(upper - 1, trials, CHANCE) > alpha / 2
    return trials - upper, upper


def equivalence_power(n: npt.ArrayLike, *, margin: float, accuracy: float = CHANCE, alpha: float = 0.05) -> FloatArray:
    """Return the chance that the exact equivalence test passes, 0 where it never can."""
    trials = np.asarray(n, dtype=np.int64)
    least, greatest = equivalence_region(trials, margin=margin, alpha=alpha)
    power = binom.cdf(greatest, trials, accuracy) - binom.cdf(least - 1, trials, accuracy)
    return np.where(least <= greatest, np.clip(power, 0, 1), 0.0)


def superiority_power(n: npt.ArrayLike, *, accuracy: float, alpha: float = 0.05) -> FloatArray:
    """Return the chance that the two-sided exact test tells an accuracy from ½."""
    trials = np.asarray(n, dtype=np.int64)
    lower, upper = superiority_region(trials, alpha=alpha)
    return np.asarray(binom.cdf(lower, trials, accuracy) + binom.sf(upper - 1, trials, accuracy))


def equivalence_sample_sizes(
    *, margin: float, power: float = 0.8, accuracy: float = CHANCE, alpha: float = 0.05
) -> SampleSizes:
    """Return how many answers of one reader the equivalence test needs, if `accuracy` is the true one."""
    distance = margin - abs(accuracy - CHANCE)
    if distance <= 0:
        return SampleSizes(_first(_sizes(margin, alpha, power), margin=margin, alpha=alpha), None, None)
    n = _sizes(distance, alpha, power)
    enough = equivalence_power(n, margin=margin, accuracy=accuracy, alpha=alpha) >= power
    return SampleSizes(_first(n, margin=margin, alpha=alpha), *_first_and_always(n, enough))


def superiority_sample_sizes(*, accuracy: float, power: float = 0.8, alpha: float = 0.05) -> SampleSizes:
    """Return how many answers of one reader tell `accuracy` from ½."""
    n = _sizes(abs(accuracy - CHANCE), alpha / 2, power)
    lower, _ = superiority_region(n, alpha=alpha)
    possible = n[lower >= 0]
    enough = superiority_power(n, accuracy=accuracy, alpha=alpha) >= power
    return SampleSizes(int(possible[0]) if possible.size else None, *_first_and_always(n, enough))


def binomial_power_curve(n: npt.ArrayLike, *, margin: float, accuracy: float, alpha: float = 0.05) -> pd.DataFrame:
    """Return, for each number of answers `n`, both tests' power: columns `n`, `superiority`, `equivalence`.

    `superiority` is the chance to tell `accuracy` from ½, `equivalence` the chance to show ½ ± `margin` where
    readers do guess.
    """
    return pd.DataFrame(
        {
            "n": np.asarray(n, dtype=np.int64),
            "superiority": superiority_power(n, accuracy=accuracy, alpha=alpha),
            "equivalence": equivalence_power(n, margin=margin, alpha=alpha),
        }
    )


def what_a_margin_needs(margin: float, *, power: float = 0.8, alpha: float = 0.05) -> str:
    """Return one sentence: the answers of one reader that equivalence at ½ ± `margin` needs."""
    sizes = equivalence_sample_sizes(margin=margin, power=power, alpha=alpha)
    if sizes.smallest is None or sizes.always_with_power is None:
        return f"At ±{margin:g} one reader needs more than {MOST_ANSWERS:,} answers."
    return (
        f"At ±{margin:g} one reader's equivalence test cannot pass with fewer than {sizes.smallest} answers, and needs "
        f"{sizes.always_with_power} to pass with {100 * power:.0f} % where the reader guesses."
    )


def _sizes(distance: float, alpha: float, power: float) -> IntArray:
    """Return every n up to three times what the normal approximation asks for: beyond, the saw-tooth is over."""
    normal = ((norm.isf(alpha) + norm.ppf((1 + power) / 2)) / (2 * distance)) ** 2 if distance > 0 else 0.0
    return np.arange(1, min(3 * normal + 200, MOST_ANSWERS) + 1, dtype=np.int64)


def _first(n: IntArray, *, margin: float, alpha: float) -> int | None:
    least, greatest = equivalence_region(n, margin=margin, alpha=alpha)
    possible = n[least <= greatest]
    return int(possible[0]) if possible.size else None


def _first_and_always(n: IntArray, enough: npt.NDArray[np.bool_]) -> tuple[int | None, int | None]:
    if not enough[-1]:
        return None, None
    last_failure = np.flatnonzero(~enough)
    return int(n[enough][0]), int(n[last_failure[-1] + 1]) if last_failure.size else int(n[0])
