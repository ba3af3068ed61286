"""A study that was never opened is deleted with all that was made for it; its trail stays."""

import pytest

from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.errors import DomainError
from readerstudy.domain.gallery import accept_case, open_gallery
from readerstudy.domain.generation import run_synthesis, write_pack
from readerstudy.domain.leak_audit.runs import audit_now
from readerstudy.domain.store import get_store
from readerstudy.domain.study_removal import remove_study
from readerstudy.domain.trail.verify import verify_events
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.case import Case, SlicePack
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.study import Study
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.volume import OrganScan
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def stored():
    return {name.name for name in get_store().list_files()}


def built(**changes):
    study = factories.make_draft(**changes)
    start_generation(study=study, actor=factories.ACTOR)
    factories.build_cases(study)
    study.refresh_from_db()
    return study


def test_a_draft_goes_and_its_trail_stays_whole_with_who_deleted_it():
    factories.make_patients(real=2, hosts=2)
    study = factories.make_draft()

    remove_study(study=study, actor="ann")

    assert not Study.objects.exists()
    last = AuditEvent.objects.filter(study_id="small").order_by("number").last()
    assert (last.action, last.actor.name, last.detail) == ("delete study", "ann", {"state": "draft", "cases": 0})
    assert verify_events("small").problems == []
    assert OrganScan.objects.count() == 4


def test_a_study_in_preparation_goes_with_every_file_that_was_made_for_it(django_capture_on_commit_callbacks):
    factories.make_patients(real=2, hosts=2)
    before, files = stored(), StoredFile.objects.count()
    study = built()
    audit_now(study=study, actor="ann")
    assert len(stored()) > len(before)

    with django_capture_on_commit_callbacks(execute=True):
        remove_study(study=study, actor="ann")

    assert stored() == before
    assert StoredFile.objects.count() == files
    assert not Case.objects.exists()
    assert not GroundTruth.objects.exists()
    assert not SynthesisRun.objects.exists()


def test_tumours_that_another_study_shows_stay(django_capture_on_commit_callbacks):
    factories.make_patients(real=2, hosts=2)
    study, other = built(), built(slug="other")
    assert SynthesisRun.objects.count() == 2  # the same seed, hosts and diameters

    with django_capture_on_commit_callbacks(execute=True):
        remove_study(study=study, actor="ann")

    assert SynthesisRun.objects.count() == 2
    for pack in SlicePack.objects.filter(case__study=other).select_related("file"):
        assert get_store().read(pack.file)


def test_a_worker_that_comes_late_finds_nothing_to_do():
    factories.make_patients(real=2, hosts=2)
    study = factories.make_draft()
    start_generation(study=study, actor=factories.ACTOR)
    run, pack = SynthesisRun.objects.first(), SlicePack.objects.first()

    remove_study(study=Study.objects.get(), actor="ann")

    run_synthesis(run.pk)
    write_pack(pack.pk)
    assert not SlicePack.objects.exists()


def test_the_same_name_can_be_taken_again_and_the_trail_goes_on():
    factories.make_patients(real=2, hosts=2)
    remove_study(study=factories.make_draft(), actor="ann")

    factories.make_draft()

    actions = AuditEvent.objects.filter(study_id="small").order_by("number").values_list("action", flat=True)
    assert list(actions) == ["create study", "delete study", "create study"]
    assert verify_events("small").problems == []


def test_what_was_opened_or_reviewed_stays():
    factories.make_patients(real=2, hosts=2)
    study = built()
    (first, *_) = open_gallery(study=study, viewer="ann").cases
    accept_case(study=study, token=first.token, actor="ann")
    with pytest.raises(DomainError, match="Cases of study small were reviewed in its gallery"):
        remove_study(study=study, actor="ann")
    factories.open_audited(study)
    with pytest.raises(DomainError, match="Study small was opened: what was read stays"):
        remove_study(study=study, actor="ann")
    assert Case.objects.count() == 4
    assert AuditEvent.objects.filter(action="delete study").count() == 0
