"""Several sittings: the next one waits for its day, and nothing of it is sent before."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from readerstudy.domain.answers import Answer, record_reading
from readerstudy.domain.reading_room import UnknownCaseError, current_state, extent, find_slices, has_finished, outline
from readerstudy.domain.sittings import TooEarlyError, begin_sitting, current_break
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import Sequence, SequenceItem
from readerstudy.models.vocabulary import Label
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def reader():
    factories.make_patients(real=3, hosts=3)
    organs = [factories.organ_data(real=3, synthetic={"hand-crafted": 3})]
    study = factories.make_open_study(organs=organs, reading={"sittings": 2, "washout_days": 28, "repeats": 2})
    return factories.make_reader(study)


def read_on(reader):
    """Read until there is nothing to read now; return the tokens, and the progress of each case."""
    seen = []
    while not (state := current_state(reader=reader))["done"]:
        seen.append((state["case"]["token"], state["progress"]["position"], state["progress"]["total"]))
        answer = Answer(uuid.uuid4(), Label.REAL, active_ms=5, viewer_version="1")
        record_reading(reader=reader, token=state["case"]["token"], answer=answer)
    return seen


@pytest.fixture
def let_days_pass(monkeypatch):
    def move_on(days):
        monkeypatch.setattr(timezone, "now", lambda: datetime.now(tz=UTC) + timedelta(days=days))

    return move_on


def tokens(reader, sitting):
    items = SequenceItem.objects.filter(sequence__reader=reader, sitting=sitting).order_by("position")
    return list(items.values_list("token", flat=True))


def test_a_sitting_ends_and_is_counted_by_itself(reader):
    first = tokens(reader, "1")

    assert read_on(reader) == [(token, n, 3) for n, token in enumerate(first, start=1)]
    assert not has_finished(reader=reader)


def test_the_break_says_the_day(reader):
    assert current_break(reader=reader) is None
    read_on(reader)

    pause = current_break(reader=reader)

    today = timezone.localdate()
    assert (pause.sitting, pause.sittings, pause.washout_days) == (2, 2, 28)
    assert pause.from_day == today + timedelta(days=28)
    assert not pause.is_over


def test_the_next_sitting_cannot_begin_before_its_day(reader, let_days_pass):
    read_on(reader)
    let_days_pass(27)

    with pytest.raises(TooEarlyError, match=r"Sitting 2 can begin on \d+ \w+ \d{4}, not before"):
        begin_sitting(reader=reader)

    assert current_state(reader=reader)["done"]


def test_nothing_of_the_next_sitting_is_sent_before_it_began(reader, let_days_pass):
    """Neither as the case to fetch ahead, nor by its token, nor on the day itself."""
    last = tokens(reader, "1")[-1]
    while (state := current_state(reader=reader))["case"]["token"] != last:
        answer = Answer(uuid.uuid4(), Label.REAL, active_ms=5, viewer_version="1")
        record_reading(reader=reader, token=state["case"]["token"], answer=answer)
    assert state["next"] is None
    read_on(reader)
    let_days_pass(28)

    for token in tokens(reader, "2"):
        with pytest.raises(UnknownCaseError):
            find_slices(reader=reader, token=token)
        with pytest.raises(UnknownCaseError):
            record_reading(reader=reader, token=token, answer=Answer(uuid.uuid4(), Label.REAL, 5, "1"))


def test_on_its_day_the_next_sitting_begins_once(reader, let_days_pass):
    read_on(reader)
    let_days_pass(28)
    assert current_break(reader=reader).is_over

    begin_sitting(reader=reader)
    begin_sitting(reader=reader)

    assert Sequence.objects.get(reader=reader).sitting_begun == 2
    assert [token for token, *_ in read_on(reader)] == tokens(reader, "2")
    assert has_finished(reader=reader)
    assert current_break(reader=reader) is None


def test_a_repeat_is_a_reading_of_its_own(reader, let_days_pass):
    read_on(reader)
    let_days_pass(28)
    begin_sitting(reader=reader)
    read_on(reader)

    readings = Reading.objects.filter(item__sequence__reader=reader)
    assert readings.count() == 8
    assert readings.filter(item__repeat_index=1).count() == 2


def test_readers_are_told_of_sittings_and_not_of_repeats(reader):
    told = outline(reader=reader) | extent(reader=reader)

    assert (told["sittings"], told["washout_days"], told["n_cases"]) == (2, 28, 8)
    assert "repeat" not in str(told)


def test_without_washout_the_next_sitting_begins_when_the_reader_likes():
    reader = factories.make_reader(factories.make_study_of_patients(real=2, hosts=2, reading={"sittings": 2}))
    read_on(reader)
    assert current_break(reader=reader).is_over

    begin_sitting(reader=reader)

    assert len(read_on(reader)) == 2
