"""One reader's ratings: the area under the ROC curve, the curve, and how often each rating was given.

Positive = real tumour; higher ratings = more surely real. Ratings that were not given are left out.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import mannwhitneyu, norm

from readerstudy.analysis.auc import FloatArray, delong_variance, placements
from readerstudy.analysis.auc_interval import auc_interval
from readerstudy.analysis.comparisons import comparisons
from readerstudy.analysis.counts import KEYS, of_readers, pooled_last
from readerstudy.analysis.frame import POOLED

CHANCE = 0.5
NEAR_AN_END = 0.1
AREA_COLUMNS = (
    *KEYS,
    "n_real",
    "n_synthetic",
    "auc",
    "se",
    "ci_low",
    "ci_high",
    "interval",
    "p_value",
    "reason",
)
CURVE_COLUMNS = (*KEYS, "threshold", "false_positive_rate", "true_positive_rate")
OPERATING_COLUMNS = (*KEYS, "cut", "false_positive_rate", "true_positive_rate")
DISTRIBUTION_COLUMNS = (*KEYS, "truth", "rating_from", "rating_to", "n", "share")
MOST_BARS = 20
BINS = 10
NO_RATINGS = "The reader rated no real or no synthetic case."
ONE_RATING = "The reader gave every case the same rating."
ONE_CASE = "DeLong's variance needs two rated cases of each class."


@dataclass(frozen=True)
class Area:
    """An empirical area with its interval; None where not estimable, and `reason` says why.

    `interval` is `delong`, `logit` (near the ends) or `newcombe` (where classes are parted, so that DeLong's
    variance is 0). `p_value` is of the Mann-Whitney test, two-sided, normal with correction for ties.
    """

    auc: float | None = None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    interval: str = ""
    p_value: float | None = None
    reason: str = ""


def area(positive: FloatArray, negative: FloatArray, *, alpha: float) -> Area:
    """Return the empirical AUC of one cell's ratings.

    Parameters
    ----------
    positive, negative : (n₁,), (n₀,)
        Ratings of real and of synthetic cases, no NaN.
    alpha : float
        The interval covers 1 − `alpha`.

    Notes
    -----
    DeLong's interval A ± z·SE. Within .1 of an end, or where it would leave 0..1, the logit one:
    logit A ± z·SE/(A(1 − A)), back-transformed (M. S. Pepe, The Statistical Evaluation of Medical Tests, 2003,
    5.2). At A = 0 or 1 DeLong's variance is 0 and says nothing: R. G. Newcombe's method 5 stands instead.
    """
    if not (positive.size and negative.size):
        return Area(reason=NO_RATINGS)
    a = float(placements(positive, negative)[0].mean())
    if np.unique(np.concatenate([positive, negative])).size == 1:
        return Area(auc=a, reason=ONE_RATING)
    p_value = float(mannwhitneyu(positive, negative, use_continuity=False, method="asymptotic").pvalue)
    variance = delong_variance(positive, negative)
    if math.isnan(variance):
        return Area(auc=a, p_value=p_value, reason=ONE_CASE)
    z = float(norm.ppf(1 - alpha / 2))
    if variance == 0:
        low, high = auc_interval(a, n_real=positive.size, n_synthetic=negative.size, z=z)
        return Area(a, None, low, high, "newcombe", p_value)
    se = math.sqrt(variance)
    low, high, name = _limits(a, se, z)
    return Area(a, se, low, high, name, p_value)


def delong_limits(a: float, se: float, z: float) -> tuple[float, float]:
    """Return A ± z·SE, cut at 0 and 1."""
    return max(a - z * se, 0.0), min(a + z * se, 1.0)


def logit_limits(a: float, se: float, z: float) -> tuple[float, float]:
    """Return the limits of logit A ± z·SE/(A(1 − A)), back on the scale of areas; 0 < A < 1."""
    centre, half_width = math.log(a / (1 - a)), z * se / (a * (1 - a))
    low, high = (1 / (1 + math.exp(-(centre + side * half_width))) for side in (-1, 1))
    return low, high


def _limits(a: float, se: float, z: float) -> tuple[float, float, str]:
    inside = a - z * se >= 0 and a + z * se <= 1
    if inside and NEAR_AN_END <= a <= 1 - NEAR_AN_END:
        return *delong_limits(a, se, z), "delong"
    return *logit_limits(a, se, z), "logit"


def rating_areas(readings: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Return `AREA_COLUMNS` for each single reader x organ x generator with ratings; empty without any."""
    rows = [
        {**keys, "n_real": positive.size, "n_synthetic": negative.size, **asdict(area(positive, negative, alpha=alpha))}
        for keys, positive, negative in _rated_cells(readings)
    ]
    table = pd.DataFrame(rows, columns=list(AREA_COLUMNS))
    numbers = ["auc", "se", "ci_low", "ci_high", "p_value"]
    return pooled_last(table.astype(dict.fromkeys(numbers, "float64")))


def roc_curves(readings: pd.DataFrame) -> pd.DataFrame:
    """Return `CURVE_COLUMNS`: the corners of each single reader's empirical ROC curve, from (0, 0) to (1, 1).

    A case counts as called real from `threshold` upwards; the first corner's threshold is infinite. Cells without
    both classes have no curve.
    """
    corners: dict[str, list[npt.NDArray[np.generic]]] = {name: [] for name in CURVE_COLUMNS}
    for keys, positive, negative in _rated_cells(readings):
        if positive.size and negative.size:
            ratings = np.unique(np.concatenate([positive, negative]))[::-1]
            thresholds = np.concatenate([[np.inf], ratings])
            corners["threshold"].append(thresholds)
            corners["false_positive_rate"].append(_share_from(negative, thresholds))
            corners["true_positive_rate"].append(_share_from(positive, thresholds))
            for name in KEYS:
                corners[name].append(np.full(thresholds.size, keys[name], dtype=object))
    if not corners["threshold"]:
        return pd.DataFrame(columns=list(CURVE_COLUMNS))
    table = pd.DataFrame({name: np.concatenate(parts) for name, parts in corners.items()})
    return pooled_last(table.astype(dict.fromkeys(KEYS, "str")))


def operating_points(table: pd.DataFrame) -> pd.DataFrame:
    """Return `OPERATING_COLUMNS`: where each single reader's labels lie in the ROC plane, from `counts`.

    Three cuts: `answered` (unsure left out), `real` (unsure counts as synthetic) and `real or unsure`. NaN where
    a class has no case.
    """
    rows = of_readers(table)
    answered = (rows["tp"] + rows["fn"], rows["tn"] + rows["fp"])
    read = (rows["n_real"], rows["n_synthetic"])
    cuts = {
        "answered": (rows["tp"], rows["fp"], answered),
        "real": (rows["tp"], rows["fp"], read),
        "real or unsure": (rows["tp"] + rows["unsure_real"], rows["fp"] + rows["unsure_synthetic"], read),
    }
    points = [
        rows[KEYS].assign(
            cut=cut,
            true_positive_rate=hits / n_real.where(n_real > 0),
            false_positive_rate=false_alarms / n_synthetic.where(n_synthetic > 0),
        )
        for cut, (hits, false_alarms, (n_real, n_synthetic)) in cuts.items()
    ]
    return pd.concat(points).sort_index(kind="stable")[list(OPERATING_COLUMNS)].reset_index(drop=True)


def rating_distribution(readings: pd.DataFrame) -> pd.DataFrame:
    """Return `DISTRIBUTION_COLUMNS`: how often each rating was given, by truth, for each single reader's cell.

    Up to 20 distinct ratings in the study stand for themselves (`rating_from` = `rating_to`); more are put
    into ten classes of equal width, closed at the upper end. `share` is of the cell's rated cases of that truth.
    """
    rated = _rated(readings)
    rated = pd.concat([rated, rated.assign(organ=POOLED)])
    if rated.empty:
        return pd.DataFrame(columns=list(DISTRIBUTION_COLUMNS))
    low, high = _classes(rated["rating"].to_numpy(np.float64))
    place = np.searchsorted(high, rated["rating"].to_numpy(np.float64), side="left")
    sizes = rated.assign(place=place).groupby([*KEYS, "truth", "place"]).size().rename("n").reset_index()
    total = sizes.groupby([*KEYS, "truth"])["n"].transform("sum")
    out = sizes.assign(rating_from=low[sizes["place"]], rating_to=high[sizes["place"]], share=sizes["n"] / total)
    return pooled_last(out[list(DISTRIBUTION_COLUMNS)])


def _classes(ratings: FloatArray) -> tuple[FloatArray, FloatArray]:
    values = np.unique(ratings)
    if values.size <= MOST_BARS:
        return values, values
    edges = np.linspace(values[0], values[-1], BINS + 1)
    return edges[:-1], edges[1:]


def _rated(readings: pd.DataFrame) -> pd.DataFrame:
    return comparisons(readings[readings["rating"].notna()])


def _rated_cells(readings: pd.DataFrame) -> Iterator[tuple[dict[str, str], FloatArray, FloatArray]]:
    """Yield each single reader's cell, organs pooled last, with the ratings of real and of synthetic cases."""
    rated = _rated(readings)
    both = pd.concat([rated, rated.assign(organ=POOLED)])
    for key, rows in both.groupby(KEYS):
        real = (rows["truth"] == "real").to_numpy()
        ratings = rows["rating"].to_numpy(np.float64)
        yield dict(zip(KEYS, map(str, key), strict=True)), ratings[real], ratings[~real]


def _share_from(ratings: FloatArray, thresholds: npt.ArrayLike) -> FloatArray:
    return np.asarray((ratings.size - np.searchsorted(np.sort(ratings), thresholds, side="left")) / ratings.size)
