"""Against R's irr, irrCAC and published examples; their data stand here, a character an answer, "." for none."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.contingency_tables import SquareTable
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

from readerstudy.analysis.agreement import (
    NO_INTERVAL,
    NO_SHARED_CASE,
    ONE_CATEGORY,
    cohen,
    fleiss,
    gwet_ac1,
    krippendorff,
    percent_agreement,
    tally,
)
from readerstudy.analysis.reader_agreement import (
    agreement_summary,
    bowker,
    pairwise_agreement,
    repeat_agreement,
)

from .builders import answers, readings, study

EXACT = {"rel": 1e-6}  # the precision that golden/README.md states

# golden/fleiss1971_diagnoses.csv, 30 patients, 6 raters, 5 diagnoses (J. L. Fleiss, Psychol. Bull. 76 (1971) 378)
FLEISS_1971 = (
    "444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 222333 144444 224445 "
    "333335 111455 111112 224444 133555 555555 244444 224555 114444 144445 222224 111155 224444 133333 555555"
)
# golden/krippendorff2011_12units_4observers.csv; irrCAC's raw4raters holds the same
KRIPPENDORFF_2011 = "11.1 2232 3333 3333 2222 1234 4444 1121 2222 .555 ..11 ..3."
# golden/fleiss_wikipedia_counts.csv: 10 subjects, 14 raters, 5 categories
WIKIPEDIA = [
    [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
]  # fmt: skip


def categories(words: str) -> np.ndarray:
    return np.array([[-1 if answer == "." else int(answer) - 1 for answer in word] for word in words.split()])


def square(a: np.ndarray, b: np.ndarray, q: int) -> np.ndarray:
    table = np.zeros((q, q), dtype=int)
    np.add.at(table, (a, b), 1)
    return table


def test_fleiss_equals_irr():
    """R irr 0.84.1, kappam.fleiss: 0.43024452006, z 17.651830583; published 0.43."""
    found = fleiss(tally(categories(FLEISS_1971), 5))
    assert (found.value, found.value / found.se) == pytest.approx((0.43024452006, 17.651830583), **EXACT)
    assert fleiss(np.array(WIKIPEDIA, dtype=float)).value == pytest.approx(0.209930704422, **EXACT)


def test_cohen_equals_irr():
    """R irr 0.84.1, kappa2 of raters 1 and 2 of the same data: 0.651162790698."""
    raters = categories(FLEISS_1971)
    found = cohen(square(raters[:, 0], raters[:, 1], 5), alpha=0.05)
    assert found.value == pytest.approx(0.651162790698, **EXACT)
    assert found.ci_low < found.value < found.ci_high
    assert found.observed == pytest.approx(22 / 30)


@pytest.mark.parametrize(
    "table", [[[20, 5, 3], [2, 10, 7], [6, 1, 15]], [[9, 4], [1, 3]], [[0, 2, 1], [3, 5, 0], [1, 1, 9]]]
)
def test_the_standard_error_of_cohen_equals_that_of_statsmodels(table: list[list[int]]):
    expected = cohens_kappa(np.array(table))
    found = cohen(np.array(table), alpha=0.05)
    assert (found.value, found.se) == pytest.approx((expected.kappa, expected.std_kappa))
    assert (found.ci_low, found.ci_high) == pytest.approx((expected.kappa_low, expected.kappa_upp))


def test_krippendorff_equals_the_published_example():
    """K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011); R irr 0.84.1, kripp.alpha."""
    answered = categories(KRIPPENDORFF_2011)
    assert krippendorff(answered, 5).value == pytest.approx(0.743421052632, **EXACT)
    assert krippendorff(answered, 5, level="ordinal").value == pytest.approx(0.815387503755, **EXACT)


def test_gwet_equals_irrcac():
    """R irrCAC, gwet.ac1.raw(raw4raters): 0.77544, SE 0.14295, interval (0.461, 1), pa and pe."""
    found = gwet_ac1(tally(categories(KRIPPENDORFF_2011), 5), alpha=0.05)
    assert (round(found.value, 5), round(found.se, 5)) == (0.77544, 0.14295)
    assert (round(found.ci_low, 3), found.ci_high) == (0.461, 1)
    assert (found.observed, found.expected) == pytest.approx((0.818181818182, 0.190321180556), **EXACT)


def test_the_carried_answers_are_the_golden_ones(golden):
    names = pd.read_csv(golden / "fleiss1971_diagnoses.csv")
    assert " ".join("".join(name[0] for name in row) for row in names.to_numpy()) == FLEISS_1971
    for file in ("krippendorff2011_12units_4observers.csv", "gwet_raw4raters.csv"):
        table = pd.read_csv(golden / file).to_numpy()
        words = ["".join("." if np.isnan(answer) else f"{answer:.0f}" for answer in row) for row in table]
        assert " ".join(words) == KRIPPENDORFF_2011
    assert pd.read_csv(golden / "fleiss_wikipedia_counts.csv").to_numpy().tolist() == WIKIPEDIA
    document = json.loads((golden / "g02_agreement.json").read_text())
    anxiety = pd.read_csv(golden / "irr_anxiety.csv").to_numpy() - 1
    found = cohen(square(anxiety[:, 0], anxiety[:, 1], 6), alpha=0.05)
    assert found.value == pytest.approx(document["anxiety"]["kappa_12"], **EXACT)


def test_with_one_answer_everywhere_kappa_is_undefined_and_ac1_is_one():
    """golden/g02_agreement.json, degenerate_all_real: 5 raters call 10 cases real."""
    all_real = np.ones((10, 5), dtype=int)
    counts = tally(all_real, 2)
    for found in (fleiss(counts), krippendorff(all_real, 2), cohen(np.diag([0, 10]), alpha=0.05)):
        assert (found.value, found.reason) == (None, ONE_CATEGORY)
    assert percent_agreement(counts).value == 1
    ac1 = gwet_ac1(counts, alpha=0.05)
    assert (ac1.value, ac1.expected, ac1.ci_low, ac1.reason) == (1, 0, None, NO_INTERVAL)


def test_without_a_shared_case_nothing_is_estimable():
    apart = categories("1. .2")
    counts = tally(apart, 2)
    for found in (
        percent_agreement(counts),
        fleiss(counts),
        krippendorff(apart, 2),
        gwet_ac1(counts, alpha=0.05),
        cohen(np.zeros((2, 2), dtype=int), alpha=0.05),
    ):
        assert (found.value, found.reason) == (None, NO_SHARED_CASE)


matrices = st.lists(st.lists(st.integers(0, 2), min_size=3, max_size=3), min_size=2, max_size=12).map(np.array)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(matrices)
def test_against_other_implementations(answered):
    counts = tally(answered, 3)
    if fleiss(counts).value is not None:
        assert fleiss(counts).value == pytest.approx(fleiss_kappa(counts), abs=1e-12)
    pair = cohen(square(answered[:, 0], answered[:, 1], 3), alpha=0.05)
    if pair.value is not None:
        assert pair.value == pytest.approx(cohen_kappa_score(answered[:, 0], answered[:, 1]), abs=1e-12)
    for level in ("nominal", "ordinal"):
        alpha, slow = krippendorff(answered, 3, level=level), slow_alpha(answered, level)
        assert (alpha.value is None) == (slow is None)
        assert alpha.value is None or alpha.value == pytest.approx(slow, abs=1e-12)
    # neither the order of raters nor that of cases matters
    shuffled = answered[::-1, [2, 0, 1]]
    assert krippendorff(shuffled, 3).value == pytest.approx(krippendorff(answered, 3).value)
    ac1, other = gwet_ac1(counts, alpha=0.05), gwet_ac1(tally(shuffled, 3), alpha=0.05)
    assert ac1.value == pytest.approx(other.value)


def slow_alpha(answered: np.ndarray, level: str) -> float | None:
    """Return alpha from all pairs of answers, within cases and over all."""
    values = answered.ravel()
    totals = np.bincount(values, minlength=3)

    def squared(k: int, m: int) -> float:
        if level == "nominal":
            return float(k != m)
        low, high = sorted((k, m))
        return float(totals[low : high + 1].sum() - (totals[low] + totals[high]) / 2) ** 2

    within = [squared(a, b) for row in answered for i, a in enumerate(row) for j, b in enumerate(row) if i != j]
    overall = [squared(a, b) for i, a in enumerate(values) for j, b in enumerate(values) if i != j]
    return 1 - np.mean(within) / np.mean(overall) if np.mean(overall) else None


def test_bowker_equals_statsmodels_and_skips_pairs_that_do_not_occur():
    table = np.array([[20, 5, 3], [2, 10, 7], [6, 1, 15]])
    expected = SquareTable(table, shift_zeros=False).symmetry()
    found = bowker(table)
    assert (found["bowker"], found["bowker_p"]) == pytest.approx((expected.statistic, expected.pvalue))
    mcnemar = bowker(np.array([[5, 0, 9], [0, 0, 0], [2, 0, 4]]))
    assert (mcnemar["bowker"], mcnemar["bowker_df"]) == (pytest.approx(49 / 11), 1)
    assert mcnemar["bowker_p"] == pytest.approx(chi2.sf(49 / 11, 1))
    assert bowker(np.diag([3, 1, 2]))["bowker_p"] is None


def readers() -> pd.DataFrame:
    return study(
        answers("R1", real="RRUSN", G="SSR"),
        answers("R2", real="RRRSR", G="SRU"),
        answers("R3", real="RSRSR", G="SRS"),
    )


def test_the_summary_has_each_measure_and_says_on_how_many_cases():
    table = agreement_summary(readers(), alpha=0.05).query("organ == 'liver' and generator == 'G'")
    assert table["measure"].tolist() == ["percent", "fleiss", "krippendorff", "krippendorff-ordinal", "gwet-ac1"]
    assert table["n_cases"].tolist() == [8, 7, 8, 8, 8]  # one case lacks an answer of R1: not seen
    assert table["n_readers"].eq(3).all()
    pairs = [1, 1 / 3, 1 / 3, 1, 1, 1, 1 / 3, 0]
    assert table["value"].iloc[0] == pytest.approx(np.mean(pairs))


def test_pairs_of_readers_are_compared_on_the_cases_that_both_answered():
    table = pairwise_agreement(readers(), alpha=0.05).query("organ == 'all' and generator == 'all'")
    assert table[["reader_a", "reader_b", "n_cases"]].to_numpy().tolist() == [
        ["R1", "R2", 7], ["R1", "R3", 7], ["R2", "R3", 8]
    ]  # fmt: skip
    assert table["observed"].tolist() == pytest.approx([4 / 7, 3 / 7, 6 / 8])


def test_repeats_are_compared_with_the_first_reading():
    frame = readings(
        case_id=[*"abcdef", *"abcdef"],
        truth=["real"] * 12,
        label=["real"] * 5 + ["unsure"] + ["synthetic"] * 3 + ["real"] * 2 + ["unsure"],
        repeat_index=[0] * 6 + [1] * 6,
    )
    row = repeat_agreement(frame, alpha=0.05).iloc[0]
    assert (row["reader_id"], row["repeat_index"], row["n_cases"], row["n_changed"]) == ("R1", 1, 6, 3)
    assert row["observed"] == 0.5
    assert (row["bowker"], row["bowker_df"]) == (3, 1)
    assert repeat_agreement(readers(), alpha=0.05).empty


def test_one_reader_agrees_with_nobody():
    table = agreement_summary(answers("R1", real="RS", G="S"), alpha=0.05)
    assert table["value"].isna().all()
    assert set(table["reason"]) == {NO_SHARED_CASE}
    assert pairwise_agreement(answers("R1", real="RS"), alpha=0.05).empty
