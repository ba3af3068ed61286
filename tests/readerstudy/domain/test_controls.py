"""Positive controls: in hosts of their own, among the other cases, and counted apart all the way to the export."""

import pandas as pd
import pytest

from readerstudy.domain.answers import Answer, record_reading
from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.design import parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.exports import export_study
from readerstudy.domain.gallery import open_gallery
from readerstudy.domain.leak_audit.study import measure_cases
from readerstudy.domain.matching import balance
from readerstudy.domain.protocol import protocol_of
from readerstudy.domain.reading_room import current_state
from readerstudy.domain.results import study_results
from readerstudy.domain.selection import plan_case_set
from readerstudy.models.case import SlicePack
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.job import Job
from readerstudy.models.study import Study
from readerstudy.models.vocabulary import Label
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def plan(**changes):
    return plan_case_set(parse_design(factories.design_data(**changes)))


def drawn(planned):
    return [(one.slot.generator, one.scan.pk, one.diameter_mm, one.seed) for one in planned]


def test_they_stand_in_hosts_of_their_own_and_leave_the_cases_as_they_were():
    factories.make_patients(real=4, hosts=8)
    without = plan()

    planned = plan(reading={"controls": 3, "practice": 1})

    assert drawn(planned[:4]) == drawn(without)
    controls = [one for one in planned if one.slot.control]
    assert [one.slot.generator for one in controls] == ["control"] * 3
    hosts = [one.scan.volume.patient_key for one in planned]
    assert len(set(hosts)) == len(hosts) == 8
    assert balance(planned, ["diameter"]) == balance(without, ["diameter"])


def test_organs_take_turns():
    factories.make_patients(real=2, hosts=5)
    factories.make_patients(real=2, hosts=5, organ="kidney")
    organs = [factories.organ_data(), factories.organ_data(name="kidney")]

    planned = plan(organs=organs, reading={"controls": 3})

    assert [one.scan.organ for one in planned if one.slot.control] == ["liver", "kidney", "liver"]


def test_too_few_hosts_are_said_with_the_number_that_can_be_had():
    factories.make_patients(real=2, hosts=3)

    with pytest.raises(DomainError) as caught:
        plan(reading={"controls": 2})

    assert str(caught.value) == (
        "Positive controls: 2 asked for, 1 can be had in hosts that no case uses. Ask for fewer, or import more hosts."
    )


def test_a_run_limit_counts_them_among_the_synthetic_cases():
    with pytest.raises(DomainError, match=r"with 2 real and 10 synthetic cases, controls among them: 4 is the least"):
        parse_design(factories.design_data(reading={"controls": 8, "max_run": 3}))


@pytest.fixture
def study() -> Study:
    factories.make_patients(real=2, hosts=5)
    study = factories.make_draft(reading={"controls": 2})
    start_generation(study=study, actor=factories.ACTOR)
    factories.build_cases(study)
    study.refresh_from_db()
    return study


def test_they_are_built_like_every_case_from_a_recipe_that_says_what_it_is(study):
    controls = GroundTruth.objects.filter(control=True).select_related("synthesis_run")

    assert [(one.generator, one.truth) for one in controls] == [("control", "synthetic")] * 2
    assert all(one.synthesis_run.recipe["method"] == "control" for one in controls)
    assert all(one.synthesis_run.recipe["method_version"] == 1 for one in controls)
    assert set(SlicePack.objects.values_list("state", flat=True)) == {Job.State.SUCCEEDED}


def test_neither_the_gallery_nor_the_leak_audit_looks_at_them(study):
    assert len(open_gallery(study=study, viewer="ann").cases) == 4
    assert len(measure_cases(study)) == 4


def test_they_are_read_among_the_others_and_counted_apart(study, tmp_path):
    factories.open_audited(study)
    reader = factories.make_reader(study)
    truths = {one.case_id: one for one in GroundTruth.objects.all()}
    while not (state := current_state(reader=reader))["done"]:
        item = reader.sequence.items.get(token=state["case"]["token"])
        assert state["progress"]["total"] == 6
        truth = truths[item.case_id]
        label = Label.SYNTHETIC if truth.control else Label.REAL
        submission = item.case_id
        record_reading(reader=reader, token=item.token, answer=Answer(submission, label, 1000, ""))
    assert protocol_of(study).document["cases"]["count"] == 4
    assert protocol_of(study).document["cases"]["controls"] == 2
    factories.close(study)
    study.refresh_from_db()

    results = study_results(study)

    assert results.analysis.document["n_controls"] == 2
    assert results.analysis.document["n_cases"] == {"real": 2, "synthetic": 2}
    assert set(results.analysis.metrics["generator"]) == {"hand-crafted", "all"}
    export_study(study=study, folder=tmp_path / "out", actor="ann")
    readings = pd.read_csv(tmp_path / "out" / "readings.csv")
    assert readings["control"].sum() == 2
    cases = pd.read_csv(tmp_path / "out" / "cases.csv")
    assert cases["control"].sum() == 2
