"""Running the radiomics experiment: by a worker when a page asks for it. Every run is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pandas as pd
from django.db import transaction
from django.db.models import QuerySet

from readerstudy.analysis.radiomics.table import InvalidFeatures
from readerstudy.domain import audit as trail
from readerstudy.domain.actors import actor_of
from readerstudy.domain.bell import ring_radiomics
from readerstudy.domain.errors import DomainError
from readerstudy.domain.jobs import ClaimLostError, Commit, run, unheard
from readerstudy.domain.radiomics.tumors import Tumor, columns_of, dataset_tumors, measure_tumors, study_tumors
from readerstudy.domain.store import Shelf
from readerstudy.models.dataset import Dataset
from readerstudy.models.job import Job
from readerstudy.models.radiomics_run import RadiomicsRun
from readerstudy.models.study import Study

WAITING = [Job.State.QUEUED, Job.State.RUNNING]
MEASURED = 50  # of a hundred: what measuring takes of the whole
SEED = 0


def ask_radiomics(*, of: Dataset | Study, actor: str) -> RadiomicsRun:
    """Have a worker run the experiment; where that is asked for already, return what was asked.

    Raises
    ------
    DomainError
        If there is no tumour to measure, or the study is not closed.
    """
    _tumors(of)
    with transaction.atomic():
        waiting = runs_of(of).filter(state__in=WAITING).first()
        job = waiting or RadiomicsRun.objects.create(**_owner(of), actor=actor_of(actor))
        ring_radiomics(job)
        if isinstance(of, Study):
            trail.record(actor=actor, action="ask for radiomics", study=of)
        else:
            trail.record(actor=actor, action="ask for radiomics", dataset=of.name)
    return job


def run_radiomics(run_id: int) -> None:
    """Do a run unless it is done or held."""
    job = RadiomicsRun.objects.select_related("study", "dataset", "actor").filter(pk=run_id).first()
    if job is not None:
        run(job, lambda shelf: _experiment(job, shelf))


def runs_of(of: Dataset | Study) -> QuerySet[RadiomicsRun]:
    """Return the runs of a data set or of a study, the latest first, whether they have ended or not."""
    return RadiomicsRun.objects.select_related("actor").filter(**_owner(of))


def reconcile(*, everything: bool = False) -> None:
    for job in unheard(RadiomicsRun.objects.all(), everything=everything):
        ring_radiomics(job)


def _owner(of: Dataset | Study) -> dict[str, Any]:
    return {"study": of} if isinstance(of, Study) else {"dataset": of}


def _tumors(of: Dataset | Study) -> list[Tumor]:
    return study_tumors(of) if isinstance(of, Study) else dataset_tumors(of)


def _experiment(job: RadiomicsRun, _shelf: Shelf) -> Commit:
    from readerstudy.domain.radiomics.figures import keep_drawings
    from synthesis.radiomics.settings import Settings

    of = job.study or job.dataset
    if of is None:
        raise DomainError("This run belongs to nothing any more.")
    mine = RadiomicsRun.objects.filter(
        pk=job.pk, token=RadiomicsRun.objects.values_list("token", flat=True).get(pk=job.pk)
    )

    def show(done: int) -> None:
        if not mine.update(done=done):
            raise ClaimLostError

    settings = Settings()
    tumors = _tumors(of)
    measured = measure_tumors(tumors, settings=settings, progress=lambda done, total: show(MEASURED * done // total))
    features = columns_of(measured.rows)
    found = _ask_machine(features, show)
    keep_drawings(job, found)

    def commit() -> dict[str, Any]:
        result = {
            **found,
            "refused": measured.refused,
            "stand_in": any(tumor.origin == "real" and tumor.scan.stand_in for tumor in tumors),
            "settings": asdict(settings),
        }
        return {"features": features, "result": result, "done": 100}

    return commit


def _ask_machine(features: dict[str, list[Any]], show: Callable[[int], None]) -> dict[str, Any]:
    from readerstudy.analysis.radiomics.experiment import run_experiment

    shown = MEASURED

    def progress(done: int, total: int) -> None:
        nonlocal shown
        now = MEASURED + (100 - MEASURED) * done // total
        if now > shown:  # a step takes less than telling of it
            shown = now
            show(now)

    if not features:
        raise DomainError("None of the tumours can be measured; check their masks.")
    try:
        return run_experiment(pd.DataFrame(features), seed=SEED, progress=progress)
    except InvalidFeatures as error:
        raise DomainError(str(error)) from error
