"""An answer is stored exactly once, for a case that this reader was shown, while the study is open."""

import threading
import time
import uuid

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.domain.errors import DomainError
from readerstudy.domain.reading_room import (
    MAX_MS,
    AlreadyAnsweredError,
    Answer,
    NotOpenError,
    UnknownCaseError,
    begin_reading,
    current_state,
    find_slices,
    outline,
    parse_answer,
    record_reading,
)
from readerstudy.domain.slice_packs import decode_slice
from readerstudy.models.append_only import AppendOnlyError
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.study import Study
from readerstudy.models.vocabulary import Label
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def study():
    factories.make_patients(real=4, hosts=4)
    return factories.make_open_study(reading={"practice": 1})


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
    assert state["progress"] == {"position": 1, "total": 1, "practice": True}


def test_practice_and_counted_cases_are_counted_apart(reader):
    record(reader, show(reader)["case"]["token"])

    assert show(reader)["progress"] == {"position": 1, "total": 4, "practice": False}


def test_after_the_last_case_there_is_nothing_but_the_count(reader):
    for token in tokens(reader)[:-1]:
        show(reader)
        record(reader, token)
    assert show(reader)["next"] is None

    record(reader, tokens(reader)[-1])

    assert show(reader) == {"done": True, "progress": {"position": 4, "total": 4, "practice": False}}


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


def test_leaving_the_instructions_is_noted_once(reader):
    begin_reading(reader=reader)
    reader.refresh_from_db()
    first = reader.instructed_at

    begin_reading(reader=reader)

    reader.refresh_from_db()
    assert first is not None
    assert reader.instructed_at == first


def test_the_outline_says_what_lies_ahead(reader):
    assert outline(reader=reader) == {
        "study_title": "A small study",
        "reader_code": "R1",
        "told_prevalence": "Some cases are real, some synthetic.",
        "n_cases": 4,
        "n_practice": 1,
        "expected_minutes": 5,
        "begun": False,
        "stand_in_notice": "",
    }


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


# Answers


def test_an_answer_is_stored_with_its_times(reader):
    token = show(reader)["case"]["token"]

    reading = record(reader, token, answer(Label.UNSURE))

    reading.refresh_from_db()
    assert (reading.item.token, reading.label, reading.revision) == (token, "unsure", 1)
    assert (reading.active_ms, reading.viewer_version) == (1200, "1")
    assert 0 <= reading.elapsed_ms < 60_000


def test_the_same_submission_twice_is_one_reading(reader):
    token, given = show(reader)["case"]["token"], answer()

    first = record(reader, token, given)
    show(reader)

    assert record(reader, token, given) == first
    assert Reading.objects.count() == 1


def test_a_submission_that_is_resent_after_closing_is_still_the_stored_one(study, reader):
    token, given = show(reader)["case"]["token"], answer()
    first = record(reader, token, given)
    factories.close(study)

    assert record(reader, token, given) == first


def test_a_second_submission_for_the_same_case_changes_nothing(reader):
    token = show(reader)["case"]["token"]
    record(reader, token, answer(Label.REAL))

    with pytest.raises(AlreadyAnsweredError):
        record(reader, token, answer(Label.SYNTHETIC))

    assert [reading.label for reading in Reading.objects.all()] == ["real"]


def test_one_submission_never_answers_two_cases(reader):
    given = answer()
    record(reader, show(reader)["case"]["token"], given)
    second = show(reader)["case"]["token"]

    with pytest.raises(DomainError, match="used for another case"):
        record(reader, second, given)

    assert Reading.objects.count() == 1


def test_one_submission_never_answers_for_two_readers(study, reader):
    other, given = factories.make_reader(study, "R2"), answer()
    record(reader, show(reader)["case"]["token"], given)

    with pytest.raises(DomainError, match="used for another case"):
        record(other, show(other)["case"]["token"], given)


def test_a_case_is_answered_only_once_it_was_shown(reader):
    show(reader)
    _current, fetched_ahead, beyond, *_ = tokens(reader)

    for token in (fetched_ahead, beyond, "0" * 32):
        with pytest.raises(UnknownCaseError):
            record(reader, token)


def test_another_readers_case_is_unknown(study, reader):
    other = factories.make_reader(study, "R2")
    token = show(other)["case"]["token"]

    with pytest.raises(UnknownCaseError):
        record(reader, token)

    assert not Reading.objects.exists()


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


@pytest.mark.django_db(transaction=True)
def test_of_racing_submissions_for_one_case_one_is_stored(reader, in_threads):
    token = show(reader)["case"]["token"]
    ready = threading.Barrier(4)

    def submit():
        ready.wait()
        try:
            record(reader, token)
        except AlreadyAnsweredError:
            return "refused"
        return "stored"

    assert sorted(in_threads([submit] * 4)) == ["refused", "refused", "refused", "stored"]
    assert Reading.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_submission_racing_with_itself_is_stored_once_and_never_refused(reader, in_threads):
    token, given = show(reader)["case"]["token"], answer()
    ready = threading.Barrier(4)

    def submit():
        ready.wait()
        return record(reader, token, given).pk

    assert len(set(in_threads([submit] * 4))) == 1
    assert Reading.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_closing_waits_for_an_answer_that_is_being_stored(study, reader):
    token = show(reader)["case"]["token"]
    closing = threading.Thread(target=factories.close_elsewhere, args=[study])

    with transaction.atomic():
        record(reader, token)
        closing.start()
        time.sleep(0.3)
        assert closing.is_alive()
    closing.join()

    assert Study.objects.get(pk=study.pk).state == Study.State.CLOSED
    assert Reading.objects.count() == 1


# What was written stays


def test_readings_and_audit_events_are_never_changed_or_deleted(study, reader):
    reading = record(reader, show(reader)["case"]["token"])
    event = study.audit_events.first()

    for row in (reading, event):
        for act in (row.save, row.delete, lambda row=row: type(row).objects.update(), type(row).objects.all().delete):
            with pytest.raises(AppendOnlyError):
                act()
    with pytest.raises(AppendOnlyError):
        Reading.objects.filter(pk=reading.pk).update(label="synthetic")
    with pytest.raises(AppendOnlyError):
        AuditEvent.objects.bulk_update([event], ["actor"])


# What comes over the wire

GOOD = {"submission": str(uuid.UUID(int=5)), "label": "real", "active_ms": 10, "viewer_version": "1"}


def test_a_good_answer_is_parsed():
    assert parse_answer(GOOD) == Answer(uuid.UUID(int=5), Label.REAL, 10, "1")
    assert parse_answer(GOOD | {"elapsed_ms": 99}) == parse_answer(GOOD)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"submission": None}, "An answer needs its submission, a UUID."),
        ({"submission": "5"}, "An answer needs its submission, a UUID."),
        ({"label": "Real"}, "label must be one of real, synthetic, unsure."),
        ({"label": ["real"]}, "label must be one of real, synthetic, unsure."),
        ({"active_ms": -1}, "active_ms must be a whole number of milliseconds."),
        ({"active_ms": MAX_MS + 1}, "active_ms must be a whole number of milliseconds."),
        ({"active_ms": 1.5}, "active_ms must be a whole number of milliseconds."),
        ({"active_ms": True}, "active_ms must be a whole number of milliseconds."),
        ({"viewer_version": "x" * 41}, "viewer_version must be up to 40 printable letters."),
        ({"viewer_version": "\x00"}, "viewer_version must be up to 40 printable letters."),
        ({"viewer_version": "\ud800"}, "viewer_version must be up to 40 printable letters."),
    ],
)
def test_a_malformed_answer_is_refused(changes, message):
    with pytest.raises(DomainError) as caught:
        parse_answer(GOOD | changes)
    assert str(caught.value) == message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50) | st.uuids().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@given(json_values | st.dictionaries(st.sampled_from(sorted(GOOD)), json_values).map(lambda changes: GOOD | changes))
def test_no_json_raises_anything_but_a_domain_error(data):
    try:
        parsed = parse_answer(data)
    except DomainError:
        return
    assert parsed.label in Label.values
    assert 0 <= parsed.active_ms <= MAX_MS
