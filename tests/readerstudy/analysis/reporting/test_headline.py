"""The findings as the page shows them; what they say is decided, and tested, in `analysis.headline`."""

import pandas as pd
import pytest

from readerstudy.analysis.analysis import analyse
from readerstudy.analysis.reporting.headline import generator_headlines
from tests.readerstudy.analysis import builders


def row(**changes: object) -> dict[str, object]:
    given = {
        "organ": "all",
        "generator": "G",
        "sentence": "Readers told.",
        "finding": "better than chance",
        "reason": "",
    }
    return (
        given | {"indistinguishable": False, "verdict": "Not shown to be indistinguishable at ±0.10: a; b."} | changes
    )


@pytest.mark.parametrize(
    ("changes", "tone", "verdict"),
    [
        ({}, "told", "Not shown to be indistinguishable at ±0.10: a; b."),
        ({"finding": "worse than chance"}, "told", "Not shown to be indistinguishable at ±0.10: a; b."),
        ({"finding": "not shown"}, "open", "Not shown to be indistinguishable at ±0.10: a; b."),
        ({"finding": "not shown", "indistinguishable": True, "verdict": "Indistinguishable at ±0.10."}, "same", ""),
        ({"finding": "not estimable", "reason": "Too few readers."}, "open", ""),
    ],
)
def test_the_tone_and_the_why(changes: dict[str, object], tone: str, verdict: str):
    [headline] = generator_headlines(pd.DataFrame([row(**changes)]))
    assert (headline.sentence, headline.tone, headline.verdict) == ("Readers told.", tone, verdict)


def test_each_generator_has_one_over_all_organs():
    rows = [row(generator="G10"), row(generator="G2"), row(generator="all"), row(organ="liver")]
    assert [headline.generator for headline in generator_headlines(pd.DataFrame(rows))] == ["G2", "G10"]


def test_a_study_without_synthetic_cases_has_none():
    assert generator_headlines(analyse(builders.answers("R1", real="RS")).tables["headlines"]) == []
