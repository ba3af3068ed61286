"""How many readers and cases the pooled tests need: power of the Obuchowski-Rockette tests.

Notation: J readers, K cases (real and synthetic together, in the pilot's mix); var_reader = variance of true areas
between readers; var_error, cov1, cov2, cov3 = variance and covariances of areas due to cases, as found with the
pilot's K* cases: cov1 of one reader under two generators, cov2 of two readers under one, cov3 of two readers
under two. They shrink as K*/K.

Sources: S. L. Hillis, N. A. Obuchowski, K. S. Berbaum, Acad. Radiol. 18 (2011) 129; S. L. Hillis, Stat. Med. 26
(2007) 596.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

FloatArray = npt.NDArray[np.float64]

LEAST_CASES, MOST_CASES = 4, 20_000
CASES_TRIED = np.unique(np.geomspace(LEAST_CASES, MOST_CASES, 180).astype(int)).tolist()


@dataclass(frozen=True)
class AreaComponents:
    """How areas vary, for one generator against chance; areas are of 0..1, variances their squares.

    Attributes
    ----------
    var_reader, var_error, cov2
        See the module.
    n_cases
        K*, the cases of the pilot that gave `var_error` and `cov2`.
    """

    var_reader: float
    var_error: float
    cov2: float
    n_cases: int


@dataclass(frozen=True)
class DifferenceComponents:
    """How areas vary, for one generator against another; `var_interaction` is of readers x generators."""

    var_interaction: float
    var_error: float
    cov1: float
    cov2: float
    cov3: float
    n_cases: int


@dataclass(frozen=True)
class Power:
    """The chance that a test passes, with the SE of the pooled value and the df it rests on."""

    power: float
    se: float
    df: float
    noncentrality: float


def assumed_components(
    *, n_real: int, n_synthetic: int, accuracy: float, reader_sd: float, correlation: float
) -> AreaComponents:
    """Return components without a pilot, for balanced accuracy.

    One reader's variance due to cases is that of two binomial shares, A(1 − A)(1/n₁ + 1/n₀)/4 with A the accuracy.

    Parameters
    ----------
    n_real, n_synthetic : int
        Cases that the variance is worked out for; power scales it to others of the same mix.
    accuracy : float
        Expected balanced accuracy.
    reader_sd : float
        SD of true balanced accuracy between readers; .05 where nothing is known.
    correlation : float
        Of two readers' values due to their common cases, cov2/var_error; .3 where nothing is known.
    """
    var_error = accuracy * (1 - accuracy) * (1 / n_real + 1 / n_synthetic) / 4
    return AreaComponents(reader_sd**2, var_error, correlation * var_error, n_real + n_synthetic)


def pilot_components(areas: FloatArray, covariance: FloatArray, *, n_cases: int) -> AreaComponents:
    """Return the components that a study found: E[MS(R)] = var_reader + var_error − cov2, negative ones as 0.

    Parameters
    ----------
    areas : (r,)
        The readers' areas, r ≥ 2.
    covariance : (r, r)
        From `auc`.
    n_cases : int
        Cases read.
    """
    var_error, cov2 = float(np.diag(covariance).mean()), _mean_off_diagonal(covariance)
    var_reader = max(float(areas.var(ddof=1)) - var_error + cov2, 0.0)
    return AreaComponents(var_reader, var_error, cov2, n_cases)


def pilot_difference_components(
    areas_a: FloatArray, areas_b: FloatArray, covariance: FloatArray, *, n_cases: int
) -> DifferenceComponents:
    """Return the components of a − b that a study found: E[MS(T:R)] = var_interaction + var_error − cov1 − cov2 + cov3.

    Parameters
    ----------
    areas_a, areas_b : (r,)
        The same readers' areas under both generators.
    covariance : (2r, 2r)
        First the readers under a, then under b.
    n_cases : int
        Cases read.
    """
    r = areas_a.size
    within = (_mean_off_diagonal(covariance[:r, :r]) + _mean_off_diagonal(covariance[r:, r:])) / 2
    between = covariance[:r, r:]
    cov1, cov3 = float(np.diag(between).mean()), _mean_off_diagonal(between)
    var_error = float(np.diag(covariance).mean())
    mean_square = float((areas_a - areas_b).var(ddof=1)) / 2
    return DifferenceComponents(
        max(mean_square - var_error + cov1 + within - cov3, 0.0), var_error, cov1, within, cov3, n_cases
    )


def chance_power(
    components: AreaComponents, *, n_readers: int, n_cases: int, difference: float, alpha: float = 0.05
) -> Power:
    """Return the power of the two-sided pooled test against ½ where the true mean area is ½ + `difference`.

    MS = var_reader + (var_error − cov2)·K*/K, e = MS + J·max(cov2·K*/K, 0), SE = √(e/J), df = e²/(MS²/(J − 1)); power
    from the noncentral t with noncentrality difference/SE (its square is the noncentral F).

    Parameters
    ----------
    n_readers, n_cases : int
        J ≥ 2 and K.
    """
    se, df = _area_error(components, n_readers, n_cases)
    noncentrality = difference / se
    power = stats.ncf.sf(stats.f.isf(alpha, 1, df), 1, df, noncentrality**2)
    return Power(float(power), se, df, noncentrality)


def pooled_equivalence_power(
    components: AreaComponents,
    *,
    n_readers: int,
    n_cases: int,
    margin: float,
    difference: float = 0.0,
    alpha: float = 0.05,
) -> Power:
    """Return about the power of the pooled equivalence test at ½ ± `margin`, 0 where it can hardly pass.

    P(T < (margin − difference)/SE − t) − P(T < t − (margin + difference)/SE), with T central t of df degrees of
    freedom, t its 1 − `alpha` quantile: the SE is taken as known, so near 0 this is rough.
    """
    se, df = _area_error(components, n_readers, n_cases)
    critical = stats.t.isf(alpha, df)
    upper, lower = (margin - difference) / se - critical, critical - (margin + difference) / se
    power = max(float(stats.t.cdf(upper, df) - stats.t.cdf(lower, df)), 0.0)
    return Power(power, se, df, difference / se)


def difference_power(
    components: DifferenceComponents, *, n_readers: int, n_cases: int, difference: float, alpha: float = 0.05
) -> Power:
    """Return the power of the test of one generator against another, readers and cases random.

    e = var_interaction + K*/K·(var_error − cov1 + (J − 1)·max(cov2 − cov3, 0)); noncentrality (of F) =
    J·difference²/(2e); df = e²/((var_interaction + K*/K·(var_error − cov1 − max(cov2 − cov3, 0)))²/(J − 1)).
    """
    scale = components.n_cases / n_cases
    shared = max(components.cov2 - components.cov3, 0.0)
    own = components.var_error - components.cov1
    error = components.var_interaction + scale * (own + (n_readers - 1) * shared)
    mean_square = components.var_interaction + scale * (own - shared)
    df = (n_readers - 1) * (error / mean_square) ** 2
    noncentrality = n_readers * difference**2 / (2 * error)
    power = stats.ncf.sf(stats.f.isf(alpha, 1, df), 1, df, noncentrality)
    return Power(float(power), math.sqrt(2 * error / n_readers), df, noncentrality)


def fewest_cases(power_of: Callable[[int], float], *, wanted: float) -> int | None:
    """Return the smallest number of cases with `power_of(cases)` ≥ `wanted`, None where there is none.

    Looked for on a grid of 5 % steps, then within its step. Power need not grow for ever: with few readers the
    degrees of freedom fall towards J − 1 as cases are added, and past some number power falls with them.

    Examples
    --------
    >>> fewest_cases(lambda cases: cases / 1000, wanted=0.75)
    750
    """
    least = LEAST_CASES
    for most in CASES_TRIED:
        if power_of(most) >= wanted:
            while least < most:
                middle = (least + most) // 2
                least, most = (least, middle) if power_of(middle) >= wanted else (middle + 1, most)
            return least
        least = most + 1
    return None


def cases_for_power(
    components: AreaComponents, *, n_readers: int, difference: float, power: float = 0.8, alpha: float = 0.05
) -> int | None:
    """Return the cases that tell ½ + `difference` from ½; None where no number does, readers being too few."""

    def power_of(n_cases: int) -> float:
        return chance_power(components, n_readers=n_readers, n_cases=n_cases, difference=difference, alpha=alpha).power

    return fewest_cases(power_of, wanted=power)


def cases_for_equivalence(
    components: AreaComponents, *, n_readers: int, margin: float, power: float = 0.8, alpha: float = 0.05
) -> int | None:
    """Return the cases that show ½ ± `margin` where readers do guess; None where no number does."""

    def power_of(n_cases: int) -> float:
        return pooled_equivalence_power(
            components, n_readers=n_readers, n_cases=n_cases, margin=margin, alpha=alpha
        ).power

    return fewest_cases(power_of, wanted=power)


def pooled_power_curve(
    components: AreaComponents,
    *,
    n_readers: Iterable[int],
    n_cases: Iterable[int],
    difference: float,
    margin: float,
    alpha: float = 0.05,
) -> pd.DataFrame:
    """Return both pooled tests' power over readers and cases: `n_readers`, `n_cases`, `superiority`, `equivalence`."""
    cases = list(n_cases)
    rows = [
        {
            "n_readers": readers,
            "n_cases": k,
            "superiority": chance_power(
                components, n_readers=readers, n_cases=k, difference=difference, alpha=alpha
            ).power,
            "equivalence": pooled_equivalence_power(
                components, n_readers=readers, n_cases=k, margin=margin, alpha=alpha
            ).power,
        }
        for readers in n_readers
        for k in cases
    ]
    return pd.DataFrame(rows, columns=["n_readers", "n_cases", "superiority", "equivalence"])


def _area_error(components: AreaComponents, n_readers: int, n_cases: int) -> tuple[float, float]:
    """Return SE and df of the mean area."""
    if n_readers < 2:
        raise ValueError("A pooled test needs at least two readers.")
    scale = components.n_cases / n_cases
    mean_square = components.var_reader + (components.var_error - components.cov2) * scale
    error = mean_square + n_readers * max(components.cov2 * scale, 0.0)
    return math.sqrt(error / n_readers), (n_readers - 1) * (error / mean_square) ** 2


def _mean_off_diagonal(matrix: FloatArray) -> float:
    return float(matrix[~np.eye(len(matrix), dtype=bool)].mean())
