"""Imports that workers do: asked for on the pages, watched, stopped, tried again, and forgotten.

What an import says about its source names files, and so perhaps patients. It is for staff, and it is emptied when
the import has ended well; that of an import that failed goes when it is dismissed, or after `REFUSALS_KEPT`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from readerstudy.domain import audit
from readerstudy.domain.bell import ring_import
from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.datasets import check_layout, check_name, read_dataset, save_dataset
from readerstudy.domain.importing.import_root import resolve_source
from readerstudy.domain.importing.source import TUMOR, ImportOptions, SourceRow, check_generator, parse_origin
from readerstudy.domain.importing.uploads import forget_upload, remove_stray_uploads, unpacked_upload
from readerstudy.domain.jobs import ClaimLostError, Commit, requeue, run, unheard
from readerstudy.domain.store import Shelf
from readerstudy.models.import_run import ImportRun
from readerstudy.models.job import Job
from readerstudy.models.vocabulary import OrganName

REFUSALS_KEPT = timedelta(days=30)
MOST_REFUSALS = 200
ENDED = (Job.State.SUCCEEDED, Job.State.FAILED)


@dataclass(frozen=True)
class Asked:
    """What staff ask for beside the folder, as it is kept until a worker takes it up."""

    origin: str
    generator: str = ""
    stand_in: bool = False
    organs: tuple[str, ...] = ()
    labels: Mapping[str, tuple[int, ...]] | None = None
    masks: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "origin": self.origin,
            "generator": self.generator,
            "stand_in": self.stand_in,
            "organs": list(self.organs),
            "labels": {name: list(values) for name, values in (self.labels or {}).items()},
            "masks": self.masks,
        }


def ask_import(*, name: str, layout: str, source: str, asked: Asked, actor: str, uploaded: bool = False) -> ImportRun:
    """Queue an import of a place below `IMPORT_ROOT`, or of an uploaded archive by its key.

    Raises
    ------
    DomainError
        If the name is taken or unusable, the layout unknown, or the place is not there.
    """
    check_name(name)
    check_layout(layout)
    origin = parse_origin(asked.origin, where="Origin")
    if layout != "manifest":  # whose rows say it themselves
        check_generator(origin, asked.generator, where="Generator")
    if not uploaded:
        resolve_source(source)  # the root itself where it is empty
        resolve_source(asked.masks)
    if ImportRun.objects.filter(name=name, state__in=[Job.State.QUEUED, Job.State.RUNNING]).exists():
        raise DomainError(f"A data set {name!r} is being imported already; choose another name.")
    with transaction.atomic():
        event = audit.record(actor=actor, action="ask for import", dataset=name, layout=layout, uploaded=uploaded)
        job = ImportRun.objects.create(
            name=name, layout=layout, source=source, uploaded=uploaded, options=asked.to_json(), actor=event.actor
        )
        ring_import(job)
    return job


def run_import(run_id: int) -> None:
    """Do an import unless it is done, held or dismissed."""
    job = ImportRun.objects.select_related("actor").filter(pk=run_id).first()
    if job is None:
        return
    source = job.source
    if run(job, lambda shelf: _import(job, shelf)) and job.uploaded:
        forget_upload(source)


def stop_import(*, run: ImportRun, actor: str) -> None:
    """Have a waiting or running import end; its worker notices with the next CT, and clears away what it stored."""
    stopped = {"state": Job.State.FAILED, "token": None, "error": "Stopped by hand.", "finished_at": timezone.now()}
    with transaction.atomic():
        waited = ImportRun.objects.filter(pk=run.pk, state=Job.State.QUEUED).update(**stopped)
        ran = ImportRun.objects.filter(pk=run.pk, state=Job.State.RUNNING).update(**stopped)
        if waited or ran:
            audit.record(actor=actor, action="stop import", dataset=run.name)
    if waited and run.uploaded:
        forget_upload(run.source)


def retry_import(*, run: ImportRun, actor: str) -> None:
    """Try a failed import again, after its source was mended."""
    if run.uploaded:
        raise DomainError("The archive was deleted when its import failed; send it again.")
    with transaction.atomic():
        requeue(run)
        ring_import(run)
        audit.record(actor=actor, action="retry import", dataset=run.name)


def dismiss_import(*, run: ImportRun, actor: str) -> None:
    """Forget a failed import, with all that it says about its source."""
    with transaction.atomic():
        dismissed, _ = ImportRun.objects.filter(pk=run.pk, state=Job.State.FAILED).delete()
        if dismissed:
            audit.record(actor=actor, action="dismiss import", dataset=run.name)


def reconcile(*, everything: bool = False) -> None:
    """Ring again for imports that were lost, and forget what must not be kept."""
    for job in unheard(ImportRun.objects.all(), everything=everything):
        ring_import(job)
    ImportRun.objects.filter(state=Job.State.FAILED, finished_at__lt=timezone.now() - REFUSALS_KEPT).delete()
    waiting = ImportRun.objects.filter(uploaded=True).exclude(state__in=ENDED)
    remove_stray_uploads(wanted=set(waiting.values_list("source", flat=True)))


def _import(job: ImportRun, shelf: Shelf) -> Commit:
    token = ImportRun.objects.filter(pk=job.pk).values_list("token", flat=True).first()
    if token is None:
        raise ClaimLostError  # stopped before it began
    mine = ImportRun.objects.filter(pk=job.pk, token=token)
    refusals: list[list[str]] = []

    def show(done: int, total: int) -> None:
        if not mine.update(done=done, total=total):
            raise ClaimLostError  # stopped, or taken over

    def refuse(row: SourceRow, error: DomainError) -> None:
        where, _, cause = str(error).partition(": ")
        refusals.append([where, cause])
        mine.update(refusals=refusals[:MOST_REFUSALS])

    mine.update(done=0, total=0, refusals=[])
    with _opened(job) as (path, options):
        draft = read_dataset(
            name=job.name,
            path=path,
            layout=job.layout,
            options=options,
            shelf=shelf,
            progress=show,
            refuse=refuse,
        )

    def commit() -> dict[str, Any]:
        save_dataset(draft, actor=job.actor)
        return {"dataset": draft.dataset, "source": "", "options": {}, "refusals": []}

    return commit


@contextmanager
def _opened(job: ImportRun) -> Iterator[tuple[Path, ImportOptions]]:
    options = _options(job.options)
    if job.uploaded:
        with unpacked_upload(job.source) as path:
            yield path, options
    else:
        yield resolve_source(job.source), options


def _options(asked: dict[str, Any]) -> ImportOptions:
    labels = asked["labels"]
    return ImportOptions(
        origin=parse_origin(asked["origin"], where="origin"),
        generator=asked["generator"],
        stand_in=asked["stand_in"],
        masks=resolve_source(asked["masks"]) if asked["masks"] else None,
        label_map={organ: tuple(labels[organ]) for organ in OrganName if organ in labels},
        tumor_labels=tuple(labels.get(TUMOR, ())),
        organs=tuple(OrganName(name) for name in asked["organs"]) or tuple(OrganName),
    )
