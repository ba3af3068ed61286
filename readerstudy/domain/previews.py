"""Imported scans for staff to look at in the viewer, with their masks: made when asked for, the latest few kept.

No reader reaches them: a preview shows what is known of a scan, and has nothing to do with a case made from it.
"""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from django.db import transaction

from readerstudy.domain import slice_packs
from readerstudy.domain.bell import ring_preview
from readerstudy.domain.errors import DomainError
from readerstudy.domain.jobs import Commit, requeue, run, unheard
from readerstudy.domain.store import Shelf, forget_files, get_store
from readerstudy.domain.thumbnails import shown_slice
from readerstudy.domain.volumes import load_mask, load_volume
from readerstudy.models.job import Job
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.volume import OrganScan
from readerstudy.models.volume_preview import VolumePreview

KEPT = 20
ORGAN_LABEL, TUMOR_LABEL = 1, 2


def ask_preview(*, scan: OrganScan) -> VolumePreview:
    """Return the scan's preview, ready or queued; older ones than the latest `KEPT` go."""
    with transaction.atomic():
        preview, made = VolumePreview.objects.get_or_create(scan=scan)
        preview.save(update_fields=["asked_at"])
        if preview.state == Job.State.FAILED:
            requeue(preview)
        if made or preview.state == Job.State.FAILED:
            ring_preview(preview)
    preview.refresh_from_db()
    for old in VolumePreview.objects.order_by("-asked_at")[KEPT:]:
        remove_preview(old)
    return preview


def make_preview(preview_id: int) -> None:
    """Write a preview's slices and masks, unless it is there, or nobody waits for it any more."""
    files = ("scan__volume__file", "scan__organ_mask", "scan__tumor_mask")
    preview = VolumePreview.objects.select_related(*files).filter(pk=preview_id).first()
    if preview is not None:
        scan = preview.scan
        run(preview, lambda shelf: _write(scan, shelf))


def remove_preview(preview: VolumePreview) -> None:
    """Delete a preview with its files; one that is being made is left to its worker."""
    with transaction.atomic():
        files = [key for key in (preview.file_id, preview.overlay_id) if key]
        removed, _ = VolumePreview.objects.filter(pk=preview.pk).exclude(state=Job.State.RUNNING).delete()
        if removed:
            forget_files(files)


def reconcile(*, everything: bool = False) -> None:
    for preview in unheard(VolumePreview.objects.all(), everything=everything):
        ring_preview(preview)


def read_preview_slice(*, scan: OrganScan, number: int, overlay: bool) -> bytes:
    """Return one gzip member of a preview's slices, or of its masks."""
    preview = VolumePreview.objects.select_related("file", "overlay").filter(scan=scan).first()
    if preview is None or preview.file is None or preview.overlay is None or number >= preview.shape[0]:
        raise DomainError("There is no such slice.")
    file, offsets = (preview.overlay, preview.overlay_offsets) if overlay else (preview.file, preview.offsets)
    return get_store().read_range(file, *offsets[number : number + 2])


def _write(scan: OrganScan, shelf: Shelf) -> Commit:
    ct = load_volume(scan.volume.file)
    labels = np.zeros(ct.shape, dtype=np.int16)
    for mask, label in ((scan.organ_mask, ORGAN_LABEL), (scan.tumor_mask, TUMOR_LABEL)):
        if mask is not None:
            labels[load_mask(mask)] = label
    shown = np.equal(labels, labels.max()) if labels.any() else None
    top_down = ct.shape[2] - 1 - shown_slice(shown, ct.shape[2])
    slices = slice_packs.display_array(ct.hu, ct.affine)
    file, offsets = _write_pack(shelf, slices)
    overlay, overlay_offsets = _write_pack(shelf, slice_packs.display_array(labels, ct.affine))
    fields: dict[str, Any] = {
        "file": file,
        "offsets": offsets,
        "overlay": overlay,
        "overlay_offsets": overlay_offsets,
        "shape": list(slices.shape),
        "spacing_mm": list(slice_packs.display_spacing_mm(ct.spacing_mm, ct.affine)),
        "towards": slice_packs.direction_letters(slice_packs.display_affine(ct.shape, ct.affine)),
        "cue_slice": top_down,
    }
    return lambda: fields


def _write_pack(shelf: Shelf, slices: npt.NDArray[np.int16]) -> tuple[StoredFile, list[int]]:
    index: list[slice_packs.SlicePackIndex] = []

    def write(file: BinaryIO) -> None:
        index.append(slice_packs.write_pack(slices, file))

    return shelf.write(write), list(index[0].offsets)
