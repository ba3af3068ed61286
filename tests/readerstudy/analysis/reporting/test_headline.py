"""The one sentence that people quote: every rule of it."""

from typing import Any

import pandas as pd
import pytest

from readerstudy.analysis.controls import positive_controls
from readerstudy.analysis.counts import counts
from readerstudy.analysis.frame import readings_frame
from readerstudy.analysis.reporting.headline import Headline, headlines
from tests.readerstudy.analysis import builders

BALANCED = "R" * 5 + "S" * 5


def row(**changes: Any) -> dict[str, Any]:
    """The headline test of generator G over all organs, five readers above chance."""
    test = {"endpoint": "balanced_accuracy", "unsure_policy": "middle", "covariance": "unbiased", "organ": "all"}
    test |= {"generator": "G", "n_readers": 5, "estimate": 0.68, "ci_low": 0.59, "ci_high": 0.77, "p_value": 0.002}
    tost = {"margin": 0.1, "p_lower": 0.001, "p_upper": 0.9, "p_tost": 0.9, "equivalent": False}
    return test | {"reason": None, "tost": [tost]} | changes


EQUIVALENT = [{"margin": 0.1, "p_lower": 0.01, "p_upper": 0.01, "p_tost": 0.01, "equivalent": True}]


def control_readings(*, found: bool) -> pd.DataFrame:
    label = "S" if found else "R"
    readings = builders.answers("R1", poor=label * 4)
    return readings_frame(readings.assign(control=1))


def said(
    test: dict[str, Any], *, real: str = BALANCED, synthetic: str = BALANCED, found: bool | None = True
) -> Headline:
    readings = builders.answers("R1", real=real, G=synthetic)
    if found is not None:
        readings = builders.study(readings, control_readings(found=found))
    [headline] = headlines({"alpha": 0.05, "mrmc": [test]}, counts(readings), positive_controls(readings, alpha=0.05))
    return headline


def test_better_than_chance():
    headline = said(row())
    assert headline.sentence == (
        "Readers told real from synthetic better than chance: balanced accuracy 0.68, 95 % CI 0.59–0.77, 5 readers, "
        "p = 0.002; not shown to be indistinguishable at ±0.10."
    )
    assert headline.obstacles == ["the equivalence test does not pass (p = 0.9)"]
    assert headline.tone == "told"


def test_worse_than_chance_is_not_called_better():
    headline = said(row(estimate=0.3, ci_low=0.2, ci_high=0.4))
    assert headline.sentence.startswith(
        "Readers took real for synthetic, and synthetic for real, more often than chance:"
    )
    assert headline.tone == "told"


def test_a_large_p_shows_nothing():
    headline = said(row(estimate=0.51, ci_low=0.4, ci_high=0.62, p_value=0.8))
    assert headline.sentence.startswith(
        "It was not shown that readers told real from synthetic, which does not show that they could not:"
    )
    assert "not shown to be indistinguishable" in headline.sentence
    assert headline.tone == "open"


def test_indistinguishable_needs_all_three_conditions():
    headline = said(row(estimate=0.51, p_value=0.6, tost=EQUIVALENT))
    assert headline.sentence.endswith("; indistinguishable at ±0.10.")
    assert (headline.obstacles, headline.tone) == ([], "same")


@pytest.mark.parametrize(
    ("changes", "obstacle"),
    [
        ({"found": None}, "no positive controls were read"),
        ({"found": False}, "the positive controls were not found"),
        ({"real": "R" * 10, "synthetic": "R" * 10}, "reader R1 called 100 % of the real cases real, outside 10–90 %"),
        ({"synthetic": "S" * 10}, "reader R1 called 0 % of the synthetic cases real, outside 10–90 %"),
    ],
)
def test_each_condition_by_itself_keeps_the_word_away(changes: dict[str, Any], obstacle: str):
    headline = said(row(estimate=0.51, p_value=0.6, tost=EQUIVALENT), **changes)
    assert obstacle in headline.obstacles
    assert "; not shown to be indistinguishable at ±0.10." in headline.sentence
    assert headline.tone == "open"


NOT_TESTED = {"p_value": None, "ci_low": None, "ci_high": None}
NO_TOST = [{"margin": 0.1, "p_lower": None, "p_upper": None, "p_tost": None, "equivalent": None}]


def test_one_reader_speaks_for_one_reader():
    headline = said(row(**NOT_TESTED, n_readers=1, estimate=0.75, tost=NO_TOST, reason="too few"))
    assert headline.sentence == (
        "One reader alone scored a balanced accuracy of 0.75, which says nothing about other readers: a pooled test "
        "needs at least two."
    )
    assert "indistinguishable" not in headline.sentence


def test_what_cannot_be_estimated_gives_its_reason():
    headline = said(row(**NOT_TESTED, n_readers=3, tost=NO_TOST, reason="The values do not vary at all."))
    assert headline.sentence == "Nothing can be said about all readers together: The values do not vary at all."


def test_every_generator_has_a_sentence_and_other_tests_have_none():
    others = [row(covariance="jackknife"), row(unsure_policy="exclude"), row(organ="liver"), row(generator="all")]
    readings = builders.answers("R1", real="RS", G="RS", H="RS")
    found = headlines(
        {"alpha": 0.05, "mrmc": [*others, row(generator="H"), row()]},
        counts(readings),
        positive_controls(readings, alpha=0.05),
    )
    assert [headline.generator for headline in found] == ["G", "H"]
