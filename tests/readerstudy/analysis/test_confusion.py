"""Against numbers worked out by hand, and against scikit-learn and statsmodels where those have the figure."""

import math

import numpy as np
import pytest
from scipy.stats import binom
from sklearn.metrics import cohen_kappa_score, precision_recall_fscore_support
from statsmodels.stats.proportion import proportion_confint

from readerstudy.analysis.confusion import (
    accuracy,
    class_metrics,
    confusion_matrix,
    kappa_with_truth,
    macro_recall,
)

ORGANS = ("liver", "pancreas", "kidney")
MATRIX = np.array([[6, 2, 1, 1], [3, 4, 3, 0], [0, 2, 5, 3]])
"""30 cases, 10 an organ; liver: 6 right of 9 answered, pancreas 4 of 10, kidney 5 of 7; 4 unsure."""


def test_the_matrix_has_truth_in_rows_and_unsure_in_a_column_of_its_own():
    truth = ["liver", "liver", "kidney", "pancreas", "kidney"]
    answer = ["liver", "unsure", "pancreas", "pancreas", "kidney"]

    matrix = confusion_matrix(truth, answer, classes=ORGANS, others=["unsure"])

    assert matrix.tolist() == [[1, 0, 0, 1], [0, 1, 0, 0], [0, 1, 1, 0]]


def test_an_answer_of_no_column_is_refused():
    with pytest.raises(ValueError, match="'liver' answered 'spleen': classes are liver, pancreas, kidney"):
        confusion_matrix(["liver"], ["spleen"], classes=ORGANS)


def test_recall_and_precision_leave_unsure_out_and_say_how_many_it_was():
    table = class_metrics(MATRIX, alpha=0.05)

    assert table["n_cases"].tolist() == [10, 10, 10]
    assert table["n_unsure"].tolist() == [1, 0, 3]
    assert table["n_called"].tolist() == [9, 8, 9]
    assert table["n_right"].tolist() == [6, 4, 5]
    np.testing.assert_allclose(table["recall"], [6 / 9, 4 / 10, 5 / 7])
    np.testing.assert_allclose(table["recall_of_all"], [0.6, 0.4, 0.5])
    np.testing.assert_allclose(table["precision"], [6 / 9, 4 / 8, 5 / 9])
    low, high = proportion_confint(4, 8, method="wilson")
    assert (table["precision_low"][1], table["precision_high"][1]) == pytest.approx((low, high))


def test_scikit_learn_finds_the_same():
    rng = np.random.default_rng(3)
    truth, answer = rng.choice(ORGANS, 200), rng.choice(ORGANS, 200)
    matrix = confusion_matrix(truth, answer, classes=ORGANS)

    precision, recall, _, n = precision_recall_fscore_support(truth, answer, labels=ORGANS)

    table = class_metrics(matrix, alpha=0.05)
    np.testing.assert_allclose(table["precision"], precision)
    np.testing.assert_allclose(table["recall"], recall)
    assert table["n_cases"].tolist() == n.tolist()
    assert kappa_with_truth(matrix, alpha=0.05).value == pytest.approx(cohen_kappa_score(truth, answer))
    assert accuracy(matrix, alpha=0.05).macro == pytest.approx(recall.mean())


def test_an_organ_never_named_has_no_precision_and_one_never_answered_no_recall():
    matrix = np.array([[3, 0, 0, 0], [2, 0, 0, 0], [0, 0, 0, 5]])

    table = class_metrics(matrix, alpha=0.05)

    assert table["precision"].isna().tolist() == [False, True, True]
    assert table["recall"].isna().tolist() == [False, False, True]
    assert table["recall_of_all"].tolist() == [1, 0, 0]
    assert math.isnan(accuracy(matrix, alpha=0.05).macro)


def test_accuracy_by_hand():
    found = accuracy(MATRIX, alpha=0.05)

    assert (found.n_cases, found.n_unsure, found.n_right) == (30, 4, 15)
    assert found.micro == pytest.approx(15 / 26)
    assert found.macro == pytest.approx((6 / 9 + 4 / 10 + 5 / 7) / 3)
    assert found.of_all == pytest.approx(0.5)
    assert found.chance == pytest.approx(1 / 3)
    # Two-sided: every count of right answers of 26 that is no likelier than 15, added up.
    of_right = binom.pmf(np.arange(27), 26, 1 / 3)
    assert found.binomial_p == pytest.approx(of_right[of_right <= of_right[15] * (1 + 1e-9)].sum())
    assert found.binomial_p == pytest.approx(0.0122, abs=5e-4)


def test_chance_is_one_over_the_organs_of_the_study():
    assert accuracy(np.array([[3, 1], [1, 3]]), alpha=0.05).chance == 0.5


def test_the_macro_interval_by_hand():
    (a, b), (c, d) = (proportion_confint(*counts, method="wilson") for counts in ((8, 10), (3, 6)))

    mean, low, high = macro_recall([8, 3], [10, 6], alpha=0.05)

    assert mean == pytest.approx(0.65)
    assert low == pytest.approx(0.65 - math.hypot(0.8 - a, 0.5 - c) / 2)
    assert high == pytest.approx(0.65 + math.hypot(b - 0.8, d - 0.5) / 2)


def test_the_macro_interval_covers_what_it_says():
    rng, truth, n = np.random.default_rng(8), np.array([0.3, 0.4, 0.5]), 20
    held = 0
    for right in rng.binomial(n, truth, size=(2000, 3)):
        _, low, high = macro_recall(right, [n] * 3, alpha=0.05)
        held += low <= truth.mean() <= high
    assert 0.935 <= held / 2000 <= 0.965


def test_kappa_with_truth_by_hand():
    # Answered: 26. Agreement 15/26; expected (9·9 + 10·8 + 7·9)/26².
    observed, expected = 15 / 26, (9 * 9 + 10 * 8 + 7 * 9) / 26**2

    found = kappa_with_truth(MATRIX, alpha=0.05)

    assert found.value == pytest.approx((observed - expected) / (1 - expected))
    assert found.n_cases == 26


def test_nothing_answered_is_not_estimable():
    found = accuracy(np.array([[0, 0, 2], [0, 0, 2]]), alpha=0.05)

    assert math.isnan(found.micro)
    assert math.isnan(found.binomial_p)
    assert found.of_all == 0
