"""Running the leak audit: by a worker when a page asks for it, or at once by a command. Every run is kept."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import pandas as pd
from django.db import transaction
from django.db.models import QuerySet

from readerstudy.analysis.leak_audit import (
    SURROUNDINGS_ARE_SHOWN,
    UNSEEN,
    UNSEEN_OF_ORGANS,
    TooFewCases,
    audit_leaks,
)
from readerstudy.domain import audit as trail
from readerstudy.domain.actors import actor_of
from readerstudy.domain.bell import ring_audit
from readerstudy.domain.case_set_hash import case_set_sha256
from readerstudy.domain.errors import DomainError
from readerstudy.domain.jobs import ClaimLostError, Commit, run, unheard
from readerstudy.domain.leak_audit.features import data_set_features, features_of
from readerstudy.domain.leak_audit.study import measure_cases
from readerstudy.domain.organ_task import is_masked, is_organ_task
from readerstudy.domain.store import Shelf
from readerstudy.models.blinding_audit import BlindingAudit
from readerstudy.models.case import SlicePack
from readerstudy.models.job import Job
from readerstudy.models.study import Study

WAITING = [Job.State.QUEUED, Job.State.RUNNING]
LOOK_AGAIN_S = 1.0
DIGITS = 6  # significant, of what is kept of each case


def ask_audit(*, study: Study, actor: str) -> BlindingAudit:
    """Have a worker audit the study; where that is asked for already, return what was asked."""
    return _ask(study, actor, ring=True)


def audit_now(*, study: Study, actor: str) -> BlindingAudit:
    """Audit the study in this process, and return the audit when it has ended well.

    Raises
    ------
    DomainError
        If the study has no built cases, or the audit failed.
    """
    job = _ask(study, actor, ring=False)
    while not run(job, lambda shelf: _audit(job, shelf)):
        time.sleep(LOOK_AGAIN_S)  # a worker has it
    if job.state != Job.State.SUCCEEDED:
        raise DomainError(f"The audit of study {study.slug} failed: {job.error}")
    return job


def run_audit(audit_id: int) -> None:
    """Do an audit unless it is done or held."""
    job = BlindingAudit.objects.select_related("study", "actor").filter(pk=audit_id).first()
    if job is not None:
        run(job, lambda shelf: _audit(job, shelf))


def latest_audit(study: Study) -> BlindingAudit | None:
    """Return the latest audit, whether it has ended or not."""
    return BlindingAudit.objects.select_related("actor").filter(study=study).first()


def standing_audit(study: Study) -> BlindingAudit | None:
    """Return the latest audit of this very case set, if there is one: what opening goes by."""
    return finished_audits(study).filter(cases_sha256=case_set_sha256(study)).first()


def finished_audits(study: Study) -> QuerySet[BlindingAudit]:
    """Return the audits that have an outcome, the latest first."""
    return BlindingAudit.objects.select_related("actor").filter(study=study, state=Job.State.SUCCEEDED)


def reconcile(*, everything: bool = False) -> None:
    for job in unheard(BlindingAudit.objects.all(), everything=everything):
        ring_audit(job)


def _ask(study: Study, actor: str, *, ring: bool) -> BlindingAudit:
    if not SlicePack.objects.filter(case__study=study, case__practice=False, state=Job.State.SUCCEEDED).exists():
        raise DomainError(f"Study {study.slug} has no built cases to audit; generate them first.")
    with transaction.atomic():
        waiting = BlindingAudit.objects.filter(study=study, state__in=WAITING).first()
        job = waiting or BlindingAudit.objects.create(study=study, actor=actor_of(actor))
        if ring:
            ring_audit(job)
            trail.record(actor=actor, action="ask for audit", study=study)
    return job


def _audit(job: BlindingAudit, _shelf: Shelf) -> Commit:
    study = job.study
    mine = BlindingAudit.objects.filter(
        pk=job.pk, token=BlindingAudit.objects.values_list("token", flat=True).get(pk=job.pk)
    )

    def show(done: int, total: int) -> None:
        if not mine.update(done=done, total=total):
            raise ClaimLostError

    cases_sha256 = case_set_sha256(study)
    cases = measure_cases(study, progress=show)
    found = _weigh(cases, study.design)

    def commit() -> dict[str, Any]:
        told = {key: found["result"][key] for key in ("conclusion", "findings")}
        trail.record(actor=job.actor, action="audit blinding", study=study, cases_sha256=cases_sha256, **told)
        return {"cases_sha256": cases_sha256, "measured": _columns(cases), **found}

    return commit


def _weigh(cases: pd.DataFrame, design: Mapping[str, Any]) -> dict[str, Any]:
    """Return the outcome and the result of an audit, as they are stored."""
    sources = data_set_features(cases)
    of_organs, features = is_organ_task(design), [*features_of(design), *sources.features]
    shown = [SURROUNDINGS_ARE_SHOWN] if of_organs and not is_masked(design) else []
    try:
        result = audit_leaks(cases.join(sources.columns), features, of_organs=of_organs, seed=design["seed"])
    except TooFewCases as error:
        sides, unseen = ("organs", UNSEEN_OF_ORGANS) if of_organs else ("arms", UNSEEN)
        conclusion = f"{error} Nothing was tested: any difference between the {sides} may be there."
        notes = [*shown, unseen]
        nothing: dict[str, Any] = {"conclusion": conclusion, "findings": [], "notes": notes, "results": []}
        return {"outcome": BlindingAudit.Outcome.TOO_FEW, "result": nothing}
    told = result.to_json()
    outcome = BlindingAudit.Outcome.TELLS if result.found else BlindingAudit.Outcome.NO_TELL
    return {"outcome": outcome, "result": told | {"notes": [*shown, *told["notes"]]}}


def _columns(cases: pd.DataFrame) -> dict[str, list[Any]]:
    """Return the measured cases as columns without what would find a case again, in no order of theirs."""
    shown = cases.drop(columns=["case_id", "patient"]).sort_values(["organ", "truth", "generator", "bytes"])
    return {str(name): [_kept(value) for value in shown[name]] for name in shown}


def _kept(value: Any) -> Any:
    """Return a value that JSON has: None for one that could not be measured."""
    if isinstance(value, str):
        return value
    return None if math.isnan(value) else float(f"{value:.{DIGITS}g}")
