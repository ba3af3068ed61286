"""Patterns without long runs: all of them, each as often as another."""

from collections import Counter
from itertools import groupby, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.domain.run_limit import draw_pattern, shortest_limit

halves = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=3)


def longest_run(pattern):
    return max((len(list(run)) for _, run in groupby(pattern)), default=0)


@given(halves, st.integers(1, 8), st.integers(0, 2**32))
def test_a_pattern_keeps_its_counts_and_the_limit_or_there_is_none(parts, limit, seed):
    pattern = draw_pattern(parts, limit, np.random.default_rng(seed))

    if limit < shortest_limit(parts):
        assert pattern is None
        return
    assert longest_run(pattern) <= limit
    for n_real, n_synthetic in parts:
        part, pattern = pattern[: n_real + n_synthetic], pattern[n_real + n_synthetic :]
        assert sum(part) == n_real


@pytest.mark.parametrize(
    ("parts", "least"), [([(3, 3)], 1), ([(1, 5)], 3), ([(0, 4)], 4), ([(2, 0), (0, 2)], 2), ([(0, 3), (3, 3)], 3)]
)
def test_the_shortest_limit_is_that_of_all_orders_tried(parts, least):
    assert shortest_limit(parts) == least


def test_every_pattern_is_as_likely_as_another():
    rng = np.random.default_rng(1)
    possible = {order for order in permutations([True] * 3 + [False] * 3) if longest_run(order) <= 2}

    seen = Counter(tuple(draw_pattern([(3, 3)], 2, rng)) for _ in range(1400))

    assert seen.keys() == possible
    expected = 1400 / len(possible)
    assert all(0.6 * expected < times < 1.4 * expected for times in seen.values())
