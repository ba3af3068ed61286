"""The figures that are made of one reader's counts: discrimination, detection, chance and unsure."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.metrics import balanced_accuracy_score, matthews_corrcoef, roc_auc_score

from readerstudy.analysis.chance import BINOMIAL, FISHER, against_chance
from readerstudy.analysis.counts import NO_ANSWER, NO_REAL, NO_SYNTHETIC, counts
from readerstudy.analysis.detection import NO_BIAS, TO_REAL, TO_SYNTHETIC, signal_detection
from readerstudy.analysis.discrimination import ONE_ANSWER, discrimination
from readerstudy.analysis.unsure import unsure_policies, unsure_rates

from .builders import answers, study
from .table3_golden import CELLS

EXACT = {"rel": 1e-6}  # the precision that golden/README.md states


def of(table: pd.DataFrame, **wanted: object) -> pd.Series:
    """Return the one row of reader R1 and generator G in the liver."""
    wanted = {"reader_id": "R1", "organ": "liver", "generator": "G", **wanted}
    rows = table[np.logical_and.reduce([table[name] == value for name, value in wanted.items()])]
    assert len(rows) == 1
    return rows.iloc[0]


@pytest.mark.parametrize("name", CELLS)
def test_the_published_cells_equal_r(name: str):
    expected, table = CELLS[name], counts(answers("R1", **CELLS[name]["answers"]))

    both = of(discrimination(table, alpha=0.05))
    assert both["balanced_accuracy"] == pytest.approx(expected["balanced_accuracy"], **EXACT)
    assert tuple(both[["youden_j", "youden_j_low", "youden_j_high"]]) == pytest.approx(expected["youden_j"], **EXACT)
    assert both["balanced_accuracy_low"] == pytest.approx((1 + expected["youden_j"][1]) / 2, **EXACT)
    assert both["mcc"] == pytest.approx(expected["mcc"], **EXACT)
    detection = of(signal_detection(table, alpha=0.05))
    assert tuple(detection[["d_prime", "d_prime_low", "d_prime_high"]]) == pytest.approx(expected["d_prime"], **EXACT)
    assert detection["criterion"] == pytest.approx(expected["criterion"], **EXACT)
    chance = of(against_chance(table))
    assert tuple(chance[["binomial_p", "fisher_p"]]) == pytest.approx(
        (expected["binomial_p"], expected["fisher_p"]), **EXACT
    )
    rates = of(unsure_rates(table, alpha=0.05))
    assert tuple(rates[["rate", "rate_low", "rate_high"]]) == pytest.approx(expected["unsure_rate"], **EXACT)
    assert rates["fisher_p"] == pytest.approx(expected["unsure_fisher_p"], **EXACT)
    wrong = of(unsure_policies(table, alpha=0.05), unsure_policy="wrong")
    assert tuple(wrong[["sensitivity", "specificity", "accuracy", "accuracy_low", "accuracy_high"]]) == pytest.approx(
        expected["wrong"], **EXACT
    )


# golden/g05_sdt_loglinear.csv, R 4.2.2: tp, fn, tn, fp → H, F, d', c, and the limits of d'
DETECTION = [
    ((25, 0, 0, 25), (0.980769230769231, 0.980769230769231, 0, -2.06990183089505),
     (-1.59409447040739, 1.59409447040739)),
    ((25, 0, 25, 0), (0.980769230769231, 0.0192307692307692, 4.1398036617901, 0), (2.54570919138271, 5.73389813219749)),
    ((20, 5, 15, 10), (0.788461538461538, 0.403846153846154, 1.04449870709258, -0.278845175735659),
     (0.315595292377002, 1.77340212180816)),
    ((26, 0, 1, 33), (0.981481481481482, 0.957142857142857, 0.366904022640804, -1.90190355471143),
     (-0.97450859850549, 1.7083166437871)),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "values", "limits"), DETECTION)
def test_signal_detection_equals_r(cell, values, limits):
    tp, fn, tn, fp = cell
    row = of(signal_detection(counts(answers("R1", real="R" * tp + "S" * fn, G="S" * tn + "R" * fp)), alpha=0.05))
    assert tuple(row[["hit_rate", "false_alarm_rate", "d_prime", "criterion"]]) == pytest.approx(
        values, rel=1e-6, abs=1e-12
    )
    assert tuple(row[["d_prime_low", "d_prime_high"]]) == pytest.approx(limits, **EXACT)


def test_every_golden_row_of_signal_detection(golden):
    for row in pd.read_csv(golden / "g05_sdt_loglinear.csv").itertuples():
        frame = answers("R1", real="R" * row.tp + "S" * row.fn, G="S" * row.tn + "R" * row.fp)
        mine = of(signal_detection(counts(frame), alpha=0.05))
        assert mine["d_prime"] == pytest.approx(row.dprime, rel=1e-6, abs=1e-12)
        assert mine["criterion"] == pytest.approx(row.criterion_c, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(
    ("real", "synthetic", "bias"),
    [("R" * 25, "R" * 25, TO_REAL), ("S" * 25, "S" * 25, TO_SYNTHETIC), ("R" * 25, "S" * 25, NO_BIAS)],
)
def test_a_bias_is_named_where_the_criterion_shows_one(real: str, synthetic: str, bias: str):
    assert of(signal_detection(counts(answers("R1", real=real, G=synthetic)), alpha=0.05))["bias"] == bias


@pytest.mark.parametrize(
    ("real", "synthetic", "reason"),
    [("RS", "UU", NO_SYNTHETIC), ("UN", "SR", NO_REAL), ("U", "U", NO_ANSWER), ("", "S", NO_REAL)],
)
def test_a_class_without_an_answer_is_not_estimable(real: str, synthetic: str, reason: str):
    table = counts(answers("R1", real=real, G=synthetic))
    both, detection, chance = (
        of(made)
        for made in (discrimination(table, alpha=0.05), signal_detection(table, alpha=0.05), against_chance(table))
    )
    assert (both["reason"], detection["reason"], chance["reason"]) == (reason, reason, reason)
    assert both[["balanced_accuracy", "youden_j_low", "mcc"]].isna().all()
    assert detection[["hit_rate", "d_prime", "criterion", "criterion_high"]].isna().all()
    assert detection["bias"] == ""
    assert math.isnan(chance["fisher_p"])
    assert chance["test"] == ""
    assert of(unsure_policies(table, alpha=0.05), unsure_policy="exclude")["reason"] == reason


def test_everything_called_real_has_no_coefficient():
    row = of(discrimination(counts(answers("R1", real="RR", G="RR")), alpha=0.05))
    assert row["balanced_accuracy"] == 0.5
    assert math.isnan(row["mcc"])
    assert row["mcc_reason"] == ONE_ANSWER


def test_fisher_stands_where_the_classes_are_unequal():
    equal = of(against_chance(counts(answers("R1", real="RRRRSU", G="SSSSR"))))
    assert (equal["test"], equal["p_value"]) == (BINOMIAL, equal["binomial_p"])
    unequal = of(against_chance(counts(answers("R1", real="RRRRSU", G="SSSS"))))
    assert (unequal["test"], unequal["p_value"]) == (FISHER, unequal["fisher_p"])


def test_policies_stand_side_by_side():
    """Real RRU, synthetic SUU: of the nine pairs seven are won, two tie."""
    table = unsure_policies(counts(answers("R1", real="RRU", G="SUU")), alpha=0.05)
    rows = [of(table, unsure_policy=policy) for policy in ("exclude", "wrong", "middle")]
    assert list(table["unsure_policy"][:3]) == ["exclude", "wrong", "middle"]
    assert [row["balanced_accuracy"] for row in rows] == pytest.approx([1, (2 / 3 + 1 / 3) / 2, (7 + 2 / 2) / 9])
    assert [row["accuracy"] for row in rows[:2]] == pytest.approx([1, 3 / 6])
    assert math.isnan(rows[2]["sensitivity"])
    assert "no single sensitivity" in rows[2]["reason"]


def test_unsure_rates_need_both_classes():
    row = of(unsure_rates(counts(answers("R1", G="SU")), alpha=0.05))
    assert (row["n_unsure"], row["rate"], row["rate_synthetic"]) == (1, 0.5, 0.5)
    assert math.isnan(row["rate_real"])
    assert math.isnan(row["fisher_p"])
    assert row["reason"] == "The reader read no real or no synthetic case."


letters = st.text("RSU", min_size=1, max_size=9)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(letters, letters)
def test_against_other_implementations(real: str, synthetic: str):
    table = counts(answers("R1", real=real, G=synthetic))
    truth = np.array([1] * len(real) + [0] * len(synthetic))
    given_answers = np.array(list(real + synthetic))
    answered = given_answers != "U"
    called_real = (given_answers == "R").astype(int)
    middle = of(unsure_policies(table, alpha=0.05), unsure_policy="middle")
    scale = np.select([given_answers == "R", given_answers == "U"], [1, 0.5], 0)
    assert middle["balanced_accuracy"] == pytest.approx(roc_auc_score(truth, scale))

    both = of(discrimination(table, alpha=0.05))
    if both["reason"] == "":
        assert both["balanced_accuracy"] == pytest.approx(
            balanced_accuracy_score(truth[answered], called_real[answered])
        )
    if both["mcc_reason"] == "":
        assert both["mcc"] == pytest.approx(matthews_corrcoef(truth[answered], called_real[answered]))
    chance = of(against_chance(table))
    k, n = int((truth == called_real)[answered].sum()), int(answered.sum())
    two_sided = 1.0 if 2 * k == n else 2 * binom.cdf(min(k, n - k), n, 0.5)
    assert n == 0 or chance["binomial_p"] == pytest.approx(two_sided)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(letters, letters)
def test_swapping_both_truth_and_labels_changes_nothing_but_the_bias_side(real: str, synthetic: str):
    swap = str.maketrans("RS", "SR")
    one = counts(answers("R1", real=real, G=synthetic))
    other = counts(answers("R1", real=synthetic.translate(swap), G=real.translate(swap)))
    for name in ("balanced_accuracy", "youden_j_low", "youden_j_high", "mcc"):
        mine, mirrored = (of(discrimination(table, alpha=0.05))[name] for table in (one, other))
        assert mine == pytest.approx(mirrored, nan_ok=True)
    a, b = (of(signal_detection(table, alpha=0.05)) for table in (one, other))
    assert (a["d_prime"], a["criterion"]) == pytest.approx((b["d_prime"], -b["criterion"]), nan_ok=True, abs=1e-12)
    assert of(against_chance(one))["p_value"] == pytest.approx(of(against_chance(other))["p_value"], nan_ok=True)


def test_pooled_readers_get_no_test_that_takes_answers_as_independent():
    table = counts(study(answers("R1", real="RS", G="SR"), answers("R2", real="RR", G="SS")))
    for made in (discrimination(table, alpha=0.05), signal_detection(table, alpha=0.05), against_chance(table)):
        assert set(made["reader_id"]) == {"R1", "R2"}
