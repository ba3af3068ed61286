"""Building cases: each once, both arms through one writer, and what was lost is rung for again."""

import io
import uuid
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.utils import timezone

import synthesis
from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.generation import build, reconcile, run_synthesis, write_pack
from readerstudy.domain.slice_packs import decode_slice, display_array
from readerstudy.domain.store import get_store, name_of
from readerstudy.domain.volumes import load_mask, load_volume
from readerstudy.models.case import SlicePack
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.job import Job
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.vocabulary import MeasuredOn
from synthesis.masks import equivalent_diameter_mm
from synthesis.recipe import Recipe
from synthesis.tumor import SyntheticTumor
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def study():
    factories.make_patients(real=2, hosts=2)
    study = factories.make_draft()
    start_generation(study=study, actor="ann")
    return study


def pack_of(truth):
    return SlicePack.objects.get(case=truth.case)


def decoded(pack):
    content = get_store().read(pack.file)
    members = [content[start:stop] for start, stop in zip(pack.offsets, pack.offsets[1:], strict=False)]
    return np.stack([decode_slice(member, tuple(pack.shape[1:])) for member in members])


def host_slices(truth):
    ct = load_volume(truth.source.volume.file)
    return display_array(ct.hu, ct.affine)


def files_on_disk():
    return sorted(file.name.rpartition("/")[2] for file in get_store().list_files())


@pytest.mark.database
def test_a_study_is_built_step_by_step_to_its_end(study):
    steps = list(build(study))

    assert [step.ready for step in steps] == [0, 0, 0, 1, 2, 3, 4]
    assert steps[-1].finished
    assert files_on_disk() == sorted(StoredFile.objects.values_list("key", flat=True))


@pytest.mark.database
def test_what_is_built_once_is_not_built_again(study):
    list(build(study))
    before = files_on_disk(), list(SlicePack.objects.order_by("pk").values())

    for run in SynthesisRun.objects.all():
        run_synthesis(run.pk)
    for pack in SlicePack.objects.all():
        write_pack(pack.pk)

    assert (files_on_disk(), list(SlicePack.objects.order_by("pk").values())) == before
    assert list(build(study))[-1].finished


def test_a_real_case_is_shown_as_it_was_imported(study):
    list(build(study))

    for truth in GroundTruth.objects.filter(truth="real"):
        pack = pack_of(truth)
        tumor = load_mask(truth.source.tumor_mask)
        assert (decoded(pack) == host_slices(truth)).all()
        assert display_array(tumor.astype(np.int16), np.diag([1.5, 1.5, 2, 1.0]))[pack.cue_slice].any()


def test_the_cue_of_either_arm_is_a_voxel_of_its_lesion(study):
    list(build(study))

    for truth in GroundTruth.objects.all():
        pack = pack_of(truth)
        number, row, column = pack.cue_point
        assert number == pack.cue_slice
        assert (decoded(pack) != host_slices(truth))[number, row, column] or truth.truth == "real"
        xyz = np.asarray(pack.affine) @ [number, row, column, 1]
        assert xyz[:3] == pytest.approx([(25 - column) * 1.5, (23 - row) * 1.5, (17 - number) * 2.0])
        if truth.truth == "real":
            voxel = np.rint(np.linalg.inv(factories.AFFINE) @ xyz).astype(int)[:3]
            assert load_mask(truth.source.tumor_mask)[tuple(voxel)]


def test_a_synthetic_case_is_its_host_but_for_the_tumour(study):
    list(build(study))

    for truth in GroundTruth.objects.filter(truth="synthetic"):
        pack, host = pack_of(truth), host_slices(truth)
        changed = decoded(pack) != host
        mask = display_array(load_mask(truth.source.organ_mask).astype(np.int16), np.diag([1.5, 1.5, 2, 1.0]))
        assert changed[pack.cue_slice].any()
        assert not changed[mask == 0].any()


def test_both_arms_come_in_the_same_form(study):
    list(build(study))
    packs = {truth.truth: pack_of(truth) for truth in GroundTruth.objects.select_related("case")}

    assert packs["real"].shape == packs["synthetic"].shape == [18, 24, 26]
    assert packs["real"].spacing_mm == packs["synthetic"].spacing_mm == [2.0, 1.5, 1.5]
    headers = {get_store().read_range(pack.file, 0, 10) for pack in packs.values()}
    assert len(headers) == 1  # gzip's: no name, no time, one level


def test_a_synthetic_tumour_is_made_again_from_its_stored_recipe_bit_for_bit(study):
    run = SynthesisRun.objects.first()
    run_synthesis(run.pk)
    run.refresh_from_db()
    stored = SyntheticTumor.load(io.BytesIO(get_store().read(run.result)))
    recipe = Recipe(**run.recipe | {"organ_labels": tuple(run.recipe["organ_labels"])})

    again = synthesis.replay(load_volume(run.host.volume.file), load_mask(run.host.organ_mask), recipe)

    assert (again.hu == stored.hu).all()
    assert again.origin == stored.origin
    mask_mm = equivalent_diameter_mm(stored.mask, run.host.volume.spacing_mm)
    assert mask_mm == pytest.approx(run.request["diameter_mm"], rel=0.15)
    assert 0.6 < run.diameter_mm / mask_mm < 1.6  # by half contrast, of a few coarse voxels
    assert run.measured_on in MeasuredOn.values
    assert run.tumor_ml == pytest.approx(np.pi / 6 * (run.diameter_mm / 10) ** 3, rel=0.01)


@pytest.mark.database
def test_a_pack_waits_for_its_tumour(study):
    truth = GroundTruth.objects.filter(truth="synthetic").first()

    write_pack(pack_of(truth).pk)

    assert (pack_of(truth).state, pack_of(truth).attempts) == (Job.State.QUEUED, 0)


@pytest.mark.database
def test_a_tumour_that_is_made_rings_for_its_pack(study, rung, django_capture_on_commit_callbacks):
    truth = GroundTruth.objects.filter(truth="synthetic").first()
    rung()

    with django_capture_on_commit_callbacks(execute=True):
        run_synthesis(truth.synthesis_run_id)

    assert rung() == [("write_pack", [pack_of(truth).pk])]


@pytest.mark.database
def test_a_damaged_host_fails_its_case_and_no_other(study):
    broken, whole = GroundTruth.objects.filter(truth="synthetic")
    path = Path(get_store().storage.path(name_of(broken.source.volume.file.key)))
    path.write_bytes(b"not what was stored")

    assert list(build(study))[-1].finished

    assert pack_of(broken).state == Job.State.FAILED
    assert pack_of(broken).error == f"Stored file {path.name} is damaged: its SHA-256 is not the one stored."
    assert pack_of(whole).state == Job.State.SUCCEEDED


@pytest.mark.database
def test_what_was_never_rung_is_rung_by_the_reconciler(study, rung, django_capture_on_commit_callbacks):
    """Real packs and tumours; not the packs that wait for a tumour: those are rung when it is made."""
    rung()

    with django_capture_on_commit_callbacks(execute=True):
        reconcile()

    real = [pack_of(truth).pk for truth in GroundTruth.objects.filter(truth="real")]
    expected = [("run_synthesis", [run.pk]) for run in SynthesisRun.objects.all()]
    expected += [("write_pack", [pk]) for pk in real]
    assert sorted(rung()) == sorted(expected)


@pytest.mark.database
def test_the_reconciler_is_silent_about_what_was_rung_lately_unless_a_worker_starts(
    study, rung, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        reconcile()
    rung()

    with django_capture_on_commit_callbacks(execute=True):
        reconcile()
    assert rung() == []
    with django_capture_on_commit_callbacks(execute=True):
        reconcile(everything=True)
    assert len(rung()) == 4


@pytest.mark.database
def test_a_dead_workers_tumour_is_rung_for_again(study, rung, django_capture_on_commit_callbacks):
    list(build(study))
    run = SynthesisRun.objects.first()
    SynthesisRun.objects.filter(pk=run.pk).update(
        state=Job.State.RUNNING,
        result=None,
        token=uuid.uuid4(),
        lease_expires_at=timezone.now() - timedelta(seconds=1),
        rung_at=timezone.now(),
    )
    rung()

    with django_capture_on_commit_callbacks(execute=True):
        reconcile()

    assert rung() == [("run_synthesis", [run.pk])]
