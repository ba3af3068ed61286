"""Whether database and store agree: every file has its row, every row its file with the right hash.

`mend` repairs what can be: files that belong to nothing go; slice packs and synthetic tumours are queued to be made
again, the tumours from their stored recipes; previews are forgotten, to be made when somebody looks. What was
imported is nowhere else: a CT or mask that is lost has to come back from a backup.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.db import models, transaction
from django.utils import timezone

from readerstudy.domain import audit
from readerstudy.domain.bell import ring_pack, ring_synthesis
from readerstudy.domain.store import ORPHAN_AFTER, Store, get_store, orphans
from readerstudy.models.case import SlicePack
from readerstudy.models.job import Job
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.volume import OrganScan, Volume
from readerstudy.models.volume_preview import VolumePreview

Progress = Callable[[int, int], None]


class Fault(StrEnum):
    NO_ROW = "no row"
    NO_FILE = "no file"
    DAMAGED = "damaged"
    NO_OWNER = "no owner"


@dataclass
class Problem:
    """One file about which store and database disagree; `what` says whose it is, in words."""

    fault: Fault
    name: str
    what: str
    remedy: str
    mended: bool = False


@dataclass
class StoreReport:
    files: int = 0
    bytes: int = 0
    young: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def left(self) -> list[Problem]:
        """What is wrong still."""
        return [problem for problem in self.problems if not problem.mended]


@dataclass(frozen=True)
class _Kind:
    """Files of one kind: whose they are, and how their owner can do without. `forget` is None where it can't."""

    words: Callable[[Any], str]
    remedy: str
    forget: Callable[[Any], object] | None


Owner = tuple[_Kind, models.Model | None]


def check_store(
    *, mend: bool = False, orphan_after: timedelta = ORPHAN_AFTER, progress: Progress | None = None
) -> StoreReport:
    """Read every stored file and compare; with `mend`, repair what can be.

    Parameters
    ----------
    orphan_after
        Files without a row that are younger may be those of an import that is running on a command line now: they
        are counted, and are no problem.
    """
    store = get_store()
    report = StoreReport()
    rows = list(StoredFile.objects.order_by("key"))
    owners = _owners()  # after the rows: what is stored meanwhile has no part in this
    for done, file in enumerate(rows, start=1):
        owner = owners.get(file.key, (_NOBODYS, None))
        fault = _fault_of(store, file, owned=file.key in owners)
        if fault is None:
            report.files += 1
            report.bytes += file.size
        else:
            report.problems.append(_handle(store, fault, file, owner, mend=mend))
        if progress:
            progress(done, len(rows))
    now = timezone.now()
    old = orphans(store, before=now - orphan_after)
    report.young = len(orphans(store, before=now + timedelta(days=1))) - len(old)
    report.problems += [_handle_orphan(store, name, mend=mend) for name in old]
    if len(report.left) < len(report.problems):
        audit.record(actor=audit.COMMAND_LINE, action="repair store", files=len(report.problems) - len(report.left))
    return report


def _fault_of(store: Store, file: StoredFile, *, owned: bool) -> Fault | None:
    found = store.sha256(file)
    if found == file.sha256 and owned:
        return None
    if not StoredFile.objects.filter(pk=file.pk).exists():
        return None  # removed while we looked
    if found == file.sha256:
        return Fault.NO_OWNER
    return Fault.NO_FILE if found is None else Fault.DAMAGED


def _owners() -> dict[str, Owner]:
    """Return whose each stored file is, by its key."""
    owners: dict[str, Owner] = {}
    for (table, name), kind in _KINDS.items():
        for row in table._default_manager.filter(**{f"{name}__isnull": False}):
            owners[getattr(row, f"{name}_id")] = kind, row
    return owners


def _handle(store: Store, fault: Fault, file: StoredFile, owner: Owner, *, mend: bool) -> Problem:
    kind, row = owner
    problem = Problem(fault, file.key, kind.words(row), kind.remedy)
    if mend and kind.forget is not None:
        with transaction.atomic():
            kind.forget(row)
            StoredFile.objects.filter(pk=file.pk).delete()
        store.delete(file.key)
        problem.mended = True
    return problem


def _handle_orphan(store: Store, name: str, *, mend: bool) -> Problem:
    if mend:
        store.remove(name)
    return Problem(Fault.NO_ROW, name, "a file without a row", _REMOVED, mended=mend)


def _queue(job: Job, **lost: None) -> None:
    type(job)._default_manager.filter(pk=job.pk, state=Job.State.SUCCEEDED).update(
        state=Job.State.QUEUED, attempts=0, finished_at=None, rung_at=None, **lost
    )


def _remake_pack(pack: SlicePack) -> None:
    _queue(pack, file=None)
    ring_pack(pack)


def _remake_tumor(run: SynthesisRun) -> None:
    _queue(run, result=None)
    ring_synthesis(run)


def _forget_preview(preview: VolumePreview) -> None:
    keys = [preview.file_id, preview.overlay_id]
    preview.delete()
    StoredFile.objects.filter(key__in=keys).delete()  # the sound one's file is an orphan by now, and goes as one


def _forget_thumbnail(scan: OrganScan) -> None:
    OrganScan.objects.filter(pk=scan.pk).update(thumbnail=None)


def _scan_words(what: str) -> Callable[[OrganScan], str]:
    return lambda scan: f"the {what} of row {scan.row} ({scan.organ}) of data set {scan.volume.dataset}"


def _volume_words(volume: Volume) -> str:
    rows = ", ".join(str(scan.row) for scan in volume.organ_scans.order_by("row"))
    return f"the CT of row {rows} of data set {volume.dataset}"


_REMOVED = "removed by --repair"
_REMADE = "made again by --repair"
_FORGOTTEN = "forgotten by --repair"
_LOST = "restore it from a backup, or delete the data set and import it again"
_NOBODYS = _Kind(lambda _: "a file that nothing names", _REMOVED, lambda _: None)
_KINDS: Mapping[tuple[type[models.Model], str], _Kind] = {
    (Volume, "file"): _Kind(_volume_words, _LOST, None),
    (OrganScan, "organ_mask"): _Kind(_scan_words("organ mask"), _LOST, None),
    (OrganScan, "tumor_mask"): _Kind(_scan_words("tumour mask"), _LOST, None),
    (OrganScan, "thumbnail"): _Kind(_scan_words("thumbnail"), _FORGOTTEN, _forget_thumbnail),
    (VolumePreview, "file"): _Kind(lambda preview: f"the {preview}", _FORGOTTEN, _forget_preview),
    (VolumePreview, "overlay"): _Kind(lambda preview: f"the {preview}", _FORGOTTEN, _forget_preview),
    (SynthesisRun, "result"): _Kind(lambda run: f"the tumour {run}", _REMADE, _remake_tumor),
    (SlicePack, "file"): _Kind(lambda pack: f"the slices of case {pack.case}", _REMADE, _remake_pack),
}
"""Every column that names a stored file; the tests hold this list to the models."""
