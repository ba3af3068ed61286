"""What takes a bad case's place: of its arm, matched as it was, of a patient whom the study does not show."""

import pytest

from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.errors import DomainError
from readerstudy.domain.replacement import NoReplacementError, plan_replacement, replace_before_opening
from readerstudy.domain.store import get_store
from readerstudy.models.case import Case, SlicePack
from readerstudy.models.case_review import CaseReplacement
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.job import Job
from readerstudy.models.stored_file import StoredFile
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def built(**changes):
    study = factories.make_draft(**changes)
    start_generation(study=study, actor=factories.ACTOR)
    factories.build_cases(study)
    return study


def case_of(truth):
    return Case.objects.get(pk=GroundTruth.objects.filter(truth=truth).order_by("case__code").first().case_id)


def replace(case):
    replace_before_opening(case=case, reason="Text or marks", actor="ann")


def test_a_real_case_is_replaced_by_the_patient_most_like_it():
    dataset = factories.make_patients(real=0, hosts=3)
    for size in (8.0, 14.0):
        factories.make_scan(dataset, origin="real", tumor_mm=size)
    study = built()
    spares = [factories.make_scan(dataset, origin="real", tumor_mm=size) for size in (7.0, 13.0, 18.0)]
    large = max(
        GroundTruth.objects.filter(truth="real").select_related("source"), key=lambda one: one.source.diameter_mm
    )

    replace(large.case)

    now = GroundTruth.objects.get(pk=large.pk)
    assert now.source == spares[1]
    assert (now.truth, now.generator, now.synthesis_run) == ("real", "", None)
    record = CaseReplacement.objects.get()
    assert record.was == {"dataset": dataset.name, "row": large.source.row}
    assert study.cases.count() == 4


def test_our_tumour_is_made_in_another_host_with_what_was_asked_of_it():
    factories.make_patients(real=3, hosts=3)
    built()
    case = case_of("synthetic")
    before = GroundTruth.objects.select_related("synthesis_run").get(case=case)
    shown = set(GroundTruth.objects.values_list("source", flat=True))

    replace(case)

    now = GroundTruth.objects.select_related("synthesis_run").get(case=case)
    assert now.source_id not in shown
    assert now.synthesis_run.host == now.source
    assert now.synthesis_run.request == before.synthesis_run.request
    assert CaseReplacement.objects.get().was["synthesis_seed"] == before.synthesis_run.seed


def test_the_case_is_built_again_and_what_it_showed_is_gone():
    factories.make_patients(real=3, hosts=3)
    study = built()
    case = case_of("real")
    old = SlicePack.objects.get(case=case).file

    replace(case)

    assert SlicePack.objects.get(case=case).state == Job.State.QUEUED
    assert not StoredFile.objects.filter(key=old.key).exists()
    factories.build_cases(study)
    pack = SlicePack.objects.select_related("file").get(case=case)
    assert pack.state == Job.State.SUCCEEDED
    assert pack.file.sha256 != old.sha256
    assert get_store().read(pack.file)


def test_a_patient_who_was_passed_over_does_not_come_back():
    factories.make_patients(real=3, hosts=3)
    study = built()
    case = case_of("real")
    replace(case)
    factories.build_cases(study)

    with pytest.raises(
        NoReplacementError, match=r"^No patient is left for liver real; import more, or accept the case\.$"
    ):
        replace(case)

    assert CaseReplacement.objects.count() == 1


def test_the_same_seed_plans_the_same_replacement():
    factories.make_patients(real=8, hosts=3)
    built(matching={"on": []})
    case = case_of("real")

    plans = [plan_replacement(case=case) for _ in range(2)]

    assert plans[0] == plans[1]


def test_an_opened_study_keeps_its_cases():
    factories.make_patients(real=3, hosts=3)
    study = built()
    factories.open_audited(study)

    with pytest.raises(DomainError, match="Study small is open for reading; its cases are fixed"):
        replace(case_of("real"))
