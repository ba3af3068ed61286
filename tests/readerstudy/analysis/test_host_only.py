"""The host-only control: exact figures, checked by listing every outcome, and what is said of them."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from readerstudy.analysis.analysis import analyse
from readerstudy.analysis.counts import Cell
from readerstudy.analysis.frame import InvalidReadings, counted, readings_frame
from readerstudy.analysis.host_only import exact_test, exchange_test, host_only
from readerstudy.analysis.reporting.host_only import host_only_rows, host_only_sentences, tells_without_tumor
from tests.readerstudy.analysis import builders
from tests.readerstudy.analysis.builders import answers, study

N_REAL, N_SYNTHETIC = 6, 5


def hidden(reader="R1", **letters):
    """Return answers about host-only cases, a letter a case."""
    return readings_frame(answers(reader, **letters).assign(host_only=1, case_id=lambda one: "ball " + one["case_id"]))


def row(frame, reader="R1"):
    table = host_only(frame, alpha=0.05)
    return table.set_index("reader_id").loc[reader]


def test_answers_are_counted_and_unsure_ones_left_out():
    told = row(hidden(real="RRRSU", G="SSRN"))

    assert (told["n_readings"], told["n_unsure"]) == (9, 1)
    assert (told["tp"], told["fn"], told["tn"], told["fp"]) == (3, 1, 2, 1)
    assert told["balanced_accuracy"] == pytest.approx((3 / 4 + 2 / 3) / 2)


def test_an_arm_without_answers_has_its_reason_and_no_figure():
    told = row(hidden(real="RRU"))

    assert told["reason"] == "No synthetic case was answered real or synthetic."
    assert np.isnan([told["balanced_accuracy"], told["ci_low"], told["ci_high"], told["p_value"]]).all()
    (sentence,) = host_only_sentences(host_only(hidden(real="RRU"), alpha=0.05), alpha=0.05)
    assert sentence == "The host-only control says nothing: no synthetic case was answered real or synthetic."


def outcomes():
    for tp, tn in itertools.product(range(N_REAL + 1), range(N_SYNTHETIC + 1)):
        yield Cell(tp, N_REAL - tp, tn, N_SYNTHETIC - tn)


@pytest.fixture(scope="module")
def intervals():
    return {cell: exact_test(cell, alpha=0.05) for cell in outcomes()}


@pytest.mark.parametrize("sensitivity", [0.0, 0.1, 0.37, 0.5, 0.81, 1.0])
@pytest.mark.parametrize("specificity", [0.0, 0.23, 0.5, 0.74, 1.0])
def test_the_interval_covers_the_truth_whatever_it_is(intervals, sensitivity, specificity):
    truth = (sensitivity + specificity) / 2
    covered = sum(
        binom.pmf(cell.tp, N_REAL, sensitivity) * binom.pmf(cell.tn, N_SYNTHETIC, specificity)
        for cell, (low, high, _) in intervals.items()
        if low - 1e-5 <= truth <= high + 1e-5
    )
    assert covered >= 0.95


@pytest.mark.parametrize("bias", [0.0, 0.2, 0.5, 0.77, 1.0])
def test_a_reader_who_guesses_with_any_bias_is_seldom_accused(intervals, bias):
    accused = sum(
        binom.pmf(cell.tp, N_REAL, bias) * binom.pmf(cell.fp, N_SYNTHETIC, bias)
        for cell, (_, _, p) in intervals.items()
        if p < 0.05
    )
    assert accused <= 0.05


def test_interval_and_p_agree_and_mirror_each_other(intervals):
    for cell, (low, high, p) in intervals.items():
        assert (p < 0.05) == (not low < 0.5 < high)
        mirrored = intervals[Cell(cell.fn, cell.tp, cell.fp, cell.tn)]
        assert mirrored == pytest.approx((1 - high, 1 - low, p), abs=1e-5)


def test_six_of_six_in_both_arms_by_hand():
    low, high, p = exact_test(Cell(6, 0, 6, 0), alpha=0.05)

    assert p == pytest.approx(2 * 0.5**12)  # the greatest of s^6 (1 - s)^6
    assert low == pytest.approx(0.025 ** (1 / 12), abs=1e-4)  # the greatest of s^6 (2m - s)^6 is m^12
    assert high == 1.0


def test_of_all_readings_the_truth_is_exchanged_between_cases_as_listing_every_way_does():
    frame = study(hidden("R1", real="RRRS", G="SSRS"), hidden("R2", real="RRSU", G="SSSR"))
    called = {case: list(one["label"]) for case, one in frame.groupby("case_id")}

    def distance(real):
        share = [
            np.mean([np.mean([one == "real" for one in called[case] if one != "unsure"]) for case in cases])
            for cases in (real, called.keys() - real)
        ]
        return abs(share[0] - share[1])

    observed = distance(set(frame.loc[frame["truth"] == "real", "case_id"]))
    ways = [distance(set(real)) for real in itertools.combinations(called, 4)]
    exact = np.mean([one >= observed - 1e-9 for one in ways])

    balanced_accuracy, low, high, p = exchange_test(frame, alpha=0.05)
    assert p == pytest.approx(exact, abs=0.015)
    assert balanced_accuracy == pytest.approx((1 + observed) / 2)
    assert low < balanced_accuracy < high


@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_the_interval_of_all_readings_covers_the_truth_as_often_as_it_says(spread):
    """Each case has a chance of its own to be taken rightly, .7 on average; six readers answer by it."""
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(100):
        chances = 0.7 + spread * rng.choice([-1, 1], 16)
        frame = pd.DataFrame(
            {
                "case_id": str(n),
                "organ": "liver",
                "truth": truth,
                "label": truth if rng.random() < chance else {"real": "synthetic", "synthetic": "real"}[truth],
            }
            for n, (truth, chance) in enumerate(zip(["real", "synthetic"] * 8, chances, strict=True))
            for _reader in range(6)
        )
        _, low, high, _ = exchange_test(frame, alpha=0.05)
        covered += low <= 0.7 <= high
    assert covered >= 93


def test_interval_and_p_of_all_readings_agree():
    for real, synthetic in itertools.product(("RRRRRR", "RRRRSS", "RRSSSS"), repeat=2):
        frame = hidden(real=real, G=synthetic)
        _, low, high, p = exchange_test(frame, alpha=0.05)
        assert (p < 0.05) == (not low <= 0.5 <= high)


def test_ten_readers_who_agree_are_no_more_than_one():
    """All of them take the same 6 of 8 cases rightly: counted as independent that were 60 of 80, p < .001."""
    frame = study(*(hidden(f"R{n}", real="RRRS", G="SSSR") for n in range(10)))

    table = host_only(frame, alpha=0.05).set_index("reader_id")

    assert table.loc["all", "balanced_accuracy"] == 0.75
    assert table.loc["all", "p_value"] > 0.3
    assert table.loc["all", "ci_low"] < 0.5
    assert not tells_without_tumor(table.reset_index(), alpha=0.05)


def test_readers_p_are_corrected_for_their_number():
    frame = study(hidden("R1", real="RRRRRS", G="SSSSSS"), hidden("R2", real="RSRSRS", G="SRSRSR"))

    table = host_only(frame, alpha=0.05).set_index("reader_id")

    assert table.loc["R1", "p_holm"] == pytest.approx(2 * table.loc["R1", "p_value"])
    assert np.isnan(table.loc["all", "p_holm"])


@pytest.mark.parametrize(
    ("frames", "meaning"),
    [
        (
            [hidden("R1", real="R" * 12, G="S" * 12)],
            "Readers told the arms apart without seeing the tumour: something other than the tumour tells. Each "
            "taken alone, these did: R1.",
        ),
        (
            [hidden("R1", real="S" * 12, G="R" * 12)],
            "Readers took each arm for the other without seeing the tumour: something other than the tumour tells. "
            "Each taken alone, these did: R1.",
        ),
        (
            [hidden("R1", real="R" * 9, G="S" * 9), hidden("R2", real="S" * 9, G="R" * 9)],
            "R1, R2 answered otherwise than by chance without seeing the tumour: something other than the tumour "
            "tells.",
        ),
        (
            [hidden("R1", real="RS" * 6, G="RS" * 6)],
            "That readers can tell the arms apart without seeing the tumour is not shown; a balanced accuracy of up "
            "to 70.9 % is not excluded.",
        ),
    ],
)
def test_what_is_said(frames, meaning):
    table = host_only(study(*frames), alpha=0.05)

    (sentence,) = host_only_sentences(table, alpha=0.05)

    assert sentence.startswith("Host-only control: with the tumour hidden, balanced accuracy was ")
    assert sentence.endswith(meaning)
    assert tells_without_tumor(table, alpha=0.05) == ("something other" in meaning)


def test_nothing_is_said_where_none_was_read():
    table = host_only(answers("R1", real="RS", G="RS"), alpha=0.05)

    assert table.empty
    assert host_only_sentences(table, alpha=0.05) == []
    assert host_only_rows(table) == []
    assert not tells_without_tumor(table, alpha=0.05)


def test_rows_are_in_words():
    last = host_only_rows(host_only(study(hidden("R10", real="RS", G="SS"), hidden("R2", real="R", G="U")), alpha=0.05))

    assert [one.reader for one in last] == ["R2", "R10", "All readings"]
    assert (last[1].right_real, last[1].right_synthetic, last[1].percent) == ("1 of 2", "2 of 2", "75.0 %")
    assert last[0].p == "No synthetic case was answered real or synthetic."


def test_they_enter_no_other_figure():
    plain = study(*(answers(f"R{n}", real="RRSR" * 3, G="SSRS" * 3) for n in range(3)))
    with_hidden = study(plain, *(hidden(f"R{n}", real="RRRR", G="SSSS") for n in range(3)))

    without, withal = (analyse(frame, replicates=50).document for frame in (plain, with_hidden))

    assert counted(with_hidden).reset_index(drop=True).equals(plain)
    assert (withal["n_host_only"], without["n_host_only"]) == (24, 0)
    assert withal["host_only"][-1]["p_value"] < 0.05
    assert any("24 readings of host-only cases" in warning for warning in withal["warnings"])
    apart = {"host_only", "n_host_only", "warnings"}
    assert {name: value for name, value in withal.items() if name not in apart} == {
        name: value for name, value in without.items() if name not in apart
    }


def test_a_case_is_host_only_or_a_positive_control_and_for_all_readers_alike():
    with pytest.raises(
        InvalidReadings, match="column host_only: '1' for a positive control; a case is one or the other"
    ):
        builders.readings(truth=["synthetic"], label=["real"], control=[1], host_only=[1])
    with pytest.raises(InvalidReadings, match="column host_only: '2' is neither 0 nor 1"):
        builders.readings(truth=["real"], label=["real"], host_only=[2])
    with pytest.raises(InvalidReadings, match="a case has one host_only"):
        builders.readings(reader_id=["R1", "R2"], case_id="c", truth="real", label="real", host_only=[1, 0])
