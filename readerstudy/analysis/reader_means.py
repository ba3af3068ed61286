"""The mean of one value a reader, with its t interval: readers are a sample, cases taken as they are."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

TOO_FEW = "At least two readers are needed."
NO_SPREAD = "The readers' values do not vary."
ROUNDING = 1e-12


@dataclass(frozen=True)
class ReaderMean:
    """A mean over readers against 0; None where not estimable, and `reason` says why."""

    n_readers: int
    mean: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    reason: str = ""


def mean_over_readers(values: npt.ArrayLike, *, alpha: float) -> ReaderMean:
    """Return the mean of the readers' values, its t interval and the two-sided t test against 0, r − 1 df.

    Parameters
    ----------
    values : (r,)
        NaN where a reader has none; those are left out.
    alpha : float
        The interval covers 1 − `alpha`.
    """
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    r = known.size
    if r < 2:
        return ReaderMean(r, float(known[0]) if r else None, reason=TOO_FEW)
    mean, se = float(known.mean()), float(known.std(ddof=1) / np.sqrt(r))
    if se < ROUNDING:
        return ReaderMean(r, mean, reason=NO_SPREAD)
    half_width = float(stats.t.ppf(1 - alpha / 2, r - 1)) * se
    return ReaderMean(r, mean, mean - half_width, mean + half_width, float(2 * stats.t.sf(abs(mean / se), r - 1)))
