"""An answer is stored exactly once, for a case that this reader was shown, while the study is open."""

import threading
import time
import uuid

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.domain.answers import (
    MAX_MS,
    AlreadyAnsweredError,
    Answer,
    parse_answer,
    record_reading,
)
from readerstudy.domain.design import parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.reading_room import NotOpenError, UnknownCaseError, current_state
from readerstudy.domain.studies import close_study
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


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_waited_for_closing_is_refused(study, reader):
    token, outcomes = show(reader)["case"]["token"], []

    def submit():
        try:
            outcomes.append(record(reader, token))
        except NotOpenError:
            outcomes.append("refused")
        finally:
            connection.close()

    answering = threading.Thread(target=submit)
    with transaction.atomic():
        close_study(study=study, actor=factories.ACTOR, reason="It is a test.")
        answering.start()
        time.sleep(0.3)
        assert answering.is_alive()
    answering.join()

    assert outcomes == ["refused"]
    assert not Reading.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not connection.features.has_select_for_update, reason="SQLite has one writer at a time")
def test_readers_of_a_study_do_not_wait_for_each_other(study, reader, in_threads):
    other = factories.make_reader(study, "R2")
    token = show(other)["case"]["token"]

    def submit():
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '5s'")
        return record(other, token)

    with transaction.atomic():
        record(reader, show(reader)["case"]["token"])
        in_threads([submit])

    assert Reading.objects.count() == 2


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


# Ratings, comments and marks


def asked(**changes):
    """Return the `reading` part of a design."""
    return parse_design(factories.design_data(reading=changes)).to_json()["reading"]


def open_reader(**reading):
    """Return the reader of a new study with such a `reading` part, who is shown the first case."""
    reader = factories.make_reader(factories.make_study_of_patients(real=2, hosts=2, slug="asked", reading=reading))
    return reader, show(reader)["case"]["token"]


def test_a_rating_and_a_comment_are_stored_with_the_label(db):
    reader, token = open_reader(response="rating-6", comments=True)
    given = parse_answer(GOOD | {"rating": 5, "comment": " soft edge\nnear a vessel "}, asked=asked_of(reader))

    reading = record(reader, token, given)

    reading.refresh_from_db()
    assert (reading.label, reading.rating, reading.comment) == ("real", 5, "soft edge\nnear a vessel")
    assert reading.mark_mm is None


def asked_of(reader):
    return reader.study.design["reading"]


def test_a_mark_is_stored_where_it_lies_in_the_patient(db):
    """The factories' CT has 26 x 24 x 18 voxels of 1.5 x 1.5 x 2 mm, RAS; the display turns all three axes."""
    reader, token = open_reader(rationale_mark=True)
    mark = {"slice": 17, "row": 22.5, "column": 25.25}

    reading = record(reader, token, parse_answer(GOOD | {"mark": mark}, asked=asked_of(reader)))

    reading.refresh_from_db()
    assert reading.mark_mm == [round(-0.25 * 1.5, 2), 0.5 * 1.5, 0.0]


@pytest.mark.parametrize("mark", [(18, 0, 0), (-0.6, 0, 0), (0, 23.6, 0), (0, 0, 25.6)])
def test_a_mark_beside_the_image_is_refused_and_nothing_stored(db, mark):
    reader, token = open_reader(rationale_mark=True)

    with pytest.raises(DomainError, match="The mark lies beside the image"):
        record(reader, token, Answer(uuid.uuid4(), Label.REAL, 1, "1", mark=mark))

    assert not Reading.objects.exists()


# What comes over the wire

GOOD = {"submission": str(uuid.UUID(int=5)), "label": "real", "active_ms": 10, "viewer_version": "1"}
EVERYTHING = {"response": "label+confidence", "comments": True, "rationale_mark": True, "lesion_cue": "none"}


def test_a_good_answer_is_parsed():
    assert parse_answer(GOOD, asked=asked()) == Answer(uuid.UUID(int=5), Label.REAL, 10, "1")
    assert parse_answer(GOOD | {"elapsed_ms": 99}, asked=asked()) == parse_answer(GOOD, asked=asked())


def test_everything_that_can_be_asked_is_parsed():
    data = GOOD | {"confidence": 3, "comment": "x", "mark": {"slice": 1, "row": 2.5, "column": 3}}

    assert parse_answer(data, asked=asked(**EVERYTHING)) == Answer(
        uuid.UUID(int=5), Label.REAL, 10, "1", rating=3, comment="x", mark=(1.0, 2.5, 3.0)
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"submission": None}, "An answer needs its submission, a UUID."),
        ({"submission": "5"}, "An answer needs its submission, a UUID."),
        ({"label": "Real"}, "label must be one of real, synthetic, unsure."),
        ({"label": ["real"]}, "label must be one of real, synthetic, unsure."),
        ({"label": "not-seen"}, "label must be one of real, synthetic, unsure."),
        ({"rating": 3}, "rating of the answer real must be left out."),
        ({"confidence": 3}, "confidence is not asked for the answer real."),
        ({"comment": "why"}, "This study takes no comments."),
        ({"comment": 5}, "comment must be text of up to 2,000 printable letters."),
        ({"mark": {"slice": 1, "row": 1, "column": 1}}, "This study takes no marks."),
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
        parse_answer(GOOD | changes, asked=asked())
    assert str(caught.value) == message


MARK = {"slice": 1, "row": 1, "column": 1}
NO_MARK = "mark must give slice, row and column, three numbers."


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "confidence must be one of 1, 2, 3."),
        ({"confidence": 4}, "confidence must be one of 1, 2, 3."),
        ({"confidence": True}, "confidence must be one of 1, 2, 3."),
        ({"label": "unsure", "rating": 0, "confidence": 1}, "confidence is not asked for the answer unsure."),
        ({"label": "not-seen", "rating": 0}, "rating of the answer not-seen must be left out."),
        ({"confidence": 1, "comment": "x" * 2001}, "comment must be text of up to 2,000 printable letters."),
        ({"confidence": 1, "comment": "\x00"}, "comment must be text of up to 2,000 printable letters."),
        ({"confidence": 1, "comment": "\ud800"}, "comment must be text of up to 2,000 printable letters."),
        ({"confidence": 1, "mark": [1, 2, 3]}, NO_MARK),
        ({"confidence": 1, "mark": {"slice": 1, "row": 1}}, NO_MARK),
        ({"confidence": 1, "mark": MARK | {"row": True}}, NO_MARK),
        (
            {"confidence": 1, "mark": MARK | {"row": float("nan")}},
            NO_MARK,
        ),
        ({"confidence": 1, "mark": MARK | {"row": 10**400}}, NO_MARK),
    ],
)
def test_a_malformed_part_that_only_some_studies_ask_for_is_refused(changes, message):
    with pytest.raises(DomainError) as caught:
        parse_answer(GOOD | changes, asked=asked(**EVERYTHING))
    assert str(caught.value) == message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50) | st.uuids().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)
ANYTHING = GOOD | {"confidence": 2, "rating": 1, "comment": "x", "mark": MARK}


@given(json_values | st.dictionaries(st.sampled_from(sorted(ANYTHING)), json_values).map(lambda one: ANYTHING | one))
def test_no_json_raises_anything_but_a_domain_error(data):
    try:
        parsed = parse_answer(data, asked=asked(**EVERYTHING))
    except DomainError:
        return
    assert parsed.label in Label.values
    assert 0 <= parsed.active_ms <= MAX_MS
