"""Empirical areas under the ROC curve of many readers of the same cases, and their covariances.

A cell is one reader under one condition (one generator). Scores of the positive (real) cases are a
matrix of shape (cells, positive cases), those of the negative (synthetic) ones (cells, negative cases);
NaN where the cell has no reading of the case. Higher = more surely real.

Notation: for cell a, positive i and negative j, the Wilcoxon kernel h_a(i, j) is 1 where the positive
scores higher, ½ for a tie, else 0; the AUC is its mean over the pairs that the cell has read. Sums are
kept of the whole number 2h, so they are exact, and are 0 for pairs that are not read.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

PAIRS_PER_BLOCK = 2**21
"""Kernel values held at once; a quarter of 2^24 at most, so that single precision sums (2h)² exactly."""


@dataclass(frozen=True)
class PairSums:
    """Sums of 2h over the pairs that a cell has read, and which cases it has read.

    Attributes
    ----------
    total : (cells,)
        Over all pairs.
    by_positive, by_negative : (cells, positives), (cells, negatives)
        Over all pairs that hold this case; 0 where the case is not read.
    products : (cells, cells)
        Sum of 2h_a·2h_b over the pairs that both cells have read.
    positive_read, negative_read : (cells, positives), (cells, negatives)
        1 where the cell has read the case, else 0.
    """

    total: FloatArray
    by_positive: FloatArray
    by_negative: FloatArray
    products: FloatArray
    positive_read: FloatArray
    negative_read: FloatArray

    @property
    def auc(self) -> FloatArray:
        """Empirical AUC of each cell, (cells,); NaN where a cell lacks one of the classes."""
        return _ratio(self.total, _count(self.positive_read) * _count(self.negative_read)) / 2


def pair_sums(positive: FloatArray, negative: FloatArray) -> PairSums:
    """Compare every positive with every negative, cell by cell (see the module's notation)."""
    cells, n_negative = negative.shape
    by_positive = np.zeros(positive.shape)
    by_negative = np.zeros(negative.shape)
    products = np.zeros((cells, cells))
    step = max(1, PAIRS_PER_BLOCK // max(1, cells * n_negative))
    for start in range(0, positive.shape[1], step):
        higher = positive[:, start : start + step, np.newaxis]
        lower = negative[:, np.newaxis, :]
        kernel = np.add(higher > lower, higher >= lower, dtype=np.float32)  # 0 where a score is NaN
        by_positive[:, start : start + step] = kernel.sum(axis=2)
        by_negative += kernel.sum(axis=1)
        flat = kernel.reshape(cells, -1)
        products += flat @ flat.T
    return PairSums(
        total=by_positive.sum(axis=1),
        by_positive=by_positive,
        by_negative=by_negative,
        products=products,
        positive_read=np.isfinite(positive).astype(np.float64),
        negative_read=np.isfinite(negative).astype(np.float64),
    )


def unbiased_covariance(sums: PairSums) -> FloatArray:
    """Return the U-statistic estimate of the covariances of the cells' AUCs, (cells, cells).

    Cov(A_a, A_b) = E[A_a·A_b] − E[A_a]·E[A_b]; the last product is estimated without bias by the mean of
    h_a(i, j)·h_b(i', j') over i ≠ i', j ≠ j'. NaN where there are no such pairs of pairs.

    Notes
    -----
    The one-shot estimate of B. D. Gallas, Acad. Radiol. 13 (2006) 353, its four moments gathered into two
    terms. Cells may lack cases: each term then runs over what the cells have read.
    """
    disjoint_sum = (
        np.outer(sums.total, sums.total)
        - sums.by_positive @ sums.by_positive.T
        - sums.by_negative @ sums.by_negative.T
        + sums.products
    )
    n_disjoint = _disjoint(sums.positive_read) * _disjoint(sums.negative_read)
    return np.outer(sums.auc, sums.auc) - _ratio(disjoint_sum, n_disjoint) / 4


def jackknife_covariance(sums: PairSums) -> FloatArray:
    """Return the jackknife estimate of the covariances of the cells' AUCs, (cells, cells).

    Each of the n cases, positive or negative, is left out of every cell once:
    (n − 1)/n · Σ (A_a(−k) − mean)(A_b(−k) − mean). NaN where a cell would lose its last case of a class.

    Notes
    -----
    M. H. Quenouille and J. W. Tukey's jackknife over cases, as in Obuchowski and Rockette (1995).
    """
    if not sums.total.size:
        return np.empty((0, 0))
    total = sums.total[:, np.newaxis]
    n_positive = _count(sums.positive_read)[:, np.newaxis]
    n_negative = _count(sums.negative_read)[:, np.newaxis]
    without_positive = _ratio(total - sums.by_positive, (n_positive - sums.positive_read) * n_negative)
    without_negative = _ratio(total - sums.by_negative, n_positive * (n_negative - sums.negative_read))
    left_out = np.hstack([without_positive, without_negative]) / 2
    n = left_out.shape[1]
    deviation = left_out - left_out.mean(axis=1, keepdims=True)
    covariance: FloatArray = (n - 1) / n * (deviation @ deviation.T)
    return covariance


COVARIANCES = {"unbiased": unbiased_covariance, "jackknife": jackknife_covariance}


def _count(read: FloatArray) -> FloatArray:
    return np.asarray(read.sum(axis=1))


def _disjoint(read: FloatArray) -> FloatArray:
    """Return how many ordered pairs of different cases there are, the first of cell a, the second of b."""
    n = _count(read)
    return np.outer(n, n) - np.asarray(read @ read.T)


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    ratio: FloatArray = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=ratio, where=denominator > 0)
    return ratio
