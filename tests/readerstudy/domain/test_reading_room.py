"""Where a reader is, and what their browser may fetch."""

import uuid

import pytest

from readerstudy.domain.answer_scale import SCALES
from readerstudy.domain.answers import Answer, record_reading
from readerstudy.domain.pace import ExpectedTime
from readerstudy.domain.reading_room import (
    NotOpenError,
    UnknownCaseError,
    begin_reading,
    current_state,
    extent,
    find_slices,
    has_finished,
    outline,
)
from readerstudy.domain.slice_packs import decode_slice
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.study import Study
from readerstudy.models.vocabulary import Label
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def study():
    return factories.make_study_of_patients(real=4, hosts=4, reading={"practice": 1})


@pytest.fixture
def reader(study):
    return factories.make_reader(study)


def tokens(reader):
    return list(
        SequenceItem.objects.filter(sequence__reader=reader).order_by("position").values_list("token", flat=True)
    )


def answer(label=Label.REAL, submission=None):
    return Answer(submission or uuid.uuid4(), label, active_ms=1200, viewer_version="1")


def show(reader):
    return current_state(reader=reader)


def record(reader, token, given=None):
    return record_reading(reader=reader, token=token, answer=given or answer())


def read_all(reader):
    while not (state := show(reader))["done"]:
        record(reader, state["case"]["token"])


# Where a reader is


def test_the_first_state_is_the_first_case_with_the_second_to_fetch_ahead(reader):
    first, second, *_ = tokens(reader)

    state = show(reader)

    assert state["done"] is False
    assert state["case"]["token"] == first
    assert state["next"]["token"] == second
    assert state["progress"] == {"position": 1, "total": 1, "practice": True, "minutes_left": None}


def test_practice_and_counted_cases_are_counted_apart(reader):
    record(reader, show(reader)["case"]["token"])

    assert show(reader)["progress"] == {"position": 1, "total": 4, "practice": False, "minutes_left": None}


def test_after_the_last_case_there_is_nothing_but_the_count(reader):
    for token in tokens(reader)[:-1]:
        show(reader)
        record(reader, token)
    assert show(reader)["next"] is None

    record(reader, tokens(reader)[-1])

    assert show(reader) == {
        "done": True,
        "progress": {"position": 4, "total": 4, "practice": False, "minutes_left": None},
    }


def test_coming_back_goes_on_where_it_was(reader):
    record(reader, show(reader)["case"]["token"])

    assert show(reader)["case"]["token"] == show(reader)["case"]["token"] == tokens(reader)[1]


def test_a_case_is_first_seen_once(reader):
    show(reader)
    first_seen = SequenceItem.objects.get(token=tokens(reader)[0]).opened_at

    show(reader)

    assert SequenceItem.objects.get(token=tokens(reader)[0]).opened_at == first_seen
    assert SequenceItem.objects.get(token=tokens(reader)[1]).opened_at is None


def test_a_state_costs_few_queries(reader, django_assert_max_num_queries):
    show(reader)

    with django_assert_max_num_queries(4):
        show(reader)


def test_asking_whether_the_reader_has_finished_opens_no_case(reader):
    assert not has_finished(reader=reader)
    assert not SequenceItem.objects.exclude(opened_at=None).exists()

    read_all(reader)

    assert has_finished(reader=reader)


@pytest.mark.parametrize(
    ("cue", "opens_there", "marked", "asks"),
    [
        ("slice", True, False, "Is the tumour"),
        ("marker", True, True, "Is the tumour"),
        ("none", False, False, "Is there"),
    ],
)
def test_the_cue_is_the_one_that_the_study_chose(cue, opens_there, marked, asks):
    state = show(
        factories.make_reader(
            factories.make_study_of_patients(real=2, hosts=2, slug="cued", reading={"lesion_cue": cue})
        )
    )

    for case in (state["case"], state["next"]):
        pack = SequenceItem.objects.get(token=case["token"]).case.pack
        assert case["cue_slice"] == (pack.cue_slice if opens_there else None)
        assert case["cue_marker"] == (pack.cue_point if marked else None)
        assert case["question"].startswith(asks)


def test_leaving_the_instructions_is_noted_once(reader):
    begin_reading(reader=reader)
    reader.refresh_from_db()
    first = reader.instructed_at

    begin_reading(reader=reader)

    reader.refresh_from_db()
    assert first is not None
    assert reader.instructed_at == first


def test_the_outline_says_what_readers_are_told(reader):
    assert outline(reader=reader) == {
        "study_title": "A small study",
        "reader_code": "R1",
        "told_prevalence": "Some cases are real, some synthetic.",
        "response": "label",
        "scale": SCALES["label"],
        "organs": [],
        "masked": False,
        "lesion_cue": "slice",
        "attributes": [],
        "practice_feedback": False,
        "can_go_back": False,
        "comments": False,
        "rationale_mark": False,
        "host_only": False,
        "sittings": 1,
        "washout_days": 0,
        "begun": False,
        "stand_in_notice": "",
    }


def test_the_extent_says_what_lies_ahead(reader):
    expected = ExpectedTime(5, from_answers=False)
    assert extent(reader=reader) == {"n_cases": 4, "n_practice": 1, "expected": expected}


# Slices


def test_every_slice_of_this_case_and_the_next_is_served_and_decodes(reader):
    state = show(reader)

    for case in (state["case"], state["next"]):
        n_slices, rows, columns = case["shape"]
        for number in range(n_slices):
            member = find_slices(reader=reader, token=case["token"]).read(number)
            assert decode_slice(member, (rows, columns)).shape == (rows, columns)


@pytest.mark.parametrize("number", [-1, 18, 10**30])
def test_a_slice_that_is_not_there_is_unknown(reader, number):
    with pytest.raises(UnknownCaseError):
        find_slices(reader=reader, token=tokens(reader)[0]).read(number)


def test_slices_of_answered_cases_and_of_those_beyond_the_next_are_unknown(reader):
    record(reader, show(reader)["case"]["token"])
    answered, _current, _next, beyond, *_ = tokens(reader)

    for token in (answered, beyond, "0" * 32):
        with pytest.raises(UnknownCaseError):
            find_slices(reader=reader, token=token).read(0)


def test_slices_of_another_readers_tokens_are_unknown(study, reader):
    other = factories.make_reader(study, "R2")

    with pytest.raises(UnknownCaseError):
        find_slices(reader=reader, token=tokens(other)[0]).read(0)


def test_a_slice_costs_two_queries_at_most(reader, django_assert_max_num_queries):
    with django_assert_max_num_queries(2):
        find_slices(reader=reader, token=tokens(reader)[0]).read(0)


def test_nothing_is_shown_or_stored_after_closing(study, reader):
    token = show(reader)["case"]["token"]
    factories.close(study)
    reader.refresh_from_db()

    for act in (
        lambda: show(reader),
        lambda: record(reader, token),
        lambda: find_slices(reader=reader, token=token).read(0),
    ):
        with pytest.raises(NotOpenError, match="This study is closed"):
            act()
    assert not Reading.objects.exists()


def test_a_study_that_is_not_open_shows_nothing(study, reader):
    Study.objects.filter(pk=study.pk).update(state=Study.State.PREPARING, opened_at=None)
    reader.refresh_from_db()

    with pytest.raises(NotOpenError, match="not open for reading"):
        show(reader)
