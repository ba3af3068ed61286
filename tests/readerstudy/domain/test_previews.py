"""Previews of imported scans, and their thumbnails: shown as radiologists look at them, and bounded."""

import io

import numpy as np
import pytest
from PIL import Image

from readerstudy.domain import previews
from readerstudy.domain.errors import DomainError
from readerstudy.domain.previews import ask_preview, make_preview, read_preview_slice
from readerstudy.domain.slice_packs import decode_slice, display_array
from readerstudy.domain.store import get_store, storing
from readerstudy.domain.thumbnails import LONGEST_PX, draw_thumbnail, shown_slice
from readerstudy.domain.volumes import load_mask, load_volume, write_volume
from readerstudy.models.job import Job
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.volume_preview import VolumePreview
from synthesis.volume import Volume
from tests import factories

pytestmark = pytest.mark.django_db

TURN = np.radians(20)


@pytest.fixture
def scan():
    return factories.make_scan(factories.make_dataset(), origin="real")


def ready(scan):
    make_preview(ask_preview(scan=scan).pk)
    return VolumePreview.objects.get(scan=scan)


def volume_of(preview, *, overlay):
    rows_and_columns = tuple(preview.shape[1:])
    numbers = range(preview.shape[0])
    members = [read_preview_slice(scan=preview.scan, number=n, overlay=overlay) for n in numbers]
    return np.stack([decode_slice(member, rows_and_columns) for member in members])


def test_it_shows_the_ct_and_its_masks_on_the_same_grid(scan):
    preview = ready(scan)

    ct = load_volume(scan.volume.file)
    organ, tumor = (display_array(load_mask(mask) * 1, ct.affine) for mask in (scan.organ_mask, scan.tumor_mask))
    np.testing.assert_array_equal(volume_of(preview, overlay=False), display_array(ct.hu, ct.affine))
    np.testing.assert_array_equal(volume_of(preview, overlay=True), np.where(tumor, 2, organ))
    assert preview.spacing_mm == [2.0, 1.5, 1.5]


def test_it_opens_where_the_tumour_is_largest(scan):
    preview = ready(scan)

    area = np.count_nonzero(volume_of(preview, overlay=True) == 2, axis=(1, 2))
    assert area[preview.cue_slice] == area.max() > 0


def test_an_oblique_scan_names_all_that_its_axes_run_towards(scan):
    assert ready(scan).towards == ["I", "P", "L"]

    ct = load_volume(scan.volume.file)
    turned = np.eye(4)
    turned[:2, :2] = [[np.cos(TURN), -np.sin(TURN)], [np.sin(TURN), np.cos(TURN)]]
    with storing() as shelf:
        scan.volume.file = write_volume(shelf, Volume(ct.hu, turned @ ct.affine))
        shelf.save_rows()
    scan.volume.save()
    VolumePreview.objects.all().delete()
    assert ready(scan).towards == ["I", "PR", "LP"]


def test_a_scan_without_masks_has_a_preview_too():
    scan = factories.make_scan(factories.make_dataset(), organ_mask=None)
    preview = ready(scan)

    assert not volume_of(preview, overlay=True).any()
    assert 0 <= preview.cue_slice < preview.shape[0]


@pytest.mark.database
def test_it_is_made_once(scan, rung):
    first = ready(scan)
    again = ask_preview(scan=scan)
    make_preview(again.pk)

    assert (again.pk, again.state) == (first.pk, Job.State.SUCCEEDED)
    assert VolumePreview.objects.get().attempts == 1


def test_one_that_failed_is_tried_again_when_somebody_looks(scan):
    content = get_store().read(scan.organ_mask)
    get_store().delete(scan.organ_mask.key)
    assert ready(scan).state == Job.State.FAILED
    get_store().write(lambda file: file.write(content), key=scan.organ_mask.key)

    assert ask_preview(scan=scan).state == Job.State.QUEUED
    assert ready(scan).state == Job.State.SUCCEEDED


@pytest.mark.database
def test_the_latest_few_are_kept(monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr(previews, "KEPT", 2)
    scans = [factories.make_scan(factories.make_dataset()) for _ in range(3)]
    with django_capture_on_commit_callbacks(execute=True):
        made = [ready(scan) for scan in scans]

    assert [preview.scan for preview in VolumePreview.objects.order_by("pk")] == scans[1:]
    keys = {file.name.rpartition("/")[2] for file in get_store().list_files()}
    assert keys == set(StoredFile.objects.values_list("key", flat=True))
    assert made[0].file_id not in keys


def test_there_is_no_slice_beyond_the_last_nor_before_it_is_made(scan):
    with pytest.raises(DomainError, match="no such slice"):
        read_preview_slice(scan=scan, number=0, overlay=False)
    ready(scan)
    with pytest.raises(DomainError, match="no such slice"):
        read_preview_slice(scan=scan, number=18, overlay=True)


@pytest.mark.database
def test_nobody_waits_for_one_that_was_removed():
    make_preview(4711)  # does nothing


# Thumbnails


def test_a_thumbnail_shows_the_patients_right_at_the_left_and_the_front_at_the_top():
    ras = np.full((40, 30), -1000, np.int16)
    ras[30:, 20:] = 1000  # right and front

    pixels = np.asarray(draw_thumbnail(ras, (1.0, 1.0, 3.0)))

    assert pixels.shape == (96, LONGEST_PX)
    assert (pixels[:30, :30] == 255).all()
    assert (pixels[40:, :] == 0).all()


def test_a_thumbnails_pixels_are_square_in_mm():
    assert draw_thumbnail(np.zeros((64, 64), np.int16), (1.0, 2.0)).size == (64, 128)


def test_it_is_a_png_without_a_word():
    file = io.BytesIO()
    draw_thumbnail(np.zeros((64, 64), np.int16), (1.0, 1.0)).save(file, format="PNG")

    assert Image.open(io.BytesIO(file.getvalue())).info == {}


def test_the_slice_that_shows_most():
    mask = np.zeros((4, 4, 9), bool)
    mask[0, 0, 2:7] = True

    assert shown_slice(mask, 9) == 4
    assert shown_slice(None, 9) == 4
