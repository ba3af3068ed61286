"""The Obuchowski-Rockette test: readers and cases both random.

Notation: r readers; MS = mean square of the readers' values (or of their interaction with the
generator); Cov2 = mean covariance of two readers under one generator, Cov3 = of two readers under two
generators; e = the error term; df after Hillis.

Sources: N. A. Obuchowski and H. E. Rockette, Commun. Stat. Simul. Comput. 24 (1995) 285; S. L. Hillis,
Stat. Med. 26 (2007) 596 (degrees of freedom); Hillis, Stat. Med. 33 (2014) 330 (marginal means).
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

FloatArray = npt.NDArray[np.float64]

CHANCE = 0.5
NO_VARIANCE = 1e-14
"""An error term below this is rounding error: one pair in a million moves it by more."""


@dataclass(frozen=True)
class RandomReaderTest:
    """A pooled estimate and its t test; None where not estimable, and `reason` says why.

    `df` is infinite where the readers' values do not differ at all (MS = 0): the test is then normal.
    """

    estimate: float | None = None
    se: float | None = None
    df: float | None = None
    t: float | None = None
    p_value: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided tests that a pooled area lies within chance ± margin; None where not estimable.

    `equivalent` alone is no proof that readers cannot tell: one who calls everything real passes too.
    """

    margin: float
    p_lower: float | None = None
    p_upper: float | None = None
    p_tost: float | None = None
    equivalent: bool | None = None


def area_test(areas: FloatArray, covariance: FloatArray, *, alpha: float) -> RandomReaderTest:
    """Test the mean area of r readers against chance (.5), two-sided.

    e = MS(R) + r·max(Cov2, 0); SE = sqrt(e/r); df = e²/(MS(R)²/(r − 1)).

    Parameters
    ----------
    areas : (r,)
        Each reader's area; readers are averaged equally, however many cases they read.
    covariance : (r, r)
        Covariance of the areas due to the cases, from `auc`.
    alpha : float
        The interval covers 1 − `alpha` and is cut at 0 and 1.
    """
    r = areas.size
    if r < 2:
        return _too_few(areas, "readers with both classes")
    mean_square = float(areas.var(ddof=1))
    error = mean_square + r * max(_mean_off_diagonal(covariance), 0.0)
    return _t_test(float(areas.mean()), CHANCE, (0.0, 1.0), mean_square, error, r, se_squared=error / r, alpha=alpha)


def difference_test(
    areas_a: FloatArray, areas_b: FloatArray, covariance: FloatArray, *, alpha: float
) -> RandomReaderTest:
    """Test the mean difference a − b of the same r readers' areas under two generators, two-sided.

    e = MS(T:R) + r·max(Cov2 − Cov3, 0); SE = sqrt(2e/r); df = e²/(MS(T:R)²/(r − 1)).

    Parameters
    ----------
    areas_a, areas_b : (r,)
        Areas under the two generators, readers in the same order.
    covariance : (2r, 2r)
        Covariance of the areas due to the cases: first the r readers under a, then under b.
    alpha : float
        The interval covers 1 − `alpha` and is cut at −1 and 1.
    """
    r = areas_a.size
    difference = areas_a - areas_b
    if r < 2:
        return _too_few(difference, "readers with both classes under both generators")
    mean_square = float(difference.var(ddof=1)) / 2
    within_a, within_b, between = covariance[:r, :r], covariance[r:, r:], covariance[:r, r:]
    cov2 = (_mean_off_diagonal(within_a) + _mean_off_diagonal(within_b)) / 2
    error = mean_square + r * max(cov2 - _mean_off_diagonal(between), 0.0)
    return _t_test(
        float(difference.mean()),
        0.0,
        (-1.0, 1.0),
        mean_square,
        error,
        r,
        se_squared=2 * error / r,
        alpha=alpha,
    )


def equivalence(test: RandomReaderTest, *, margin: float, alpha: float) -> Equivalence:
    """Test that a mean area lies within .5 ± `margin`: two one-sided t tests at level `alpha`.

    The same as: the 1 − 2·`alpha` interval lies inside. `p_lower` is of "at or below .5 − margin",
    `p_upper` of "at or above .5 + margin".
    """
    if test.estimate is None or test.se is None or test.df is None or test.p_value is None:
        return Equivalence(margin)
    reference = stats.t(test.df)
    p_lower = float(reference.sf((test.estimate - (CHANCE - margin)) / test.se))
    p_upper = float(reference.cdf((test.estimate - (CHANCE + margin)) / test.se))
    p_tost = max(p_lower, p_upper)
    return Equivalence(margin, p_lower, p_upper, p_tost, p_tost < alpha)


def _too_few(values: FloatArray, who: str) -> RandomReaderTest:
    reason = f"A test over random readers needs at least two {who}; found {values.size}."
    return RandomReaderTest(estimate=float(values[0]) if values.size else None, reason=reason)


def _t_test(
    estimate: float,
    null: float,
    bounds: tuple[float, float],
    mean_square: float,
    error: float,
    r: int,
    *,
    se_squared: float,
    alpha: float,
) -> RandomReaderTest:
    if math.isnan(error):
        return RandomReaderTest(
            estimate, reason="Too few cases of one class to estimate how the readers' values covary."
        )
    if error < NO_VARIANCE:
        return RandomReaderTest(estimate, reason="The values do not vary at all, over readers or cases.")
    df = (r - 1) * (error / mean_square) ** 2 if mean_square > NO_VARIANCE else math.inf
    se = math.sqrt(se_squared)
    t = (estimate - null) / se
    half_width = float(stats.t.ppf(1 - alpha / 2, df)) * se
    return RandomReaderTest(
        estimate=estimate,
        se=se,
        df=df,
        t=t,
        p_value=float(2 * stats.t.sf(abs(t), df)),
        ci_low=max(estimate - half_width, bounds[0]),
        ci_high=min(estimate + half_width, bounds[1]),
    )


def _mean_off_diagonal(matrix: FloatArray) -> float:
    return float(matrix[~np.eye(len(matrix), dtype=bool)].mean())
