"""Sentences say what the figures say, and never that nothing can be told."""

import copy

import pytest

from readerstudy.analysis.radiomics.experiment import run_experiment
from readerstudy.analysis.radiomics.words import headline, learnt_by_heart, methods, notes
from tests.readerstudy.analysis.radiomics.builders import feature_table


@pytest.fixture(scope="module")
def found():
    return run_experiment(feature_table(patients=36, organ_shift=4.0), permutations=3)


def test_headline_says_told_apart_only_where_p_says_so(found):
    told = copy.deepcopy(found["questions"][0])
    told["p_value"] = 0.005
    chance = {**told, "p_value": 0.4}

    assert headline(told, alpha=0.05).startswith("These features tell the organ: a machine is right on ")
    assert "guessing is right on 33.3 % (p = 0.005)." in headline(told, alpha=0.05)
    assert headline(chance, alpha=0.05).startswith("No sign that these features tell the organ: ")
    assert headline(chance, alpha=0.05).endswith("That does not show that they can’t.")


def test_a_machine_below_guessing_is_no_machine_that_tells(found):
    below = copy.deepcopy(found["questions"][0])
    below["p_value"] = 0.001
    below["machines"]["tuned"]["test"]["macro_recall"] = 0.2

    assert headline(below, alpha=0.05).startswith("No sign")
    assert "less often than guessing is chance, too" in headline(below, alpha=0.05)


def test_learning_by_heart_is_said_where_it_is_so(found):
    answer = copy.deepcopy(found["questions"][0])
    fixed = answer["machines"]["fixed"]
    fixed["training"]["macro_recall"], fixed["test"]["macro_recall"] = 1.0, 0.33
    assert "100.0 %" in learnt_by_heart(answer)
    assert "learnt by heart" in learnt_by_heart(answer)
    fixed["test"]["macro_recall"] = 0.95
    assert "learnt by heart" not in learnt_by_heart(answer)


def test_what_was_left_out_is_named(found):
    left = {**found, "left_out": {"c7": "1 voxel of the CT"}, "too_few": ["real tumours of the kidney: 3 patients"]}

    said = " ".join(notes(left))

    assert "c7 (1 voxel of the CT)" in said
    assert "real tumours of the kidney: 3 patients" in said
    assert "perplexity 11.7, seed 0" in " ".join(methods(left, bin_width_hu=10, spacing_mm=1))
