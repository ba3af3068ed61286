"""Readings meet the truth once the study is closed, and not before."""

import uuid

import pytest

from readerstudy.domain.answers import Answer, record_reading
from readerstudy.domain.errors import DomainError
from readerstudy.domain.reading_room import current_state
from readerstudy.domain.results import build_readings, study_results
from readerstudy.domain.unblinding import unblind
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.reading import Reading
from readerstudy.models.study import Study
from readerstudy.models.vocabulary import Label
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def study():
    return factories.make_study_of_patients(real=4, hosts=4, reading={"practice": 2})


def read(reader, labels):
    for label in labels:
        token = current_state(reader=reader)["case"]["token"]
        record_reading(reader=reader, token=token, answer=Answer(uuid.uuid4(), label, 5, ""))


@pytest.mark.parametrize("state", [Study.State.DRAFT, Study.State.PREPARING, Study.State.OPEN])
@pytest.mark.parametrize("reveal", [unblind, study_results, build_readings])
def test_nothing_is_revealed_before_closing(study, state, reveal):
    study.state = state

    with pytest.raises(DomainError, match="small is not closed; figures are shown once reading has ended"):
        reveal(study)


def test_every_counted_reading_is_joined_with_what_its_case_was(study):
    reader = factories.make_reader(study)
    read(reader, [Label.REAL] * 6)

    joined = list(unblind(factories.close(study)))

    counted = GroundTruth.objects.filter(case__practice=False).values_list("case__code", "truth", "generator")
    assert sorted((one.case.case_id, one.case.truth, one.case.generator) for one in joined) == sorted(counted)
    assert sorted(one.case.truth for one in joined) == ["real", "real", "synthetic", "synthetic"]
    assert sorted(one.case.patient_id for one in joined) == ["P0001", "P0002", "P0003", "P0004"]


def test_of_a_changed_mind_the_last_counts(study):
    reader = factories.make_reader(study)
    read(reader, [Label.REAL] * 6)
    first = Reading.objects.filter(item__case__practice=False).last()
    Reading.objects.create(item=first.item, revision=2, label="unsure", submission=uuid.uuid4())

    labels = {one.order: one.label for one in unblind(factories.close(study))}

    assert len(labels) == 4
    assert labels[first.item.position] == "unsure"


def test_other_studies_readings_stay_out(study):
    other = factories.make_study_of_patients(real=2, hosts=2, slug="other", seed=9)
    read(factories.make_reader(other), [Label.REAL])

    assert list(unblind(factories.close(study))) == []


def test_the_readings_frame_holds_what_was_pressed(study):
    reader = factories.make_reader(study, "R7")
    labels = [Label.REAL, Label.REAL, Label.SYNTHETIC, Label.UNSURE, Label.REAL, Label.SYNTHETIC]
    read(reader, labels)

    frame = build_readings(factories.close(study))

    truths = dict(GroundTruth.objects.values_list("case__code", "truth"))
    assert list(frame["label"]) == ["synthetic", "unsure", "real", "synthetic"]
    assert list(frame["order"]) == [3, 4, 5, 6]
    assert set(frame["reader_id"]) == {"R7"}
    assert list(frame["truth"]) == [truths[code] for code in frame["case_id"]]
    assert list(frame["generator"]) == ["hand-crafted" if truth == "synthetic" else "" for truth in frame["truth"]]
    assert frame["rating"].isna().all()
