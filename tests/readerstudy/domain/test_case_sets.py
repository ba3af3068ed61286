"""A case set is drawn once, named so that nothing tells, and what failed can be tried again."""

from collections import Counter

import pytest

from readerstudy.domain.case_sets import retry_failed, start_generation
from readerstudy.domain.errors import DomainError
from readerstudy.domain.generation import run_synthesis, write_pack
from readerstudy.models.case import Case, SlicePack
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.job import Job
from readerstudy.models.study import Study
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.volume import OrganScan, Volume
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def test_generation_creates_cases_whose_names_tell_nothing():
    factories.make_patients(real=3, hosts=3)
    study = factories.make_draft(reading={"practice": 1})

    start_generation(study=study, actor="ann")

    assert study.state == Study.State.PREPARING
    assert Counter(GroundTruth.objects.values_list("truth", "case__practice")) == {
        ("real", False): 2,
        ("synthetic", False): 2,
        ("real", True): 1,
    }
    assert len(set(Case.objects.values_list("code", flat=True))) == 5
    assert SlicePack.objects.filter(state=Job.State.QUEUED).count() == 5
    assert SynthesisRun.objects.count() == 2
    assert study.audit_events.last().action == "draw case set"


def test_a_case_set_is_drawn_once():
    factories.make_patients(real=2, hosts=2)
    study = factories.make_draft()
    start_generation(study=study, actor="ann")

    with pytest.raises(DomainError, match="has its cases already"):
        start_generation(study=study, actor="ann")

    assert Case.objects.count() == 4


def test_a_full_disk_is_noticed_before_anything_is_made():
    factories.make_patients(real=2, hosts=2)
    study = factories.make_draft()
    Volume.objects.update(shape=[1_000_000, 1_000_000, 1000])

    with pytest.raises(DomainError, match=r"need up to 8000000\.0 GB and the store has .* GB free"):
        start_generation(study=study, actor="ann")

    study.refresh_from_db()
    assert study.state == Study.State.DRAFT
    assert not Case.objects.exists()


def test_an_organ_that_turns_out_too_small_fails_with_the_reason_and_can_be_tried_again():
    """The data set promised more room than the mask has: found out when the tumour is made."""
    host = factories.make_scan(factories.make_dataset())
    whole_mask = host.organ_mask
    host.organ_mask = factories.make_scan(host.volume.dataset, organ_radius_mm=5, organ="kidney").organ_mask
    host.save()
    study = factories.make_draft(organs=[factories.organ_data(real=0, synthetic={"hand-crafted": 1})], seed=3)
    start_generation(study=study, actor="ann")
    run = SynthesisRun.objects.get()
    run.request["diameter_mm"] = 18.0
    run.save()

    factories.build_cases(study)

    pack = SlicePack.objects.get()
    assert pack.state == Job.State.FAILED
    assert pack.error.startswith("Its tumour could not be synthesised: ")
    assert "The liver is too small for a tumour of 18.0 mm" in pack.error
    OrganScan.objects.filter(pk=host.pk).update(organ_mask=whole_mask)

    assert retry_failed(study=study, actor="ann") == 1

    again = GroundTruth.objects.get().synthesis_run
    assert again.seed == run.seed + 1
    run_synthesis(again.pk)
    write_pack(pack.pk)
    pack.refresh_from_db()
    assert (pack.state, pack.error) == (Job.State.SUCCEEDED, "")


def test_nothing_is_retried_in_a_study_that_is_open():
    study = factories.make_study_of_patients(real=2, hosts=2)

    with pytest.raises(DomainError, match="is open for reading; only cases in preparation can be retried"):
        retry_failed(study=study, actor="ann")
