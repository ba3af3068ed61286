"""Rejections arm by arm, and what is said of arms that were not treated alike."""

import pandas as pd
import pytest
from scipy import stats

from readerstudy.analysis.gallery import gallery_rates, reviewed_unequally
from readerstudy.analysis.reporting.gallery import gallery_sentences


def rates(*rows):
    columns = ["truth", "generator", "n_cases", "n_reviewed", "n_shown", "n_rejected"]
    return gallery_rates(pd.DataFrame(rows, columns=columns))


def test_each_generator_is_tested_against_the_real_cases():
    table = rates(("synthetic", "b", 30, 30, 45, 15), ("real", "", 30, 30, 31, 1), ("synthetic", "a", 30, 30, 30, 0))

    assert list(table["generator"]) == ["", "a", "b"]
    assert table["share"].tolist() == pytest.approx([1 / 31, 0, 15 / 45])
    assert pd.isna(table["p_value"][0])
    assert table["p_value"][2] == pytest.approx(stats.fisher_exact([[15, 30], [1, 30]])[1])


def test_an_arm_that_was_sifted_is_named():
    said = gallery_sentences(rates(("real", "", 30, 30, 31, 1), ("synthetic", "gan", 30, 30, 45, 15)))

    assert said == [
        "Before opening, staff blinded to the arms reviewed 60 of 60 cases. "
        "Rejected and replaced: real 1 of 31 (3.2 %); gan 15 of 45 (33.3 %).",
        "Cases by gan were not rejected as often as real ones (Fisher's exact test, p = 0.001): what readers saw of "
        "one arm may be its better part.",
    ]


def test_an_arm_that_was_looked_at_more_is_told():
    table = rates(("real", "", 30, 0, 0, 0), ("synthetic", "gan", 30, 30, 30, 0))

    assert reviewed_unequally(table)
    assert gallery_sentences(table)[-1].startswith("The arms were not reviewed alike")
    assert not reviewed_unequally(rates(("real", "", 30, 28, 28, 0), ("synthetic", "gan", 30, 30, 30, 0)))


def test_nothing_shown_has_no_share():
    table = rates(("real", "", 3, 0, 0, 0), ("synthetic", "gan", 3, 0, 0, 0))

    assert table[["share", "p_value"]].isna().all(axis=None)
    assert gallery_sentences(table) == ["No case was reviewed in the gallery before opening."]
