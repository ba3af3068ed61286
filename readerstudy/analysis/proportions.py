"""Binomial proportions and their intervals."""

import numpy as np
import numpy.typing as npt
from statsmodels.stats.proportion import proportion_confint

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
    successes, trials = np.asarray(count, dtype=np.float64), np.asarray(total, dtype=np.float64)
    proportion, low, high = (np.full(trials.shape, np.nan) for _ in range(3))
    known = trials > 0
    proportion[known] = successes[known] / trials[known]
    bounds = proportion_confint(successes[known], trials[known], alpha=alpha, method="wilson")
    low[known], high[known] = bounds
    low[known & (successes == 0)], high[known & (successes == trials)] = 0, 1  # exact, where rounding is not
    return proportion, low, high
