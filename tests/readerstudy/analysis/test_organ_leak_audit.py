"""The leak audit of organ recognition: organs are compared, and real tumours only with real ones."""

import pytest

from readerstudy.analysis.leak_audit import TooFewCases, audit_leaks
from tests.readerstudy.analysis.test_leak_audit import FEATURES, alike

ORGANS = ("liver", "pancreas", "kidney")


def audit(cases):
    return audit_leaks(cases, FEATURES, of_organs=True, permutations=999)


def test_a_feature_that_tells_an_organ_is_found_and_named():
    cases = alike(arm=30, organs=ORGANS)
    cases["NON_PIXEL 3"] += 2.33 * (cases["organ"] == "kidney")

    result = audit(cases)

    assert "kidney against other" in {one.where for one in result.results if one.found}
    assert result.conclusion == "The organs can be told apart by more than the tumours' look: non-pixel."
    assert any(
        one.startswith("non-pixel, kidney against other: non-pixel 3: higher in kidney cases (median of kidney ")
        for one in result.findings
    )
    told = result.to_json()
    assert {one["positive"] for one in told["results"]} == set(ORGANS)


def test_where_nothing_tells_it_says_what_it_could_have_found():
    result = audit(alike(arm=30, organs=ORGANS, seed=4))

    assert not result.found
    assert result.conclusion.startswith(
        "No tell was found in 20 kidney, 20 liver and 20 pancreas cases, which does not"
    )


def test_what_tells_real_from_synthetic_tells_no_organ():
    cases = alike(arm=45, organs=ORGANS, seed=2)
    synthetic = cases["truth"] == "synthetic"
    few = cases[~((cases["organ"] == "liver") & synthetic & (cases.groupby("organ").cumcount() % 3 > 0))].copy()
    few["NON_PIXEL 3"] += 5 * (few["truth"] == "synthetic")  # and the liver has few synthetic cases

    result = audit(few)

    assert not any(tell.feature == "NON_PIXEL 3" for one in result.results for tell in one.tells)


def test_two_organs_are_compared_once():
    result = audit(alike(arm=20, organs=("liver", "kidney")))

    assert {one.where for one in result.results} == {"kidney against liver"}


def test_too_few_cases_are_said_by_organ():
    with pytest.raises(TooFewCases) as caught:
        audit(alike(arm=4, organs=("liver", "kidney")))

    assert str(caught.value) == (
        "4 kidney and 4 liver cases are too few to audit: 8 patients of an organ and as many of others are needed."
    )


def test_three_organs_are_counted_in_a_list():
    with pytest.raises(TooFewCases, match=r"^2 kidney, 4 liver and 2 pancreas cases are too few"):
        audit(alike(arm=4, organs=("liver", "pancreas", "kidney")))


def test_an_organ_with_too_few_is_named():
    cases = alike(arm=45, organs=ORGANS)
    few = cases[(cases["organ"] != "liver") | (cases.groupby("organ").cumcount() < 5)]

    assert "Not compared by itself, since it has too few patients: liver." in audit(few).notes
