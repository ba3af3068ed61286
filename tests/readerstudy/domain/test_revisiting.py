"""Going back within a sitting: every change is a revision of its own, and the sitting's end is the last word."""

import uuid

import pandas as pd
import pytest

from readerstudy.domain.answers import AlreadyAnsweredError, Answer, parse_answer, record_reading
from readerstudy.domain.errors import UnknownCaseError
from readerstudy.domain.exports import export_study
from readerstudy.domain.reading_room import current_state, find_slices, has_finished
from readerstudy.domain.revisiting import revisit
from readerstudy.domain.sittings import begin_sitting, current_break, end_sitting
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import Sequence, SequenceItem
from readerstudy.models.vocabulary import Label
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]

GOING_BACK = {"practice": 1, "sittings": 2, "change_answers": "until-sitting-ends"}


def make_reader(**reading):
    return factories.make_reader(factories.make_study_of_patients(real=3, hosts=3, reading=GOING_BACK | reading))


def answer(label=Label.REAL, *, revises=None, **said):
    return Answer(uuid.uuid4(), label, active_ms=1000, viewer_version="1", revises=revises, **said)


def read_on(reader):
    """Answer what is there to answer; return the tokens of the cases that count."""
    while "case" in (state := current_state(reader=reader)):
        record_reading(reader=reader, token=state["case"]["token"], answer=answer())
    return [one["token"] for one in state["earlier"]]


def test_a_changed_answer_is_a_revision_of_its_own():
    reader = make_reader()
    first, _ = read_on(reader)

    changed = record_reading(reader=reader, token=first, answer=answer(Label.SYNTHETIC, revises=1))

    revisions = Reading.objects.filter(item__token=first).order_by("revision")
    assert [(one.revision, one.label) for one in revisions] == [(1, "real"), (2, "synthetic")]
    assert revisions[0].received_at < revisions[1].received_at
    assert (changed.elapsed_ms, changed.active_ms) == (None, 1000)


def test_a_change_of_an_answer_that_was_changed_since_is_refused():
    """Two windows: the second has not seen what the first one changed."""
    reader = make_reader()
    first, _ = read_on(reader)
    record_reading(reader=reader, token=first, answer=answer(Label.SYNTHETIC, revises=1))

    for stale in (answer(revises=1), answer(revises=3), answer()):
        with pytest.raises(AlreadyAnsweredError):
            record_reading(reader=reader, token=first, answer=stale)

    assert Reading.objects.filter(item__token=first).count() == 2


def test_a_first_answer_revises_nothing():
    reader = make_reader()
    token = current_state(reader=reader)["case"]["token"]

    with pytest.raises(AlreadyAnsweredError):
        record_reading(reader=reader, token=token, answer=answer(revises=1))

    assert not Reading.objects.exists()


def test_a_resent_change_is_stored_once():
    reader = make_reader()
    first, _ = read_on(reader)
    change = answer(Label.UNSURE, revises=1)

    assert record_reading(reader=reader, token=first, answer=change) == record_reading(
        reader=reader, token=first, answer=change
    )
    assert Reading.objects.filter(item__token=first).count() == 2


def test_a_case_comes_back_as_it_was_answered():
    reader = make_reader(rationale_mark=True, comments=True, attributes=["shape"], response="label+confidence")
    state = current_state(reader=reader)
    said = {"label": "synthetic", "confidence": 2, "comment": "round", "attributes": {"shape": 2}}
    mark = {"slice": 3, "row": 10.5, "column": 4}
    while "case" in state:
        wire = {"submission": str(uuid.uuid4()), "active_ms": 1, "viewer_version": "1", "mark": mark, **said}
        parsed = parse_answer(wire, asked=reader.study.design["reading"])
        record_reading(reader=reader, token=state["case"]["token"], answer=parsed)
        state = current_state(reader=reader)

    again = revisit(reader=reader, token=state["earlier"][0]["token"])

    assert again["answer"] == {
        "revision": 1,
        "label": "synthetic",
        "rating": -2,
        "comment": "round",
        "mark": pytest.approx(mark, abs=0.01),
        "attributes": {"shape": 2},
    }
    assert find_slices(reader=reader, token=again["case"]["token"]).read(0)


def test_the_end_is_asked_for_and_shuts_the_sitting():
    reader = make_reader()
    tokens = read_on(reader)
    assert (current_state(reader=reader)["done"], current_break(reader=reader)) == (False, None)

    end_sitting(reader=reader)

    assert current_state(reader=reader)["done"]
    assert current_state(reader=reader)["earlier"] == []
    assert current_break(reader=reader).sitting == 2
    for shut in (revisit, find_slices):
        with pytest.raises(UnknownCaseError):
            shut(reader=reader, token=tokens[0])
    with pytest.raises(AlreadyAnsweredError):
        record_reading(reader=reader, token=tokens[0], answer=answer(revises=1))


def test_a_sitting_with_unanswered_cases_does_not_end():
    reader = make_reader()
    current_state(reader=reader)

    end_sitting(reader=reader)

    assert Sequence.objects.get(reader=reader).sitting_ended == 0


def test_the_last_sitting_is_over_when_it_is_ended():
    reader = make_reader()
    for sitting in (1, 2):
        assert len(read_on(reader)) == 2
        assert not has_finished(reader=reader)
        end_sitting(reader=reader)
        if sitting == 1:
            begin_sitting(reader=reader)

    assert has_finished(reader=reader)
    assert Sequence.objects.get(reader=reader).sitting_ended == 2


def test_practice_and_cases_of_other_readers_are_not_gone_back_to():
    reader = make_reader()
    other = factories.make_reader(reader.study, "R2")
    theirs = read_on(other)
    read_on(reader)
    practice = SequenceItem.objects.get(sequence__reader=reader, case__practice=True)

    for token in (practice.token, theirs[0]):
        with pytest.raises(UnknownCaseError):
            revisit(reader=reader, token=token)
    with pytest.raises(AlreadyAnsweredError):
        record_reading(reader=reader, token=practice.token, answer=answer(revises=1))


def test_where_the_study_lets_nobody_go_back_there_is_no_list():
    reader = factories.make_reader(factories.make_study_of_patients(real=3, hosts=3))
    state = current_state(reader=reader)
    token = state["case"]["token"]
    record_reading(reader=reader, token=token, answer=answer())

    assert "earlier" not in current_state(reader=reader)
    with pytest.raises(UnknownCaseError):
        revisit(reader=reader, token=token)
    with pytest.raises(AlreadyAnsweredError):
        record_reading(reader=reader, token=token, answer=answer(revises=1))


def test_the_last_answer_counts_and_every_one_is_exported(tmp_path):
    reader = make_reader(comments=True)
    first, second = read_on(reader)
    record_reading(reader=reader, token=first, answer=answer(Label.SYNTHETIC, revises=1, comment="after all"))
    record_reading(reader=reader, token=first, answer=answer(Label.UNSURE, revises=2))
    factories.close(reader.study)

    export_study(study=reader.study, folder=tmp_path / "out", actor="ann")

    read = {name: pd.read_csv(tmp_path / "out" / name) for name in ("readings.csv", "revisions.csv", "remarks.csv")}
    code = {one: SequenceItem.objects.get(token=one).case.code for one in (first, second)}
    counted = read["readings.csv"].set_index("case_id")
    assert (counted.loc[code[first], "label"], counted.loc[code[second], "label"]) == ("unsure", "real")
    assert (counted.loc[code[first], "time_s"], counted.loc[code[second], "time_s"]) == (3, 1)
    of_first = read["revisions.csv"].query(f"case_id == '{code[first]}'")
    assert list(of_first["label"]) == ["real", "synthetic", "unsure"]
    assert list(of_first["revision"]) == [1, 2, 3]
    assert of_first["received_at"].is_monotonic_increasing
    assert read["remarks.csv"].empty  # the comment was taken back
