"""What a planned study can show, in words; the powers themselves are golden in `test_mrmc_planning`."""

import pytest

from readerstudy.analysis.figures.power import power
from readerstudy.analysis.mrmc_planning import chance_power
from readerstudy.analysis.reporting.numbers import percent
from readerstudy.analysis.reporting.plan import Wish, plan


def test_the_margin_of_the_published_studies_needs_this_many_answers():
    """76 to be possible, 227 for 80 %: golden/g10c_tost_min_n.json."""
    made = plan(Wish(n_real=30, n_synthetic=30))
    assert any("cannot pass with fewer than 76 answers, and needs 227" in sentence for sentence in made.sentences)
    assert any("60 answers: 76 make it possible, 227 give 80.0 % power" in warning for warning in made.warnings)


def test_the_power_is_that_of_the_pooled_test():
    wish = Wish()
    expected = chance_power(wish.components(0.65), n_readers=5, n_cases=100, difference=0.15).power
    assert f"from chance with a power of {percent(expected)} %" in plan(wish).sentences[0]


def test_the_cases_needed_reach_the_power_and_one_fewer_does_not():
    made = plan(Wish())
    [five] = [row for row in made.needed if row.n_readers == 5]
    powers = [
        chance_power(made.wish.components(0.65), n_readers=5, n_cases=cases, difference=0.15).power
        for cases in (five.to_tell - 1, five.to_tell)
    ]
    assert powers[0] < 0.8 <= powers[1]


def test_two_readers_are_never_enough_and_it_is_said():
    made = plan(Wish(n_readers=2))
    assert made.needed[0].to_tell is None
    assert any("Below 5 readers" in warning for warning in made.warnings)


def test_one_reader_cannot_be_pooled():
    made = plan(Wish(n_readers=1))
    assert made.sentences[0].startswith("One reader cannot be pooled")


def test_a_large_study_has_nothing_to_warn_of():
    assert plan(Wish(n_readers=13, n_real=150, n_synthetic=150)).warnings == []


def test_unequal_arms_are_warned_of():
    assert any("unequal arms" in warning for warning in plan(Wish(n_real=20, n_synthetic=80)).warnings)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"accuracy": 0.5}, "accuracy: give one that differs from .5"),
        ({"margin": 0.6}, "margin: give 0.01 to 0.49, not 0.6"),
        ({"n_readers": 0}, "n_readers: give 1 to 200, not 0"),
        ({"n_real": 1}, "n_real: give 2 to 10000, not 1"),
        ({"correlation": float("nan")}, "correlation: give 0 to 0.95, not nan"),
    ],
)
def test_what_cannot_be_planned_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        Wish(**changes)


def test_the_curve_is_drawn_for_the_readers_that_were_asked_about():
    made = plan(Wish(n_readers=7))
    drawing = power(made.curve, wanted=0.8)
    assert "for 3, 5, 7, 10 readers" in drawing.description
    assert set(drawing.data["n_readers"]) == {3, 5, 7, 10}
