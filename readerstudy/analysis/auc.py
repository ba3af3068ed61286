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

MOST_LEVELS = 32
"""Distinct scores up to which counting levels beats comparing pairs."""
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
    """Compare every positive with every negative, cell by cell (see the module's notation).

    Scores on a short scale are counted instead of compared, which gives the same sums from tables of levels.
    """
    levels = np.unique(np.concatenate([positive.ravel(), negative.ravel()]))
    levels = levels[np.isfinite(levels)]
    made = _count_levels if levels.size <= MOST_LEVELS else _compare_pairs
    by_positive, by_negative, products = made(positive, negative, levels)
    return PairSums(
        total=by_positive.sum(axis=1),
        by_positive=by_positive,
        by_negative=by_negative,
        products=products,
        positive_read=np.isfinite(positive).astype(np.float64),
        negative_read=np.isfinite(negative).astype(np.float64),
    )


def _compare_pairs(
    positive: FloatArray, negative: FloatArray, _levels: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
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
    return by_positive, by_negative, products


def _count_levels(
    positive: FloatArray, negative: FloatArray, levels: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the sums of `_compare_pairs` from how many cases have each level.

    With K levels, T(k, m) = 2h of a positive at level k and a negative at level m, and the joint counts P(k, l),
    N(m, n) of positives, negatives at level k, m of cell a and l, n of cell b:
    Σ 2h_a·2h_b = Σ_kl P(k, l) · Σ_mn T(k, m)·N(m, n)·T(l, n).
    """
    cells, n_levels = len(positive), levels.size
    at_positive = (positive[:, np.newaxis, :] == levels[:, np.newaxis]).astype(np.float64)
    at_negative = (negative[:, np.newaxis, :] == levels[:, np.newaxis]).astype(np.float64)
    score = np.add.outer(levels, -levels)
    twice_kernel = np.sign(score) + 1
    above_negatives = at_negative.sum(axis=2) @ twice_kernel.T
    below_positives = at_positive.sum(axis=2) @ twice_kernel
    by_positive = (at_positive * above_negatives[:, :, np.newaxis]).sum(axis=1)
    by_negative = (at_negative * below_positives[:, :, np.newaxis]).sum(axis=1)
    flat_positive = at_positive.reshape(cells * n_levels, positive.shape[1])
    flat_negative = at_negative.reshape(cells * n_levels, negative.shape[1])
    products = np.zeros((cells, cells))
    step = max(1, PAIRS_PER_BLOCK // max(1, cells * n_levels**2))
    for start in range(0, cells, step):
        rows = slice(start * n_levels, (start + step) * n_levels)
        joint_positive, joint_negative = (flat[rows] @ flat.T for flat in (flat_positive, flat_negative))
        won = twice_kernel @ joint_negative.reshape(-1, n_levels, cells * n_levels)
        won = won.reshape(-1, n_levels) @ twice_kernel.T
        shape = (-1, n_levels, cells, n_levels)
        products[start : start + step] = (joint_positive.reshape(shape) * won.reshape(shape)).sum(axis=(1, 3))
    return by_positive, by_negative, products


def placements(positive: FloatArray, negative: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return, for one cell without missing scores, each positive's share of negatives below it, and vice versa.

    Ties count a half. The mean of either is the AUC.
    """
    return _share_below(positive, negative), 1 - _share_below(negative, positive)


def delong_variance(positive: FloatArray, negative: FloatArray) -> float:
    """Return DeLong's variance of one cell's AUC; NaN below two cases of a class.

    Var = S₁₀/n₁ + S₀₁/n₀, the sample variances of the placements of the n₁ positives and the n₀ negatives.

    Notes
    -----
    E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44 (1988) 837.
    """
    if min(positive.size, negative.size) < 2:
        return float("nan")
    return float(sum(values.var(ddof=1) / values.size for values in placements(positive, negative)))


def _share_below(scores: FloatArray, others: FloatArray) -> FloatArray:
    ordered = np.sort(others)
    below, up_to = (np.searchsorted(ordered, scores, side=side) for side in ("left", "right"))
    return np.asarray((below + up_to) / (2 * others.size))


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
