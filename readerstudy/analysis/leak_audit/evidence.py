"""How surely one part of the features tells the arms of one comparison apart.

Two questions are asked of the same exchanged labels: how well a cross-validated classifier of all features does,
and how far the most telling single feature separates the arms. The smaller of the two p-values counts, and is
itself compared with what it would be under the exchanged labels (the minimum-p method of P. H. Westfall and
S. S. Young, *Resampling-Based Multiple Testing*, 1993).

Every feature is replaced by its rank within the organ (−1 to 1, so that no organ's own values count as a
difference) and looked at in two views: its *level*, and its *spread*, the distance from the organ's middle: one arm
may have the values between those of the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, cross_val_predict

from readerstudy.analysis.leak_audit.comparisons import BoolArray, Comparison

FloatArray = npt.NDArray[np.float64]

LEVEL, SPREAD = "level", "spread"
FOLDS = 5
RIDGE_PENALTY = 10.0
"""Of standardised views; chosen on simulated studies before any real one was looked at."""


@dataclass(frozen=True)
class Separation:
    """One view of one feature: the AUC by which it tells real (high) from synthetic (low) cases."""

    feature: str
    view: str
    auc: float
    p_value: float


@dataclass(frozen=True)
class Evidence:
    """What one part of the features shows in one comparison.

    Attributes
    ----------
    auc : float
        Of the classifier, cross-validated; real is positive.
    p_value : float
        Of the part in this comparison.
    separations : list of Separation
        Single features, their p-values adjusted for the number of features in the part.
    null_auc, null_p : ndarray, shape (1 + permutations,)
        The classifier's AUC and p-value under each arrangement of the labels.
    null_smallest_p : ndarray, shape (1 + permutations,)
        The smaller of the two questions' p-values.
    """

    auc: float
    p_value: float
    separations: list[Separation]
    null_auc: FloatArray
    null_p: FloatArray
    null_smallest_p: FloatArray

    def critical_auc(self, level: float) -> float | None:
        """Return the smallest AUC of the classifier that gives a p-value of `level` or less; None if none does."""
        p_values = _p_values(-self.null_smallest_p)
        smallest = self.null_smallest_p[p_values <= level].max(initial=0.0)
        reaching = self.null_auc[self.null_p <= smallest]
        return float(reaching.min()) if reaching.size else None


def weigh(comparison: Comparison, features: Sequence[str], labels: BoolArray, *, seed: int) -> Evidence | None:
    """Weigh one part of the features.

    Parameters
    ----------
    comparison : Comparison
    features : sequence of str
        Names of columns without missing values.
    labels : ndarray of bool, shape (cases, 1 + permutations)
        See `Comparison.arrangements`.
    seed : int
        Of the folds, which are the same for every arrangement and hold each patient in one.

    Returns
    -------
    Evidence or None
        None where no feature differs between any two cases of an organ.
    """
    views = feature_views(comparison.cases, features)
    if views.empty:
        return None
    single = np.abs(_z_scores(rank_aucs(views.to_numpy(), labels)))
    null_auc = classifier_aucs(views.to_numpy(), labels, groups=comparison.cases["patient"].to_numpy(), seed=seed)
    null_p = _p_values(null_auc)
    null_single = single.max(axis=0)
    null_smallest_p = np.minimum(null_p, _p_values(null_single))
    observed = rank_aucs(views.to_numpy(), labels[:, :1])[:, 0]
    return Evidence(
        auc=float(null_auc[0]),
        p_value=float(_p_values(-null_smallest_p)[0]),
        separations=[
            Separation(feature, view, float(auc), float(np.mean(null_single >= z)))
            for (feature, view), auc, z in zip(views.columns, observed, single[:, 0], strict=True)
        ],
        null_auc=null_auc,
        null_p=null_p,
        null_smallest_p=null_smallest_p,
    )


def feature_views(cases: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """Return the standardised views that differ between cases; columns (feature, view)."""
    by_organ = cases.groupby("organ")[list(features)]
    level = (2 * by_organ.rank() - 1) / by_organ.transform("size").to_numpy()[:, np.newaxis] - 1
    spread = level**2 - (level**2).groupby(cases["organ"]).transform("mean")
    views = pd.concat({LEVEL: level, SPREAD: spread}, axis=1).swaplevel(axis=1)
    deviation = views.std(ddof=0)
    varying = deviation > 1e-9
    return views.loc[:, varying] / deviation[varying]


def rank_aucs(scores: FloatArray, labels: BoolArray) -> FloatArray:
    """Return the AUC of every score, (cases, scores), under every arrangement: (scores, arrangements)."""
    return _auc_of_rank_sum(rankdata(scores, axis=0).T @ labels, labels)


def classifier_aucs(views: FloatArray, labels: BoolArray, *, groups: npt.NDArray[np.object_], seed: int) -> FloatArray:
    """Return the cross-validated AUC of a ridge classifier under every arrangement of the labels.

    Ridge regression on the labels −½ and ½ is linear discriminant analysis with a shrunken covariance. It has no
    intercept, since views and labels have mean zero: an intercept would learn each training set's share of real
    cases, which is high where the test set's is low.
    """
    targets = labels - labels.mean(axis=0)
    folds = GroupKFold(min(FOLDS, len(set(groups))), shuffle=True, random_state=seed)
    model = Ridge(alpha=RIDGE_PENALTY, fit_intercept=False)
    scores = cross_val_predict(model, views, targets, groups=groups, cv=folds)
    ranks = rankdata(np.round(scores, 12), axis=0)
    return _auc_of_rank_sum((ranks * labels).sum(axis=0), labels)


def _auc_of_rank_sum(rank_sum: FloatArray, labels: BoolArray) -> FloatArray:
    """Return the AUC by the Mann-Whitney identity: (sum of the real cases' ranks − its minimum) / pairs."""
    real = labels.sum(axis=0)
    auc: FloatArray = (rank_sum - real * (real + 1) / 2) / (real * (len(labels) - real))
    return auc


def _z_scores(aucs: FloatArray) -> FloatArray:
    """Standardise each row by its distribution over the arrangements; a row without any tells nothing: 0."""
    deviation = aucs.std(axis=1, keepdims=True)
    centred = aucs - aucs.mean(axis=1, keepdims=True)
    z: FloatArray = np.divide(centred, deviation, out=np.zeros_like(aucs), where=deviation > 1e-12)
    return np.round(z, 9)


def _p_values(statistic: FloatArray) -> FloatArray:
    """Return, for each arrangement, the share of arrangements with as large a statistic, its own among them."""
    return np.asarray(rankdata(-np.round(statistic, 9), method="max") / statistic.size)
