"""What readers are told once a study is closed, if its design says so."""

import uuid

import pytest

from readerstudy.domain.answers import Answer, record_reading
from readerstudy.domain.debriefs import find_debrief
from readerstudy.domain.reading_room import current_state
from readerstudy.domain.withdrawals import withdraw
from readerstudy.models.debrief import Debrief
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.vocabulary import Label
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def make_study(*, debrief):
    return factories.make_study_of_patients(real=3, hosts=3, reading={"debrief": debrief, "practice": 1})


def read(reader, *labels):
    for label in labels:
        token = current_state(reader=reader)["case"]["token"]
        record_reading(reader=reader, token=token, answer=Answer(uuid.uuid4(), label, 5, ""))


def test_closing_writes_each_readers_answers_beside_the_truth():
    study = make_study(debrief=True)
    first, second = factories.make_reader(study, "R1"), factories.make_reader(study, "R2")
    read(first, *[Label.REAL] * 5)
    read(second, Label.REAL, Label.UNSURE)
    assert not Debrief.objects.exists()

    factories.close(study)

    told = find_debrief(first)
    assert told["figures"] | {"accuracy": None} == {
        "sensitivity": 1.0, "specificity": 0.0, "accuracy": None, "n_real": 2, "n_synthetic": 2,
        "tp": 2, "fn": 0, "tn": 0, "fp": 2, "unsure_real": 0, "unsure_synthetic": 0,
    }  # fmt: skip
    assert told["figures"]["accuracy"] == 0.5
    (sitting,) = told["sittings"]
    assert [case["number"] for case in sitting["cases"]] == [1, 2, 3, 4]
    items = SequenceItem.objects.filter(sequence__reader=first, case__practice=False).order_by("position")
    truths = [GroundTruth.objects.get(case=item.case).truth for item in items]
    assert [case["truth"] for case in sitting["cases"]] == truths
    assert {case["answer"] for case in sitting["cases"]} == {"real"}
    assert sitting["cases"][0].keys() == {"number", "organ", "answer", "truth", "again"}
    assert len(find_debrief(second)["sittings"][0]["cases"]) == 1


def test_a_study_without_a_debrief_writes_none():
    study = make_study(debrief=False)
    reader = factories.make_reader(study)
    read(reader, *[Label.REAL] * 5)

    factories.close(study)

    assert find_debrief(reader) is None


def test_whoever_withdrew_or_read_nothing_gets_none():
    study = make_study(debrief=True)
    gone, idle = factories.make_reader(study, "R1"), factories.make_reader(study, "R2")
    read(gone, *[Label.REAL] * 3)
    withdraw(reader=gone, actor="R1")

    factories.close(study)

    assert find_debrief(gone) is find_debrief(idle) is None
