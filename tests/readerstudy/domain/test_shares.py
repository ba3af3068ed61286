"""Readers who read a part of the cases: who is asked what, and what the figures of all of them rest on."""

import uuid

import pytest

from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.results import study_results
from readerstudy.domain.sequencing import shared_codes
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import Sequence, SequenceItem
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def study():
    """Twelve cases, four of them anchors, in two blocks of four; read by four readers, always right."""
    factories.make_patients(real=6, hosts=6)
    organs = [factories.organ_data(real=6, synthetic={"hand-crafted": 6})]
    study = factories.make_draft(organs=organs, reading={"cases_per_reader": 8, "anchors": 4})
    start_generation(study=study, actor=factories.ACTOR)
    factories.build_cases(study)
    factories.open_audited(study)
    for n in range(4):
        factories.make_reader(study, f"R{n}")
    return study


def test_readers_are_asked_their_share_and_all_of_them_the_anchors(study):
    asked = [
        set(SequenceItem.objects.filter(sequence=one).values_list("case__code", flat=True))
        for one in Sequence.objects.order_by("rotation")
    ]

    assert [len(codes) for codes in asked] == [8] * 4
    assert asked[0] == asked[2] != asked[1] == asked[3]
    assert shared_codes(study) == asked[0] & asked[1]
    assert len(shared_codes(study)) == 4
    assert set(Sequence.objects.values_list("algorithm", flat=True)) == {"shares-1"}


def test_tests_over_readers_rest_on_the_anchors_and_say_so(study):
    for item in SequenceItem.objects.all():
        label = "real" if (item.position + item.sequence.rotation) % 3 else "synthetic"
        Reading.objects.create(item=item, label=label, submission=uuid.uuid4())
    factories.close(study)
    study.refresh_from_db()

    document = study_results(study).analysis.document

    assert set(document["anchors"]) == shared_codes(study)
    assert any(warning.startswith("Each reader read a part of the cases.") for warning in document["warnings"])
    assert any("rest on the 4 of 12 cases that all were asked to read" in warning for warning in document["warnings"])
    readings = study_results(study).readings
    anchors = readings[readings["case_id"].isin(document["anchors"])]
    score = (anchors["label"] == "real").astype(float)
    right = score.where(anchors["truth"] == "real", 1 - score)
    by_class = right.groupby([anchors["reader_id"], anchors["truth"]]).mean().unstack()
    estimate = by_class.mean(axis=1).mean()
    (tested,) = [
        row
        for row in document["mrmc"]
        if (row["endpoint"], row["unsure_policy"], row["organ"], row["generator"], row["covariance"])
        == ("balanced_accuracy", "middle", "liver", "hand-crafted", "unbiased")
    ]
    assert tested["estimate"] == pytest.approx(estimate)
    assert document["n_readings"] == 32


def test_where_every_reader_reads_all_there_are_no_anchors():
    study = factories.make_study_of_patients(real=2, hosts=2)
    factories.make_reader(study)

    assert shared_codes(study) == set()
