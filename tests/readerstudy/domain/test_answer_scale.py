"""Which answers a study takes, and the rating that each stands for."""

import pytest

from readerstudy.domain.answer_scale import SCALES, answer_scale
from readerstudy.models.vocabulary import Label


def rates(response, *, cue="slice"):
    """Return every answer of a scale as (label, rating, confidence) with the rating that it is stored with."""
    scale = answer_scale({"response": response, "lesion_cue": cue})
    levels = [one.level for one in scale.confidences]
    return {
        (choice.label.value, choice.rating, level): scale.rate(
            label=choice.label.value, rating=choice.rating, confidence=level
        )[1]
        for choice in scale.choices
        for level in (levels if choice.direction else [None])
    }


def test_labels_alone_have_no_rating():
    assert rates("label") == {("real", None, None): None, ("synthetic", None, None): None, ("unsure", None, None): None}


def test_a_confidence_counts_towards_the_label():
    assert rates("label+confidence") == {
        ("real", None, 1): 1, ("real", None, 2): 2, ("real", None, 3): 3,
        ("synthetic", None, 1): -1, ("synthetic", None, 2): -2, ("synthetic", None, 3): -3,
        ("unsure", 0, None): 0,
    }  # fmt: skip


def test_six_ratings_take_a_side():
    assert rates("rating-6") == {
        ("synthetic", 1, None): 1, ("synthetic", 2, None): 2, ("synthetic", 3, None): 3,
        ("real", 4, None): 4, ("real", 5, None): 5, ("real", 6, None): 6,
    }  # fmt: skip


@pytest.mark.parametrize("response", SCALES)
def test_without_a_cue_a_reader_may_see_no_tumour(response):
    added = rates(response, cue="none").items() - rates(response).items()

    assert added == {((Label.NOT_SEEN, None, None), None)}
    assert rates(response, cue="marker") == rates(response)


@pytest.mark.parametrize("response", SCALES)
def test_no_two_answers_share_a_key(response):
    scale = answer_scale({"response": response, "lesion_cue": "none"})
    keys = [one.key for one in (*scale.choices, *scale.confidences)]

    assert len(set(keys)) == len(keys)
