"""Against MRMCaov, Iowa's OR-DBM, iMRMC, and the definitions written out (`slow_reference`)."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from readerstudy.analysis.auc import COVARIANCES, PairSums, pair_sums
from readerstudy.analysis.obuchowski_rockette import RandomReaderTest, area_test, difference_test, equivalence

from . import slow_reference, van_dyke

R = 5
EXACT = {"rel": 1e-6}  # the precision that golden/README.md states
Scores = tuple[np.ndarray, np.ndarray]


def crossed() -> Scores:
    return van_dyke.scores((1, 2))


def own_negatives() -> Scores:
    """Positives shared by the two techniques, negatives read as different cases under each."""
    positive, negative = crossed()
    return positive, nested(negative)


def own_cases() -> Scores:
    positive, negative = crossed()
    return nested(positive), nested(negative)


def nested(scores: np.ndarray) -> np.ndarray:
    missing = np.full((R, scores.shape[1]), np.nan)
    return np.block([[scores[:R], missing], [missing, scores[R:]]])


def cut_at_3() -> Scores:
    return tuple((ratings >= 3).astype(float) for ratings in crossed())


def unsure_excluded() -> Scores:
    """Rating 3 is 'unsure' and left out, real from 4 up."""
    return tuple(np.where(ratings == 3, np.nan, ratings >= 4) for ratings in crossed())


def three_tests(scores: Scores, covariance: str) -> tuple[RandomReaderTest, RandomReaderTest, RandomReaderTest]:
    """Return technique 1 and 2 against chance, and 1 − 2."""
    sums = pair_sums(*scores)
    matrix = COVARIANCES[covariance](sums)
    return (
        area_test(sums.auc[:R], matrix[:R, :R], alpha=0.05),
        area_test(sums.auc[R:], matrix[R:, R:], alpha=0.05),
        difference_test(sums.auc[:R], sums.auc[R:], matrix, alpha=0.05),
    )


# MRMCaov 0.3.0 (R 4.2.2), mrmc(empirical_auc(truth, rating), treatment, reader, case, cov = unbiased or
# jackknife): estimate, SE and df of technique 1, then SE, df and p of 1 − 2. Van Dyke's data, as
# golden/mrmc/vandyke_expected.json and, for the last two, vandyke_unsure_excluded_expected.json hold it.
MRMCAOV = [
    (crossed, "jackknife", (0.897037037037, 0.0331735969592, 12.7446475981),
     (0.0207486183789, 15.2596745891, 0.0516656858193)),
    (crossed, "unbiased", (0.897037037037, 0.0330712033328, 12.5880240972),
     (0.0206715388093, 15.0341808137, 0.0511618023507)),
    (own_negatives, "jackknife", (0.897037037037, 0.0331979273369, 12.7820777738),
     (0.0211628182812, 16.5151511123, 0.0544997661147)),
    (own_negatives, "unbiased", (0.897037037037, 0.0330712033328, 12.5880240972),
     (0.0210558867744, 16.1838813908, 0.0537479872804)),
    (cut_at_3, "jackknife", (0.838647342995, 0.035639177474, 9.95552635934),
     (0.0261664714466, 8.66481425355, 0.147275913608)),
    (cut_at_3, "unbiased", (0.838647342995, 0.0355557745805, 9.8626611886),
     (0.0261154724386, 8.59745985918, 0.146853381404)),
    (unsure_excluded, "jackknife", (0.8799685319295, 0.0350533483672, 11.491271491914),
     (0.02251549673232, 10.858293579296, 0.04000034589514)),
    (unsure_excluded, "unbiased", (0.8799685319295, 0.03848999659129, 16.704809986601),
     (0.02251037106235, 10.848409359972, 0.03998310042582)),
]  # fmt: skip


@pytest.mark.parametrize(("scores", "covariance", "area", "difference"), MRMCAOV)
def test_van_dyke_equals_mrmcaov(scores, covariance, area, difference):
    first, _, between = three_tests(scores(), covariance)

    assert (first.estimate, first.se, first.df) == pytest.approx(area, **EXACT)
    assert (between.se, between.df, between.p_value) == pytest.approx(difference, **EXACT)


def test_van_dyke_equals_the_published_iowa_output():
    """OR-DBM MRMC 2.51, trapezoidal area, jackknife, to its printed digits."""
    first, second, between = three_tests(crossed(), "jackknife")

    assert (round(first.estimate, 8), round(first.se, 7), round(first.df, 2)) == (0.89703704, 0.0331736, 12.74)
    assert (round(first.ci_low, 7), round(first.ci_high, 8)) == (0.8252236, 0.96885048)
    assert (round(second.estimate, 8), round(second.se, 8), round(second.df, 2)) == (0.94083736, 0.02156637, 12.71)
    assert (round(between.estimate, 8), round(between.t, 2)) == (-0.04380032, -2.11)
    assert (round(between.ci_low, 5), round(between.ci_high, 5)) == (-0.08796, 0.00036)
    assert (round(between.df, 2), round(between.p_value, 4)) == (15.26, 0.0517)


def test_against_chance_and_equivalence_equal_mrmcaov():
    """golden/mrmc/vandyke_expected.json, jackknife_RRRC, vs_chance of technique 1."""
    first, _, _ = three_tests(crossed(), "jackknife")
    tost = equivalence(first, margin=0.1, alpha=0.05)

    assert (first.t, first.p_value) == pytest.approx((11.9684650876, 2.66128778111e-08), **EXACT)
    assert (tost.p_lower, tost.p_upper) == pytest.approx((9.08235448292e-10, 0.999999629066), **EXACT)
    assert tost.p_tost == tost.p_upper
    assert tost.equivalent is False


GOLDEN_DESIGNS = {
    "{}_RRRC": crossed,
    "{}_positives_shared_negatives_nested": own_negatives,
    "{}_nested_in_treatment": own_cases,
    "balanced_accuracy_ge3_as_binary_AUC_{}": cut_at_3,
}


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("name", [*GOLDEN_DESIGNS, "unsure"])
def test_every_field_of_the_golden_files(golden: Path, name: str, covariance: str):
    if name == "unsure":
        document = json.loads((golden / "mrmc" / "vandyke_unsure_excluded_expected.json").read_text())
        expected, scores = document["results"][covariance], unsure_excluded()
    else:
        document = json.loads((golden / "mrmc" / "vandyke_expected.json").read_text())
        expected, scores = document["MRMCaov_0.3.0"][name.format(covariance)], GOLDEN_DESIGNS[name]()

    *areas, between = three_tests(scores, covariance)

    for test, values in zip([*areas, between], [*expected["test_means"], *expected["test_diffs"]], strict=True):
        low, high = values.get("CI") or (values["CI.Lower"], values["CI.Upper"])
        mine = (test.estimate, test.se, test.df, test.ci_low, test.ci_high)
        assert mine == pytest.approx((values["Estimate"], values["StdErr"], values["df"], low, high), **EXACT)
    assert (between.t, between.p_value) == pytest.approx((values["t"], values["p-value"]), **EXACT)


def test_the_carried_ratings_are_the_golden_ones(golden: Path):
    table = pd.read_csv(golden / "mrmc" / "vandyke.csv").sort_values(["truth", "case"])
    for (technique, reader), rows in table.groupby(["treatment", "reader"]):
        assert van_dyke.RATINGS[technique, reader] == "".join(rows["rating"].astype(str))


def imrmc_scores(golden: Path, name: str) -> dict[str, list[pd.DataFrame]]:
    """Return, per modality, the scores of positive and of negative cases, readers x cases."""
    table = pd.read_csv(golden / "mrmc" / f"imrmc_{name}.csv")
    truth = table[table["readerID"] == "truth"].set_index("caseID")["score"]
    table = table[table["readerID"] != "truth"].assign(truth=lambda rows: rows["caseID"].map(truth))
    return {
        modality: [
            rows[rows["truth"] == positive].pivot_table(index="readerID", columns="caseID", values="score")
            for positive in (1, 0)
        ]
        for modality, rows in table.groupby("modalityID")
    }


@pytest.mark.parametrize("name", ["R1", "R2", "R3", "R4"])
def test_areas_and_variances_per_reader_equal_imrmc(golden: Path, name: str):
    """R package iMRMC 2.1.2, perReader. Its pooled values of R1, R3 and R4 weight readers by their pairs."""
    document = json.loads((golden / "mrmc" / "imrmc_expected.json").read_text())
    expected = document[f"imrmc_{name}"]["R_2.1.2_rerun"]["perReader"]
    compared = 0
    for modality, (positive, negative) in imrmc_scores(golden, name).items():
        sums = pair_sums(positive.to_numpy(), negative.to_numpy())
        variance = np.diag(COVARIANCES["unbiased"](sums))
        for row in expected:
            if row["modalityA"] == modality and row["modalityB"] == "NO_MOD":
                reader = list(positive.index).index(row["readerID"])
                assert sums.auc[reader] == pytest.approx(row["AUCA"], **EXACT)
                assert variance[reader] == pytest.approx(row["varAUCA"], **EXACT)
                compared += 1
    assert compared == {"R1": 5, "R2": 10, "R3": 9, "R4": 10}[name]


def test_pooled_values_of_the_fully_crossed_set_equal_imrmc(golden: Path):
    """Java iMRMC 4.0.3, Ustat of R2: variance and Hillis' df; its p takes the whole part of df."""
    document = json.loads((golden / "mrmc" / "imrmc_expected.json").read_text())
    expected = document["imrmc_R2"]["java_4.0.3_reference"]["Ustat"]
    a, b = imrmc_scores(golden, "R2").values()
    positive, negative = (pd.concat(pair).to_numpy() for pair in zip(a, b, strict=True))

    tests = three_tests((positive, negative), "unbiased")

    for test, row, estimate, variance in zip(
        tests,
        expected,
        ("AUCA", "AUCA", "AUCAminusAUCB"),
        ("varAUCA", "varAUCA", "varAUCAminusAUCB"),
        strict=True,
    ):
        assert test.estimate == pytest.approx(row[estimate], **EXACT)
        assert test.se**2 == pytest.approx(row[variance], **EXACT)
        assert test.df == pytest.approx(row["dfHillis"], **EXACT)
    second, java = tests[1], expected[1]
    assert math.floor(second.df) == 35
    assert (second.p_value, second.ci_low) == pytest.approx((java["pValueHillis"], java["botCIHillis"]), rel=1e-4)


def random_scores(seed: int) -> Scores:
    """Return scores on a short scale (so with ties) of 4 cells, a fifth of them missing."""
    rng = np.random.default_rng(seed)
    scores = tuple(rng.integers(1, 5, size=(4, cases)).astype(float) for cases in (6, 7))
    for matrix in scores:
        matrix[rng.random(matrix.shape) < 0.2] = np.nan
    return scores


@pytest.mark.parametrize("most_levels", [0, 32], ids=["pairs compared", "levels counted"])
@pytest.mark.parametrize("seed", range(5))
def test_areas_and_covariances_equal_their_definitions(seed: int, most_levels: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("readerstudy.analysis.auc.MOST_LEVELS", most_levels)
    positive, negative = random_scores(seed)
    cells = [slow_reference.kernel(*scores) for scores in zip(positive, negative, strict=True)]

    sums = pair_sums(positive, negative)

    assert sums.auc == pytest.approx([slow_reference.area(cell) for cell in cells])
    assert COVARIANCES["unbiased"](sums) == pytest.approx(
        np.array([[slow_reference.unbiased_covariance(a, b) for b in cells] for a in cells])
    )
    assert COVARIANCES["jackknife"](sums) == pytest.approx(
        np.array(
            [[slow_reference.jackknife_covariance(a, b, n_positive=6, n_negative=7) for b in cells] for a in cells]
        )
    )


def test_the_unbiased_covariance_is_unbiased():
    """Over all samples of two positives and two negatives from a population, its mean is the variance."""
    population = np.array([1.0, 2.0, 4.0])
    estimates, areas = [], []
    for positive in np.stack(np.meshgrid(population + 1, population + 1), -1).reshape(-1, 2):
        for negative in np.stack(np.meshgrid(population, population), -1).reshape(-1, 2):
            sums: PairSums = pair_sums(positive[np.newaxis], negative[np.newaxis])
            estimates.append(COVARIANCES["unbiased"](sums)[0, 0])
            areas.append(sums.auc[0])
    assert np.mean(estimates) == pytest.approx(np.var(areas))


@pytest.mark.parametrize("pairs_per_block", [2000, 2**21])
@pytest.mark.parametrize("scores", [crossed, unsure_excluded, own_cases])
def test_counting_levels_and_comparing_pairs_give_the_same_sums(
    scores, pairs_per_block: int, monkeypatch: pytest.MonkeyPatch
):
    counted = pair_sums(*scores())
    monkeypatch.setattr("readerstudy.analysis.auc.MOST_LEVELS", 0)
    monkeypatch.setattr("readerstudy.analysis.auc.PAIRS_PER_BLOCK", pairs_per_block)
    compared = pair_sums(*scores())
    for name in ("total", "by_positive", "by_negative", "products"):
        assert (getattr(counted, name) == getattr(compared, name)).all()


def test_negative_cov2_counts_as_none():
    test = area_test(np.array([0.4, 0.7]), np.array([[0.1, -0.2], [-0.2, 0.1]]), alpha=0.05)
    mean_square = 0.045
    assert test.se == pytest.approx(math.sqrt(mean_square / 2))
    assert test.df == pytest.approx(1)


def test_intervals_stay_within_the_possible():
    test = area_test(np.array([0.5, 0.9]), np.zeros((2, 2)), alpha=0.05)
    assert (test.ci_low, test.ci_high) == (0, 1)


def test_one_reader_is_not_tested():
    test = area_test(np.array([0.8]), np.array([[0.01]]), alpha=0.05)
    assert test.estimate == 0.8
    assert test.p_value is None
    assert "at least two readers" in test.reason


@pytest.mark.parametrize("covariance", COVARIANCES)
@pytest.mark.parametrize("labels", [(1.0, 0.0), (1.0, 1.0)], ids=["all right", "all called real"])
def test_zero_variance_is_not_estimable(labels: tuple[float, float], covariance: str):
    sums = pair_sums(*(np.full((3, 7), label) for label in labels))
    test = area_test(sums.auc, COVARIANCES[covariance](sums), alpha=0.05)
    assert (test.se, test.df, test.p_value, test.ci_low) == (None, None, None, None)
    assert "do not vary" in test.reason
    assert equivalence(test, margin=0.1, alpha=0.05).equivalent is None


@pytest.mark.parametrize("covariance", COVARIANCES)
def test_one_case_of_a_class_is_too_few(covariance: str):
    sums = pair_sums(np.array([[2.0], [1.0]]), np.array([[1.0, 3.0, 2.0], [1.0, 0.0, 2.0]]))
    test = area_test(sums.auc, COVARIANCES[covariance](sums), alpha=0.05)
    assert test.estimate is not None
    assert test.p_value is None
    assert "Too few cases" in test.reason


def test_readers_of_equal_areas_are_tested_against_the_normal():
    test = area_test(np.array([0.7, 0.7]), np.full((2, 2), 0.01), alpha=0.05)
    assert test.df == math.inf
    assert (test.se, test.ci_high) == pytest.approx((0.1, 0.7 + 1.959964 * 0.1))


def test_equivalence_is_the_ninety_percent_interval_inside_the_margin():
    areas, covariance = np.array([0.48, 0.52, 0.50, 0.51]), np.full((4, 4), 1e-4)
    test = area_test(areas, covariance, alpha=0.10)
    half_width = test.ci_high - test.estimate
    offset = abs(test.estimate - 0.5)
    assert equivalence(test, margin=offset + half_width + 1e-9, alpha=0.05).equivalent is True
    assert equivalence(test, margin=offset + half_width - 1e-9, alpha=0.05).equivalent is False
