"""A study's case set: drawn once, stored with its truth, and queued to be built."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction

from readerstudy.domain import audit
from readerstudy.domain.bell import ring_pack, ring_synthesis
from readerstudy.domain.case_plan import PlannedCase, trained_method_names
from readerstudy.domain.design import parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.jobs import requeue
from readerstudy.domain.selection import ALGORITHM, plan_case_set
from readerstudy.domain.store import forget_files, get_store
from readerstudy.models.case import Case, SlicePack
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.job import Job
from readerstudy.models.study import Study
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.volume import OrganScan


def start_generation(*, study: Study, actor: str) -> None:
    """Draw the study's cases and have them built in the background."""
    planned = plan_case_set(parse_design(study.design))
    _check_disk(planned)
    with transaction.atomic():
        started = Study.objects.filter(pk=study.pk, state=Study.State.DRAFT).update(state=Study.State.PREPARING)
        if not started:
            raise DomainError(f"Study {study.slug} has its cases already; only a draft can be generated.")
        for plan, code in zip(planned, _codes(study, len(planned)), strict=True):
            create_case(study, plan, code)
        audit.record(actor=actor, action="draw case set", study=study, cases=len(planned), algorithm=ALGORITHM)
    study.refresh_from_db()


def retry_failed(*, study: Study, actor: str) -> int:
    """Queue what failed once more: synthesis with a new seed, since the old one would fail again.

    So does a tumour that the ball of a host-only item could not hide.
    """
    if study.state != Study.State.PREPARING:
        raise DomainError(
            f"Study {study.slug} is {study.get_state_display().lower()}; only cases in preparation can be retried."
        )
    with transaction.atomic():
        failed = list(SlicePack.objects.filter(case__study=study, state=Job.State.FAILED).select_related("case"))
        for pack in failed:
            truth = GroundTruth.objects.select_related("synthesis_run").get(case=pack.case)
            if truth.synthesis_run and (truth.synthesis_run.state == Job.State.FAILED or pack.case.host_only):
                _run_again(truth)
            requeue(pack)
            ring_pack(pack)
        audit.record(actor=actor, action="retry failed cases", study=study, cases=len(failed))
    return len(failed)


def _check_disk(planned: list[PlannedCase]) -> None:
    needed = sum(2 * int(np.prod(plan.scan.volume.shape)) for plan in planned)
    free = get_store().free_bytes()
    if free is not None and needed > free:
        raise DomainError(
            f"The cases need up to {needed / 1e9:.1f} GB and the store has {free / 1e9:.1f} GB free. "
            "Free some disk space or ask for fewer cases."
        )


def _codes(study: Study, count: int) -> list[str]:
    """Draw names for exports that tell nothing, from the seed: readers' orders are drawn over them."""
    rng = np.random.default_rng([study.design["seed"], 2])
    codes: dict[str, None] = {}
    while len(codes) < count:
        codes[f"{rng.integers(16**8):08X}"] = None
    return list(codes)


def create_case(study: Study, plan: PlannedCase, code: str) -> Case:
    """Store a planned case with its truth, and have it built."""
    case = Case.objects.create(
        study=study,
        code=code,
        organ=plan.slot.organ.name,
        practice=plan.slot.practice,
        host_only=plan.slot.host_only,
    )
    truth = GroundTruth(
        case=case,
        truth=GroundTruth.Truth.SYNTHETIC if plan.slot.generator else GroundTruth.Truth.REAL,
        generator=plan.slot.generator,
        control=plan.slot.control,
    )
    fill(truth, plan)
    truth.save(force_insert=True)
    _ring_built(SlicePack.objects.create(case=case), truth)
    return case


def fill(truth: GroundTruth, plan: PlannedCase) -> None:
    """Say whom a case shows; where its tumour is ours, ask for it. The caller saves."""
    truth.source, truth.stand_in = plan.scan, plan.scan.stand_in
    truth.synthesis_run = None
    if plan.seed is not None:
        asked = {"diameter_mm": plan.diameter_mm} | ({"region": plan.region} if plan.region else {})
        truth.synthesis_run = _synthesis_run(plan.scan, plan.slot.generator, asked, plan.seed)


def rebuild(pack: SlicePack, truth: GroundTruth) -> None:
    """Have a built case written anew, as its truth says by now; what was shown before is deleted.

    Raises
    ------
    DomainError
        If it is not built (any more): somebody else was first.
    """
    old = pack.ready_file
    fresh = {"state": Job.State.QUEUED, "file": None, "attempts": 0, "rung_at": None, "finished_at": None}
    if not SlicePack.objects.filter(pk=pack.pk, file=old).update(**fresh):
        raise DomainError("The case was changed by somebody else meanwhile; look at it again.")
    forget_files([old.key])
    _ring_built(pack, truth)


def _ring_built(pack: SlicePack, truth: GroundTruth) -> None:
    if truth.synthesis_run is None:  # the others are rung when their tumour is there
        ring_pack(pack)


def _synthesis_run(host: OrganScan, method: str, asked: dict[str, Any], seed: int) -> SynthesisRun:
    from synthesis import registry

    request = asked | {"version": registry.method(method).VERSION}
    if method in trained_method_names():
        request["model"] = settings.LATENT_DIFFUSION_MODEL
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    run, _ = SynthesisRun.objects.get_or_create(
        host=host, method=method, request_sha256=digest, seed=seed, defaults={"request": request}
    )
    ring_synthesis(run)
    return run


def next_seed(run: SynthesisRun) -> int:
    """Return the first seed that was not tried yet for what a run asks."""
    tried = SynthesisRun.objects.filter(host=run.host, method=run.method, request_sha256=run.request_sha256)
    return max(tried.values_list("seed", flat=True)) + 1


def _run_again(truth: GroundTruth) -> None:
    """Put a run with the next free seed in the failed one's place."""
    old = truth.synthesis_run
    assert old is not None  # noqa: S101  the caller looked
    truth.synthesis_run = _synthesis_run(old.host, old.method, old.request, next_seed(old))
    truth.save(update_fields=["synthesis_run"])
