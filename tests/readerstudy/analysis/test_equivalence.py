import pandas as pd
import pytest
from scipy.stats import binom

from readerstudy.analysis.binomial_planning import (
    SampleSizes,
    binomial_power_curve,
    equivalence_power,
    equivalence_region,
    equivalence_sample_sizes,
    superiority_power,
    superiority_region,
    superiority_sample_sizes,
)
from readerstudy.analysis.controls import positive_controls
from readerstudy.analysis.counts import counts
from readerstudy.analysis.equivalence import found_by_all, rates_of, reader_equivalence, tost_against_chance

from .builders import answers, readings, study
from .table3_golden import CELLS

EXACT = {"rel": 1e-6}  # the precision that golden/README.md states


def with_controls(frame: pd.DataFrame, labels: str = "SSSS") -> pd.DataFrame:
    """Add positive controls that the frame's one reader answers so."""
    control = answers("R1", CONTROL=labels).assign(control=1)
    return study(frame, control)


def only_row(frame: pd.DataFrame, *, margin: float = 0.1) -> pd.Series:
    controls = positive_controls(frame, alpha=0.05)
    table = reader_equivalence(counts(frame), controls, margin=margin, alpha=0.05)
    return table[(table["organ"] == "liver") & (table["generator"] == "G")].iloc[0]


# golden/g04_binomial_tost.csv, R 4.2.2 pbinom: right, answered → both one-sided p at ±.10, then TOST at .15 and .20
TOST = [
    ((17, 41), (0.483032861720646, 0.0125693639185363), 0.238330404391499, 0.0788630080093001),
    ((25, 60), (0.444224427250264, 0.0031188431852561), 0.171354788261912, 0.0362375194673159),
    ((42, 100), (0.377467323877828, 0.00020905798969305), 0.0876780984832941, 0.0071735625993735),
]


@pytest.mark.parametrize(("cell", "one_sided", "at_15", "at_20"), TOST)
def test_the_exact_equivalence_test_equals_r(cell, one_sided, at_15, at_20):
    tenth, wider, widest = (tost_against_chance(*cell, margin=margin, alpha=0.05) for margin in (0.1, 0.15, 0.2))
    assert (tenth.p_lower, tenth.p_upper) == pytest.approx(one_sided, **EXACT)
    assert tenth.p_tost == max(tenth.p_lower, tenth.p_upper)
    assert (wider.p_tost, widest.p_tost) == pytest.approx((at_15, at_20), **EXACT)
    assert (tenth.equivalent, widest.equivalent) == (False, at_20 < 0.05)


def test_every_golden_row_of_the_equivalence_test(golden):
    for row in pd.read_csv(golden / "g04_binomial_tost.csv").itertuples():
        for margin, name in ((0.1, "tost10"), (0.15, "tost15"), (0.2, "tost20")):
            mine = tost_against_chance(row.k, row.n, margin=margin, alpha=0.05)
            assert mine.p_tost == pytest.approx(getattr(row, name), **EXACT)


@pytest.mark.parametrize("name", CELLS)
def test_published_cells_do_not_pass(name: str):
    row = only_row(answers("R1", **CELLS[name]["answers"]))
    assert row["p_tost"] == pytest.approx(CELLS[name]["p_tost"], **EXACT)
    assert not row["indistinguishable"]
    answered = row["n_answered"]
    assert f"with {answered} answers it never could: 76 make it possible, 227 give 80 % power" in row["verdict"]


def test_a_guesser_who_finds_the_controls_is_shown_not_to_tell():
    row = only_row(with_controls(answers("R1", real="RS" * 120, G="RS" * 120)))
    assert row["indistinguishable"]
    assert row["verdict"] == "Indistinguishable at ±0.10."


def test_who_calls_everything_real_passes_the_test_but_is_not_said_to_be_unable_to_tell():
    row = only_row(with_controls(answers("R1", real="R" * 120, G="R" * 120)))
    assert row["equivalent"]
    assert not row["indistinguishable"]
    assert row["verdict"] == (
        "Not shown to be indistinguishable at ±0.10: reader R1 called 100 % of the real cases real, outside 10–90 %; "
        "reader R1 called 100 % of the synthetic cases real, outside 10–90 %."
    )


def test_without_positive_controls_nothing_is_indistinguishable():
    guesser = answers("R1", real="RS" * 120, G="RS" * 120)
    assert only_row(guesser)["verdict"].endswith("no positive controls were read.")
    missed = only_row(with_controls(guesser, "SSUN"))
    assert missed["verdict"].endswith("the positive controls were not found.")
    assert not missed["indistinguishable"]


def test_unequal_classes_do_not_hide_a_reader_who_tells():
    """H = .5, F = .1: accuracy .54 of 220 answers is equivalent to ½ at ±.15, balanced accuracy .70 is not."""
    row = only_row(with_controls(answers("R1", real="RS" * 100, G="S" * 18 + "RR")), margin=0.15)
    assert row["equivalent"]
    assert not row["indistinguishable"]
    assert "interval of the balanced accuracy is 0.6" in row["verdict"]


def test_no_answer_is_not_estimable():
    row = only_row(answers("R1", real="UU", G="UU"))
    assert row[["p_lower", "p_tost", "hit_rate"]].isna().all()
    assert row["reason"] == "No case was answered real or synthetic."
    assert "the equivalence test is not estimable" in row["verdict"]
    assert "reader R1 answered no real cases" in row["verdict"]


def test_controls_are_counted_per_reader_and_together():
    frame = readings(
        reader_id=["R1", "R1", "R1", "R2", "R1"],
        case_id=["a", "b", "c", "a", "a"],
        truth="synthetic",
        label=["synthetic", "unsure", "real", "synthetic", "real"],
        control=[1, 1, 0, 1, 1],
        repeat_index=[0, 0, 0, 0, 1],
    )
    table = positive_controls(frame, alpha=0.05)
    assert table[["reader_id", "n_read", "n_found", "found"]].to_numpy().tolist() == [
        ["R1", 2, 1, False],
        ["R2", 1, 1, True],
        ["all", 3, 2, False],
    ]
    assert found_by_all(table) is False
    assert found_by_all(positive_controls(answers("R1", real="R"), alpha=0.05)) is None


def test_rates_are_of_each_reader():
    table = counts(study(answers("R1", real="RRSU", G="SR"), answers("R2", real="U", G="S")))
    rates = rates_of(table, organ="all", generator="G")
    assert [rate.reader for rate in rates] == ["R1", "R2"]
    assert (rates[0].hit_rate, rates[0].false_alarm_rate) == (2 / 3, 0.5)
    assert rates[0].within
    assert not rates[1].within


# golden/g10c_tost_min_n.json, R 4.2.2: exact regions over all n
@pytest.mark.parametrize(
    ("margin", "sizes"),
    [(0.05, (290, 861, 888)), (0.1, (76, 214, 227)), (0.15, (36, 96, 100)), (0.2, (20, 53, 57))],
)
def test_answers_that_equivalence_needs(margin: float, sizes: tuple[int, int, int]):
    assert equivalence_sample_sizes(margin=margin) == SampleSizes(*sizes)


def test_no_number_of_answers_is_enough_where_the_truth_lies_outside():
    sizes = equivalence_sample_sizes(margin=0.1, accuracy=0.65)
    assert sizes == SampleSizes(76, None, None)
    assert superiority_sample_sizes(accuracy=0.5) == SampleSizes(6, None, None)


def test_answers_that_superiority_needs_are_the_least_that_do():
    sizes = superiority_sample_sizes(accuracy=0.65)
    powers = superiority_power(range(1, 300), accuracy=0.65)
    assert powers[sizes.first_with_power - 2] < 0.8 <= powers[sizes.first_with_power - 1]
    assert (powers[: sizes.first_with_power - 1] < 0.8).all()
    assert (powers[sizes.always_with_power - 1 :] >= 0.8).all()
    assert powers[sizes.always_with_power - 2] < 0.8


# golden/g10a and g10b, R 4.2.2
def test_power_equals_r():
    least, greatest = equivalence_region([68, 80, 200], margin=0.1, alpha=0.05)
    assert (least[0] > greatest[0], least[1], greatest[1], least[2], greatest[2]) == (True, 40, 40, 92, 108)
    assert equivalence_power([68, 80, 200], margin=0.1) == pytest.approx(
        [0, 0.0889278787739072, 0.770753402740284], **EXACT
    )
    assert equivalence_power([200], margin=0.1, accuracy=0.55) == pytest.approx([0.410364359688197], **EXACT)
    assert superiority_region([90], alpha=0.05) == (35, 55)
    assert superiority_power([90], accuracy=0.65) == pytest.approx([0.81228808472311], **EXACT)


def test_every_golden_row_of_power(golden):
    for row in pd.read_csv(golden / "g10a_power_exact_tost.csv").itertuples(index=False):
        for accuracy, expected in ((0.5, row[4]), (0.55, row[5])):
            mine = equivalence_power([row.n], margin=row.margin, accuracy=accuracy)
            assert mine == pytest.approx([expected], **EXACT)
    for n, lower, upper, *expected in pd.read_csv(golden / "g10b_power_exact_binomial_vs_half.csv").to_numpy():
        assert superiority_region([n], alpha=0.05) == (lower, upper)
        mine = [superiority_power([n], accuracy=accuracy)[0] for accuracy in (0.5, 0.6, 0.65, 0.7)]
        assert mine == pytest.approx(expected, **EXACT)


def test_the_curve_adds_up_the_outcomes_that_pass():
    curve = binomial_power_curve([90], margin=0.1, accuracy=0.65)
    passing = [k for k in range(91) if tost_against_chance(k, 90, margin=0.1, alpha=0.05).equivalent]
    assert curve["equivalence"][0] == pytest.approx(binom.pmf(passing, 90, 0.5).sum())
    assert curve["superiority"][0] == pytest.approx(0.81228808472311, **EXACT)
