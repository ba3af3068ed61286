"""Binomial proportions and their intervals, and the interval of a difference of two."""

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def wilson(count: npt.ArrayLike, total: npt.ArrayLike, *, alpha: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return proportions with Wilson's score interval.

    Parameters
    ----------
    count, total : array_like of int, same shape
        Successes and trials.
    alpha : float
        The interval covers 1 − `alpha`.

    Returns
    -------
    proportion, low, high : ndarray of float
        Fractions in 0..1; NaN (not estimable) where `total` is 0.

    Notes
    -----
    E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209; `statsmodels.stats.proportion.proportion_confint`.
    """
    return _interval(count, total, alpha=alpha, method="wilson")


def clopper_pearson(
    count: npt.ArrayLike, total: npt.ArrayLike, *, alpha: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return proportions with the exact interval; parameters and returns as those of `wilson`.

    Notes
    -----
    C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404; `proportion_confint(method="beta")`.
    """
    return _interval(count, total, alpha=alpha, method="beta")


PROPORTION_INTERVALS = {"wilson": wilson, "clopper-pearson": clopper_pearson}


def newcombe_difference(
    count_a: npt.ArrayLike, total_a: npt.ArrayLike, count_b: npt.ArrayLike, total_b: npt.ArrayLike, *, alpha: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the difference a − b of two independent proportions with Newcombe's hybrid score interval.

    low = d − √((p_a − l_a)² + (u_b − p_b)²), high = d + √((u_a − p_a)² + (p_b − l_b)²), with l and u the Wilson
    limits of each proportion.

    Returns
    -------
    difference, low, high : ndarray of float
        In −1..1; NaN where a total is 0.

    Notes
    -----
    Method 10 of R. G. Newcombe, Stat. Med. 17 (1998) 873.
    """
    p_a, low_a, high_a = wilson(count_a, total_a, alpha=alpha)
    p_b, low_b, high_b = wilson(count_b, total_b, alpha=alpha)
    difference = p_a - p_b
    below = np.hypot(p_a - low_a, high_b - p_b)
    above = np.hypot(high_a - p_a, p_b - low_b)
    return difference, difference - below, difference + above


def _interval(
    count: npt.ArrayLike, total: npt.ArrayLike, *, alpha: float, method: str
) -> tuple[FloatArray, FloatArray, FloatArray]:
    from statsmodels.stats.proportion import proportion_confint

    successes, trials = np.asarray(count, dtype=np.float64), np.asarray(total, dtype=np.float64)
    proportion, low, high = (np.full(trials.shape, np.nan) for _ in range(3))
    known = trials > 0
    proportion[known] = successes[known] / trials[known]
    bounds = proportion_confint(successes[known], trials[known], alpha=alpha, method=method)
    low[known], high[known] = bounds
    low[known & (successes == 0)], high[known & (successes == trials)] = 0, 1  # exact, where rounding is not
    return proportion, low, high
