"""What is wrong with the store is found, named and mended where it can be."""

import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db import models
from django.utils import timezone

from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.generation import run_synthesis, write_pack
from readerstudy.domain.previews import ask_preview, make_preview
from readerstudy.domain.store import get_store, name_of, storing
from readerstudy.domain.store_check import _KINDS, Fault, check_store
from readerstudy.domain.thumbnails import write_thumbnail
from readerstudy.domain.volumes import load_volume
from readerstudy.models.case import SlicePack
from readerstudy.models.job import Job
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.volume import OrganScan, Volume
from readerstudy.models.volume_preview import VolumePreview
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def built():
    """A study with its cases built: every kind of stored file but the previews'."""
    factories.make_patients(real=1, hosts=1)
    organ = factories.organ_data(real=1, synthetic={"hand-crafted": 1})
    study = factories.make_draft(organs=[organ])
    start_generation(study=study, actor="tests")
    factories.build_cases(study)
    return study


def lose(file):
    get_store().delete(file.key)


def damage(file):
    content = get_store().read(file)
    get_store().delete(file.key)
    get_store().storage.save(name_of(file.key), ContentFile(content[:-1] + b"?"))


def found(report):
    return [(problem.fault, problem.what, problem.mended) for problem in report.problems]


def everything_read():
    return {file.key: get_store().read(file) for file in StoredFile.objects.all()}


def test_a_store_in_order_is_in_order(built):
    report = check_store()

    assert found(report) == []
    assert (report.files, report.young) == (StoredFile.objects.count(), 0)
    assert report.bytes == sum(StoredFile.objects.values_list("size", flat=True))


def test_every_column_that_names_a_stored_file_is_known_to_the_check():
    columns = {
        (relation.related_model, relation.field.name)
        for relation in StoredFile._meta.get_fields(include_hidden=True)
        if isinstance(relation, models.ManyToOneRel)
    }

    assert columns == set(_KINDS)


def test_lost_and_damaged_packs_and_tumours_are_made_again_bit_for_bit(built):
    packs, run = list(SlicePack.objects.order_by("pk")), SynthesisRun.objects.get()
    before = [get_store().read(pack.file) for pack in packs], get_store().read(run.result)
    lose(packs[0].file)
    damage(packs[1].file)
    damage(run.result)

    assert {problem.fault for problem in check_store().left} == {Fault.NO_FILE, Fault.DAMAGED}
    report = check_store(mend=True)
    states = [job.state for job in (*SlicePack.objects.all(), *SynthesisRun.objects.all())]
    run_synthesis(run.pk)
    for pack in packs:
        write_pack(pack.pk)

    assert (len(report.problems), report.left) == (3, [])
    assert states == [Job.State.QUEUED] * 3
    assert [get_store().read(pack.file) for pack in SlicePack.objects.order_by("pk")] == before[0]
    assert tumor_of(SynthesisRun.objects.get()) == tumor_of_bytes(before[1])
    assert check_store().problems == []


def tumor_of(run):
    return tumor_of_bytes(get_store().read(run.result))


def tumor_of_bytes(content):
    from synthesis.tumor import SyntheticTumor

    tumor = SyntheticTumor.load(io.BytesIO(content))
    return tumor.hu.tobytes(), tumor.recipe


def test_a_pack_that_is_made_again_keeps_what_readers_were_told_of_it(built):
    pack = SlicePack.objects.first()
    shown = (pack.offsets, pack.shape, pack.spacing_mm, pack.cue_slice)
    lose(pack.file)

    check_store(mend=True)

    pack.refresh_from_db()
    assert (pack.state, pack.file) == (Job.State.QUEUED, None)
    assert (pack.offsets, pack.shape, pack.spacing_mm, pack.cue_slice) == shown


def test_imported_files_are_named_and_left(built):
    scan = OrganScan.objects.get(origin="real")
    lose(scan.volume.file)
    damage(scan.organ_mask)
    lose(scan.tumor_mask)
    rows = StoredFile.objects.count()

    report = check_store(mend=True)

    place = f"of row {scan.row} (liver) of data set {scan.volume.dataset}"
    assert sorted(found(report), key=str) == sorted(
        [
            (Fault.NO_FILE, f"the CT of row {scan.row} of data set {scan.volume.dataset}", False),
            (Fault.DAMAGED, f"the organ mask {place}", False),
            (Fault.NO_FILE, f"the tumour mask {place}", False),
        ],
        key=str,
    )
    assert all("backup" in problem.remedy for problem in report.left)
    assert (StoredFile.objects.count(), Volume.objects.count()) == (rows, 2)


def test_previews_and_thumbnails_are_forgotten(built):
    scan = OrganScan.objects.get(origin="real")
    ct = load_volume(scan.volume.file)
    with storing() as shelf:
        scan.thumbnail = write_thumbnail(shelf, ct)
        shelf.save_rows()
    scan.save()
    preview = ask_preview(scan=scan)
    make_preview(preview.pk)
    preview.refresh_from_db()
    lose(scan.thumbnail)
    damage(preview.overlay)

    report = check_store(mend=True, orphan_after=timedelta(0))

    assert report.left == []
    assert not VolumePreview.objects.exists()
    assert OrganScan.objects.get(pk=scan.pk).thumbnail is None
    assert check_store(orphan_after=timedelta(0)).problems == []


def test_what_belongs_to_nothing_is_removed_once_it_is_old(built):
    young, old = (get_store().write(lambda file: file.write(b"x")) for _ in range(2))
    path = Path(get_store().storage.path(name_of(old.key)))
    long_ago = (timezone.now() - timedelta(days=3)).timestamp()
    os.utime(path, (long_ago, long_ago))
    unowned = get_store().write(lambda file: file.write(b"y"))
    unowned.save()
    before = everything_read()

    report = check_store(mend=True)

    assert found(report) == [
        (Fault.NO_OWNER, "a file that nothing names", True),
        (Fault.NO_ROW, "a file without a row", True),
    ]
    assert (report.young, path.exists()) == (1, False)
    assert everything_read() == {key: content for key, content in before.items() if key != unowned.key}
    assert get_store().sha256(young) == young.sha256


def test_nothing_is_changed_unless_asked(built):
    lose(SlicePack.objects.first().file)
    get_store().write(lambda file: file.write(b"x"))
    rows = set(StoredFile.objects.values_list("key", flat=True))

    first, second = check_store(orphan_after=timedelta(0)), check_store(orphan_after=timedelta(0))

    assert found(first) == found(second)
    assert len(first.left) == 2
    assert set(StoredFile.objects.values_list("key", flat=True)) == rows
    assert not SlicePack.objects.filter(state=Job.State.QUEUED).exists()


def test_a_store_in_a_bucket_is_checked_the_same_way(bucket, built):
    pack = SlicePack.objects.first()
    damage(pack.file)
    orphan = get_store().write(lambda file: file.write(b"x"))

    report = check_store(mend=True, orphan_after=timedelta(seconds=-2))
    write_pack(pack.pk)

    assert [problem.name for problem in report.problems] == [pack.file.key, name_of(orphan.key)]
    assert check_store(orphan_after=timedelta(seconds=-2)).problems == []
