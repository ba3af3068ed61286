"""The same statistics, written out case by case from their definitions, to compare with."""

from itertools import product

import numpy as np

Pairs = dict[tuple[int, int], float]


def kernel(positive: np.ndarray, negative: np.ndarray) -> Pairs:
    """Return 1, ½ or 0 for every pair of a positive and a negative case that one cell has scored."""
    return {
        (i, j): 1.0 if x > y else 0.5 if x == y else 0.0
        for (i, x), (j, y) in product(enumerate(positive), enumerate(negative))
        if not np.isnan(x) and not np.isnan(y)
    }


def area(pairs: Pairs) -> float:
    return sum(pairs.values()) / len(pairs)


def unbiased_covariance(a: Pairs, b: Pairs) -> float:
    disjoint = [h * g for ((i, j), h), ((k, m), g) in product(a.items(), b.items()) if i != k and j != m]
    return area(a) * area(b) - sum(disjoint) / len(disjoint)


def jackknife_covariance(a: Pairs, b: Pairs, *, n_positive: int, n_negative: int) -> float:
    left_out = [
        [area({pair: h for pair, h in pairs.items() if pair[side] != case}) for pairs in (a, b)]
        for side, n in ((0, n_positive), (1, n_negative))
        for case in range(n)
    ]
    n = n_positive + n_negative
    mean_a, mean_b = (sum(column) / n for column in zip(*left_out, strict=True))
    return (n - 1) / n * sum((x - mean_a) * (y - mean_b) for x, y in left_out)
