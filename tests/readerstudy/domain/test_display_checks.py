"""A sitting begins with a display check, and ends with an hour without an answer."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from readerstudy.domain.answers import Answer, record_reading
from readerstudy.domain.display_checks import SITTING_ENDS_AFTER, record_display_check, sitting_check
from readerstudy.domain.reading_room import current_state
from readerstudy.models.vocabulary import Label
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def reader(db):
    return factories.make_reader(factories.make_study_of_patients(real=2, hosts=2))


def check(reader, **changes):
    return record_display_check(reader=reader, found=factories.display_found(**changes))


def later(monkeypatch, by):
    now = timezone.now() + by
    monkeypatch.setattr(timezone, "now", lambda: now)


@pytest.mark.parametrize(
    ("seen", "passed"),
    [({}, True), ({"dark_seen": ""}, False), ({"bright_seen": "28"}, False), ({"dark_seen": "46"}, False)],
)
def test_a_check_is_passed_when_both_numbers_were_seen(reader, seen, passed):
    assert check(reader, **seen).passed is passed


def test_before_the_first_check_there_is_no_sitting(reader):
    assert sitting_check(reader=reader) is None


def test_the_last_check_counts(reader):
    check(reader, dark_seen="")
    second = check(reader)

    assert sitting_check(reader=reader) == second


def test_an_hour_without_an_answer_ends_a_sitting(reader, monkeypatch):
    check(reader)
    later(monkeypatch, SITTING_ENDS_AFTER - timedelta(seconds=10))
    assert sitting_check(reader=reader) is not None

    later(monkeypatch, timedelta(seconds=20))
    assert sitting_check(reader=reader) is None


def test_answers_keep_a_sitting_going(reader, monkeypatch):
    check(reader)
    later(monkeypatch, SITTING_ENDS_AFTER - timedelta(seconds=10))
    token = current_state(reader=reader)["case"]["token"]
    record_reading(reader=reader, token=token, answer=Answer(uuid.uuid4(), Label.REAL, 1, "1"))
    later(monkeypatch, SITTING_ENDS_AFTER - timedelta(seconds=10))

    assert sitting_check(reader=reader) is not None
