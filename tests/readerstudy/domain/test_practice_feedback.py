"""After a practice case its truth is told, where the study says so; of a case that counts, nothing ever is."""

import uuid

import pytest

from readerstudy.domain.answers import Answer, save_answer
from readerstudy.domain.practice_feedback import TOLD, feedback_on
from readerstudy.domain.reading_room import current_state
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.practice_truth import PracticeTruth
from readerstudy.models.reading import Reading
from readerstudy.models.vocabulary import Label
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def make_reader(**reading):
    return factories.make_reader(factories.make_study_of_patients(real=3, hosts=3, reading=reading))


def read_all(reader):
    """Answer every case; return what the server said to each answer."""
    said = []
    while not (state := current_state(reader=reader))["done"]:
        answer = Answer(uuid.uuid4(), Label.UNSURE, active_ms=5, viewer_version="1")
        said.append(save_answer(reader=reader, token=state["case"]["token"], answer=answer))
    return said


def test_practice_alone_is_told_and_told_truly():
    reader = make_reader(practice=2, practice_feedback=True)

    said = read_all(reader)

    readings = Reading.objects.order_by("pk").select_related("item__case")
    truths = dict(GroundTruth.objects.values_list("case", "truth"))
    wanted = [
        TOLD[truths[reading.item.case_id] == "real"] if reading.item.case.practice else None for reading in readings
    ]
    assert [one.get("feedback") for one in said] == wanted
    assert sum(one is not None for one in wanted) == 2
    assert set(PracticeTruth.objects.values_list("case__practice", flat=True)) == {True}


def test_a_counted_case_is_not_told_even_if_its_truth_lay_there():
    reader = make_reader(practice=1, practice_feedback=True)
    for truth in GroundTruth.objects.filter(case__practice=False):
        PracticeTruth.objects.create(case=truth.case, is_real=truth.truth == "real")

    said = read_all(reader)

    assert [("feedback" in one) for one in said] == [True, False, False, False, False]
    assert all(feedback_on(reading) is None for reading in Reading.objects.filter(item__case__practice=False))


def test_without_it_nothing_is_copied_and_nothing_told():
    reader = make_reader(practice=2)

    assert not any("feedback" in one for one in read_all(reader))
    assert not PracticeTruth.objects.exists()
