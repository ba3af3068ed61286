"""Against pROC and the published example of Hanley and McNeil; the data are whole, as golden/ holds them."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import auc as trapezoid
from sklearn.metrics import roc_curve

from readerstudy.analysis.auc import delong_variance, pair_sums, placements, unbiased_covariance
from readerstudy.analysis.counts import counts
from readerstudy.analysis.ratings import (
    Area,
    area,
    delong_limits,
    logit_limits,
    operating_points,
    rating_areas,
    rating_distribution,
    roc_curves,
)

from .builders import answers, readings, study

EXACT = {"rel": 1e-6}  # the precision that golden/README.md states
Z = norm.ppf(0.975)


def digits(text: str) -> np.ndarray:
    return np.array([float(digit) for digit in text])


# pROC's aSAH data (wfns, a digit a patient) and the 109 CT readings of Hanley and McNeil, Radiology 143 (1982) 29.
WFNS = (
    digits("32455552521254425552525245441442255225555"),
    digits("111151221221112121134141551124112212122111121211324214115422111312244111"),
)
HANLEY_MCNEIL = (
    digits("111223344444444444" + "5" * 33),
    digits("1" * 33 + "222222" + "333333" + "4" * 11 + "55"),
)
BELOW_CHANCE = (digits("1223"), digits("2344"))
# R 4.2.2, pROC: auc(), var(method = "delong"), ci.auc(), its logit; wilcox.test(correct = FALSE)
PROC = [
    (WFNS, 0.823678861789, 0.00146991470882, (0.748534887819, 0.898822835758), (0.735764096647, 0.886841844333),
     3.04117739321e-09),
    (HANLEY_MCNEIL, 0.893171061528, 0.000943989270263, (0.832952327658, 0.953389795398),
     (0.816443457911, 0.940176194612), 1.8988447997e-13),
    (BELOW_CHANCE, 0.15625, 0.0201822916667, (0, 0.434691093132), (0.0219149793435, 0.604829265342), 0.0994249457933),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "auc", "variance", "plain", "logit", "p_value"), PROC)
def test_areas_equal_proc(cell, auc, variance, plain, logit, p_value):
    found = area(*cell, alpha=0.05)
    assert (found.auc, found.se**2, found.p_value) == pytest.approx((auc, variance, p_value), **EXACT)
    assert delong_limits(found.auc, found.se, Z) == pytest.approx(plain, **EXACT)
    assert logit_limits(found.auc, found.se, Z) == pytest.approx(logit, **EXACT)


@pytest.mark.parametrize(("cell", "name"), [(WFNS, "delong"), (HANLEY_MCNEIL, "delong"), (BELOW_CHANCE, "logit")])
def test_the_interval_is_logit_near_the_ends(cell, name):
    found = area(*cell, alpha=0.05)
    assert found.interval == name
    limits = {"delong": delong_limits, "logit": logit_limits}[name](found.auc, found.se, Z)
    assert (found.ci_low, found.ci_high) == pytest.approx(limits)


def test_every_golden_area(golden):
    document = json.loads((golden / "g03_delong.json").read_text())
    table = pd.read_csv(golden / "pROC_aSAH.csv")
    parts = {}
    for name in ("s100b", "ndka", "wfns"):
        cell = tuple(table.loc[table["outcome"] == outcome, name].to_numpy(float) for outcome in (1, 0))
        found, expected = area(*cell, alpha=0.05), document[f"aSAH_{name}"]
        assert (found.auc, found.se**2, found.p_value) == pytest.approx(
            (expected["auc"], expected["delong_var"], expected["mannwhitney_p"]), **EXACT
        )
        assert (found.auc - 0.5) / found.se == pytest.approx(expected["z_vs_half"], **EXACT)
        parts[name] = (found, placements(*cell))
    for other in ("wfns", "ndka"):
        assert paired_z(parts["s100b"], parts[other]) == pytest.approx(
            document[f"paired_s100b_vs_{other}"]["z"], **EXACT
        )


def paired_z(a: tuple[Area, tuple[np.ndarray, ...]], b: tuple[Area, tuple[np.ndarray, ...]]) -> float:
    """Return DeLong's z of two areas of the same cases, from the placements."""
    covariance = sum(np.cov(x, y)[0, 1] / x.size for x, y in zip(a[1], b[1], strict=True))
    return (a[0].auc - b[0].auc) / math.sqrt(a[0].se ** 2 + b[0].se ** 2 - 2 * covariance)


def test_an_area_of_one_keeps_a_width():
    found = area(digits("555"), digits("111"), alpha=0.05)
    assert (found.auc, found.se, found.ci_high, found.interval) == (1, None, 1, "newcombe")
    assert 0.3 < found.ci_low < 0.8


@pytest.mark.parametrize(
    ("cell", "auc", "reason"),
    [
        ((digits(""), digits("12")), None, "The reader rated no real or no synthetic case."),
        ((digits("33"), digits("333")), 0.5, "The reader gave every case the same rating."),
        ((digits("5"), digits("124")), 1, "DeLong's variance needs two rated cases of each class."),
    ],
)
def test_what_cannot_be_estimated_says_why(cell, auc, reason):
    found = area(*cell, alpha=0.05)
    assert (found.auc, found.se, found.ci_low, found.reason) == (auc, None, None, reason)


def rated() -> pd.DataFrame:
    return readings(
        truth=["real", "real", "real", "synthetic", "synthetic", "synthetic"],
        label=["real"] * 6,
        rating=[5, 4, np.nan, 4, 1, 2],
    )


def test_unrated_cases_are_left_out():
    row = rating_areas(rated(), alpha=0.05).iloc[0]
    assert (row["n_real"], row["n_synthetic"]) == (2, 3)
    assert row["auc"] == pytest.approx(5.5 / 6)
    assert rating_areas(answers("R1", real="R", G="S"), alpha=0.05).empty
    assert roc_curves(answers("R1", real="R", G="S")).empty
    assert rating_distribution(answers("R1", real="R", G="S")).empty


def test_the_curve_has_a_corner_for_each_rating():
    curve = roc_curves(rated()).query("organ == 'liver' and generator == 'G'")
    assert curve["threshold"].tolist() == [math.inf, 5, 4, 2, 1]
    assert curve["false_positive_rate"].tolist() == pytest.approx([0, 0, 1 / 3, 2 / 3, 1])
    assert curve["true_positive_rate"].tolist() == pytest.approx([0, 1 / 2, 1, 1, 1])


scores = st.lists(st.integers(1, 6).map(float), min_size=2, max_size=9).map(np.array)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(scores, scores)
def test_against_other_implementations(positive, negative):
    found = area(positive, negative, alpha=0.05)
    truth = np.array([1] * positive.size + [0] * negative.size)
    false_rate, true_rate, _ = roc_curve(truth, np.concatenate([positive, negative]), drop_intermediate=False)
    assert found.auc == pytest.approx(trapezoid(false_rate, true_rate))
    flipped = area(negative, positive, alpha=0.05)
    assert flipped.auc == pytest.approx(1 - found.auc)
    assert flipped.p_value == found.p_value
    sums = pair_sums(positive[np.newaxis], negative[np.newaxis])
    assert sums.auc[0] == pytest.approx(found.auc)
    # DeLong's variance exceeds the unbiased one by the product term that it leaves out, never falls below it.
    assert delong_variance(positive, negative) >= unbiased_covariance(sums)[0, 0] - 1e-12


def test_labels_are_operating_points():
    """Real RRSU, synthetic SRU."""
    points = operating_points(counts(answers("R1", real="RRSU", G="SRU"))).query(
        "organ == 'liver' and generator == 'G'"
    )
    assert points[["cut", "false_positive_rate", "true_positive_rate"]].to_numpy().tolist() == [
        ["answered", pytest.approx(1 / 2), pytest.approx(2 / 3)],
        ["real", pytest.approx(1 / 3), pytest.approx(2 / 4)],
        ["real or unsure", pytest.approx(2 / 3), pytest.approx(3 / 4)],
    ]
    assert operating_points(counts(answers("R1", real="R")))["false_positive_rate"].isna().all()


def test_the_distribution_counts_each_rating():
    table = rating_distribution(rated()).query("organ == 'liver' and generator == 'G'")
    assert table[["truth", "rating_from", "rating_to", "n", "share"]].to_numpy().tolist() == [
        ["real", 4, 4, 1, 0.5],
        ["real", 5, 5, 1, 0.5],
        ["synthetic", 1, 1, 1, pytest.approx(1 / 3)],
        ["synthetic", 2, 2, 1, pytest.approx(1 / 3)],
        ["synthetic", 4, 4, 1, pytest.approx(1 / 3)],
    ]


def test_many_ratings_are_put_into_ten_classes():
    frame = readings(truth=["synthetic"] * 101, label=["real"] * 101, rating=range(101))
    table = rating_distribution(frame).query("organ == 'liver' and generator == 'G'")
    assert table["n"].tolist() == [11, *[10] * 9]
    assert (table["rating_from"].iloc[1], table["rating_to"].iloc[-1]) == (10, 100)


def test_organs_are_pooled_last():
    frame = study(rated(), rated().assign(organ="kidney", case_id=[f"k{n}" for n in range(6)]))
    table = rating_areas(frame, alpha=0.05)
    assert table["n_real"].tolist() == [2, 2, 2, 2, 4, 4]
