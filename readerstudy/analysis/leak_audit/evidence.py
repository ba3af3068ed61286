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
import scipy  # whose parts are loaded when they are asked for

from readerstudy.analysis.leak_audit.comparisons import BoolArray, Comparison

FloatArray = npt.NDArray[np.float64]

LEVEL, SPREAD = "level", "spread"
FOLDS = 5
RIDGE_PENALTY = 10.0
"""Of standardised views; among 1, 10, 30 and 100 it found planted tells best at 8, 12 and 30 cases an arm."""
NOTHING = 1e-9
"""Rounding; no difference is as small."""


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
    null_p, null_reach : ndarray, shape (2, 1 + permutations)
        Under each arrangement of the labels, the p-value and the AUC of the classifier and of the most telling
        feature.
    """

    auc: float
    p_value: float
    separations: list[Separation]
    null_p: FloatArray
    null_reach: FloatArray

    def critical_auc(self, level: float) -> float | None:
        """Return the smallest AUC, of the classifier or of one feature, that gives the part a p-value of `level`.

        None where no AUC does, since the cases are too few.
        """
        smallest_p = self.null_p.min(axis=0)
        enough = smallest_p[_p_values(-smallest_p) <= level].max(initial=0.0)
        reached = self.null_reach[(self.null_p <= enough) & (self.null_reach <= 1)]
        return float(reached.min()) if reached.size else None


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
        None where no feature could tell, since none differs between two cases that may exchange labels.
    """
    views = feature_views(comparison.cases, features)
    auc = rank_aucs(views.to_numpy(), labels)
    moved = auc.std(axis=1) > NOTHING
    if not moved.any():
        return None
    views, auc = views.loc[:, moved], auc[moved]
    deviation = auc.std(axis=1, keepdims=True)
    z = np.round(np.abs(auc - auc.mean(axis=1, keepdims=True)) / deviation, 9)
    null_z = z.max(axis=0)
    null_auc = classifier_aucs(views.to_numpy(), labels, comparison.cases, seed=seed)
    null_p = np.stack([_p_values(null_auc), _p_values(null_z)])
    names = zip(views.columns.get_level_values(0), views.columns.get_level_values(1), strict=True)
    return Evidence(
        auc=float(null_auc[0]),
        p_value=float(_p_values(-null_p.min(axis=0))[0]),
        separations=[
            Separation(feature, view, float(observed_auc), float(np.mean(null_z >= observed_z)))
            for (feature, view), observed_auc, observed_z in zip(names, auc[:, 0], z[:, 0], strict=True)
        ],
        null_p=null_p,
        null_reach=np.stack([null_auc, 0.5 + null_z * deviation.max()]),
    )


def feature_views(cases: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    """Return the standardised views that differ between cases; columns (feature, view)."""
    level = cases[list(features)].groupby(cases["organ"]).rank(pct=True)
    level = level - level.groupby(cases["organ"]).transform("mean")
    spread = level.abs() - level.abs().groupby(cases["organ"]).transform("mean")
    views = pd.concat({LEVEL: level, SPREAD: spread}, axis=1).swaplevel(axis=1)
    deviation = views.std(ddof=0)
    varying = deviation > NOTHING
    return views.loc[:, varying] / deviation[varying]


def rank_aucs(scores: FloatArray, labels: BoolArray) -> FloatArray:
    """Return the AUC of every score, (cases, scores), under every arrangement: (scores, arrangements)."""
    return _auc_of_rank_sum(scipy.stats.rankdata(scores, axis=0).T @ labels, labels)


def classifier_aucs(views: FloatArray, labels: BoolArray, cases: pd.DataFrame, *, seed: int) -> FloatArray:
    """Return the cross-validated AUC of a ridge classifier under every arrangement of the labels.

    Ridge regression on labels 0 and 1 is linear discriminant analysis with a shrunken covariance. Views and labels
    are counted from the training cases' mean in each organ: what is learned of an organ's balance in the training
    set would else be used on the test set, whose balance is the opposite.

    The prediction is linear in the labels, so each fold's model is fitted once, to the unit vectors.
    """
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GroupKFold

    organs = pd.get_dummies(cases["organ"]).to_numpy(dtype=np.float64)
    patients = cases["patient"].to_numpy()
    targets = labels.astype(np.float64)
    scores = np.empty_like(targets)
    folds = GroupKFold(FOLDS, shuffle=True, random_state=seed)
    for training, test in folds.split(views, groups=patients):
        x = views - _organ_means(views, organs, training)
        y = targets - _organ_means(targets, organs, training)
        model = Ridge(alpha=RIDGE_PENALTY, fit_intercept=False).fit(x[training], np.eye(len(training)))
        scores[test] = model.predict(x[test]) @ y[training]
    ranks = scipy.stats.rankdata(np.round(scores, 9), axis=0)
    return _auc_of_rank_sum((ranks * labels).sum(axis=0), labels)


def _organ_means(values: FloatArray, organs: FloatArray, training: npt.NDArray[np.intp]) -> FloatArray:
    """Return for every case its organ's mean over the training cases; 0 where an organ has none."""
    counts = np.maximum(organs[training].sum(axis=0), 1)
    means: FloatArray = organs @ (organs[training].T @ values[training] / counts[:, np.newaxis])
    return means


def _auc_of_rank_sum(rank_sum: FloatArray, labels: BoolArray) -> FloatArray:
    """Return the AUC by the Mann-Whitney identity: (sum of the real cases' ranks − its minimum) / pairs."""
    real = labels.sum(axis=0)
    auc: FloatArray = (rank_sum - real * (real + 1) / 2) / (real * (len(labels) - real))
    return auc


def _p_values(statistic: FloatArray) -> FloatArray:
    """Return, for each arrangement, the share of arrangements with as large a statistic, its own among them."""
    return np.asarray(scipy.stats.rankdata(-np.round(statistic, 9), method="max") / statistic.size)
