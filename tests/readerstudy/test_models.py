"""What the tables themselves refuse, and that nothing leads from a case to its truth."""

import uuid

import pytest
from django.core.exceptions import FieldError
from django.db import IntegrityError, transaction
from django.db.models.deletion import ProtectedError

from readerstudy.models.case import Case, SlicePack
from readerstudy.models.case_exclusion import CaseExclusion
from readerstudy.models.case_review import CaseReplacement, CaseReview
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.job import Job
from readerstudy.models.practice_truth import PracticeTruth
from readerstudy.models.reader import Reader
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import Sequence, SequenceItem
from readerstudy.models.study import Study
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.volume import OrganScan
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]

TRUTH = {GroundTruth, SynthesisRun, OrganScan}


def reachable(model, seen=None):
    """Return every model that accessors lead to, forwards or backwards, from this one."""
    seen = seen if seen is not None else set()
    for field in model._meta.get_fields():  # hidden relations are no accessors, and are not listed
        target = field.related_model
        if target and target not in seen and target._meta.app_label == "readerstudy":
            seen.add(target)
            reachable(target, seen)
    return seen


def test_no_accessor_leads_from_a_case_to_its_truth():
    assert TRUTH.isdisjoint(reachable(Case))
    assert TRUTH.isdisjoint(reachable(SequenceItem))
    assert TRUTH.isdisjoint(reachable(Reader))
    assert Study in reachable(Case)
    assert Case in reachable(GroundTruth)


def test_every_key_to_a_case_is_hidden_but_of_its_pack_and_of_being_left_out():
    related = {
        (relation.related_model, relation.hidden)
        for relation in Case._meta.get_fields(include_hidden=True)
        if relation.auto_created and not relation.concrete
    }

    assert related == {
        (SlicePack, False),
        (CaseExclusion, False),  # for readers of both arms alike
        (GroundTruth, True),
        (PracticeTruth, True),
        (SequenceItem, True),
        (CaseReview, True),
        (CaseReplacement, True),
    }


@pytest.mark.parametrize(
    "lookup",
    ["groundtruth__truth", "ground_truth__truth", "groundtruth", "+__truth", "+__generator", "truth"],
)
def test_no_filter_leads_from_a_case_to_its_truth(lookup):
    with pytest.raises(FieldError):
        Case.objects.filter(**{lookup: "real"})
    with pytest.raises(FieldError):
        list(Case.objects.order_by(lookup))
    with pytest.raises(FieldError):
        list(SequenceItem.objects.values(f"case__{lookup}"))


def make_case(**fields):
    study, _ = Study.objects.get_or_create(slug="s", defaults={"design": {}, "design_sha256": ""})
    return Case.objects.create(study=study, code=uuid.uuid4().hex, organ="liver", **fields)


def make_item(case, code="R1"):
    reader = Reader.objects.create(study=case.study, code=code)
    sequence = Sequence.objects.create(reader=reader, algorithm="x")
    return SequenceItem.objects.create(sequence=sequence, position=1, case=case)


def refused(make):
    with pytest.raises(IntegrityError), transaction.atomic():
        make()


def test_a_case_without_a_generator_is_real_and_one_with_it_synthetic():
    refused(lambda: GroundTruth.objects.create(case=make_case(), truth="real", generator="gan"))
    refused(lambda: GroundTruth.objects.create(case=make_case(), truth="synthetic", generator=""))
    refused(lambda: GroundTruth.objects.create(case=make_case(), truth="", generator=""))


def test_a_pack_has_a_file_if_and_only_if_it_succeeded():
    file = factories.make_scan(factories.make_dataset()).volume.file
    refused(lambda: SlicePack.objects.create(case=make_case(), state=Job.State.SUCCEEDED))
    refused(lambda: SlicePack.objects.create(case=make_case(), state=Job.State.FAILED, file=file, cue_slice=0))
    refused(lambda: SlicePack.objects.create(case=make_case(), state=Job.State.SUCCEEDED, file=file))
    SlicePack.objects.create(case=make_case(), state=Job.State.SUCCEEDED, file=file, cue_slice=0)


def test_a_pack_without_a_file_says_so():
    with pytest.raises(ValueError, match="is queued; it has no file"):
        _ = SlicePack(case=make_case()).ready_file


def test_a_tumour_is_synthesised_once_for_the_same_host_request_and_seed():
    host = factories.make_scan(factories.make_dataset())
    same = {"host": host, "method": "hand-crafted", "request": {}, "request_sha256": "x", "seed": 2**62}
    SynthesisRun.objects.create(**same)
    refused(lambda: SynthesisRun.objects.create(**same))
    SynthesisRun.objects.create(**same | {"seed": 2})


def test_a_study_is_opened_before_it_is_closed():
    refused(lambda: Study.objects.create(slug="a", design={}, design_sha256="", state=Study.State.OPEN))
    refused(lambda: Study.objects.create(slug="b", design={}, design_sha256="", state=Study.State.CLOSED))


def test_a_reading_has_a_known_label_and_a_revision_of_its_own():
    item = make_item(make_case())
    refused(lambda: Reading.objects.create(item=item, label="perhaps", submission=uuid.uuid4()))
    submission = uuid.uuid4()
    Reading.objects.create(item=item, label="real", submission=submission)
    refused(lambda: Reading.objects.create(item=item, label="real", submission=uuid.uuid4()))
    refused(lambda: Reading.objects.create(item=item, label="real", submission=submission, revision=2))


def test_a_place_in_an_order_is_taken_once():
    item = make_item(make_case())
    refused(lambda: SequenceItem.objects.create(sequence=item.sequence, position=1, case=make_case()))
    refused(lambda: SequenceItem.objects.create(sequence=item.sequence, position=2, case=item.case))


def test_what_was_read_is_not_deleted_with_anything():
    item = make_item(make_case())
    Reading.objects.create(item=item, label="real", submission=uuid.uuid4())

    for row in (item, item.sequence, item.sequence.reader, item.case, item.case.study):
        with pytest.raises(ProtectedError):
            row.delete()
    assert Reading.objects.count() == 1


def test_a_scan_has_a_tumour_unless_it_is_healthy_and_a_generator_only_if_it_is_synthetic():
    dataset = factories.make_dataset()
    refused(lambda: factories.make_scan(dataset, origin="real", tumor_mask=None))
    refused(lambda: factories.make_scan(dataset, generator="gan"))
    refused(lambda: factories.make_scan(dataset, origin="synthetic", generator=""))
