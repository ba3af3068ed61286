"""Whether synthetic tumours can be told from real ones by their figures: a two-sample classifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from synthesis.inspection.features import FEATURES, Measured

FEWEST = 10  # tumours in each group, below which no classifier is trained
COMPARED = tuple(name for name in FEATURES if name not in {"diameter_mm", "half_contrast_mm"})
_FOLDS = 5
_RESAMPLES = 2000


class Separability(NamedTuple):
    """Area under the ROC curve of real against synthetic, with its 95 % interval: 0.5 cannot be told."""

    auc: float
    low: float
    high: float


def separability(real: Sequence[Measured], synthetic: Sequence[Measured]) -> Separability | None:
    """Train a classifier on the figures and see how well it tells the tumours it was not trained on.

    Logistic regression on standardised figures (`COMPARED`: sizes are left out, as they are asked for), in a
    stratified five-fold cross-validation; figures that cannot be measured take the median. The interval is the
    percentile bootstrap over the tumours of each group, of the cross-validated scores.

    Returns
    -------
    Separability or None
        None where either group has fewer than 10 tumours.
    """
    if min(len(real), len(synthetic)) < FEWEST:
        return None
    figures = np.array([[one.features[name] for name in COMPARED] for one in (*real, *synthetic)])
    is_real = np.arange(len(figures)) < len(real)
    model = make_pipeline(
        SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), LogisticRegression()
    )
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    scores = cross_val_predict(model, figures, is_real, cv=folds, method="decision_function")
    rng = np.random.default_rng(0)
    resampled = [
        _auc(rng.choice(scores[is_real], len(real)), rng.choice(scores[~is_real], len(synthetic)))
        for _ in range(_RESAMPLES)
    ]
    low, high = np.quantile(resampled, [0.025, 0.975])
    return Separability(_auc(scores[is_real], scores[~is_real]), float(low), float(high))


def _auc(positive: npt.NDArray[np.float64], negative: npt.NDArray[np.float64]) -> float:
    """Return the probability that a positive score is higher than a negative, ties counting half."""
    ranks = stats.rankdata(np.concatenate([positive, negative]))[: positive.size]
    return float((ranks.sum() - positive.size * (positive.size + 1) / 2) / (positive.size * negative.size))
