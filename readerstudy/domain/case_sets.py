"""Drawing a study's cases: which patients, which hosts, which diameters. Every choice follows from the seed."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Q
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from readerstudy.domain import audit
from readerstudy.domain.bell import ring_pack, ring_synthesis
from readerstudy.domain.design import OrganDesign, StudyDesign, parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.jobs import requeue
from readerstudy.domain.store import get_store
from readerstudy.models.case import Case, SlicePack
from readerstudy.models.dataset import Dataset
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.job import Job
from readerstudy.models.study import Study
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import OrganScan

ALGORITHM = "matching-1"


@dataclass(frozen=True)
class Slot:
    """One case still without a patient. `generator` is empty for a real one."""

    organ: OrganDesign
    generator: str
    practice: bool = False

    @property
    def origin(self) -> Origin:
        if not self.generator:
            return Origin.REAL
        return Origin.HEALTHY if self.generator in method_names() else Origin.SYNTHETIC

    @property
    def wants(self) -> str:
        return f"{self.organ.name} synthetic ({self.generator})" if self.generator else f"{self.organ.name} real"


@dataclass(frozen=True)
class PlannedCase:
    """A slot with the scan that fills it; `diameter_mm` and `seed` where we synthesise the tumour."""

    slot: Slot
    scan: OrganScan
    diameter_mm: float | None = None
    seed: int | None = None


def method_names() -> frozenset[str]:
    """Return the generators that are methods of our own."""
    from synthesis import registry

    return frozenset(registry.METHODS)


def plan_case_set(design: StudyDesign) -> list[PlannedCase]:
    """Fill every slot of the design with a patient of its own, or say which slots can't be filled.

    Raises
    ------
    DomainError
        If a generator or data set is unknown, or the data sets hold too few patients for the design.
    """
    _check_generators(design)
    _check_sources(design)
    rng = np.random.default_rng([design.seed, 1])
    slots = [slot for organ in design.organs for slot in _organ_slots(organ)]
    chosen = _assign(slots, {slot.wants: _candidates(design, slot) for slot in slots}, rng)
    planned = _with_diameters([PlannedCase(slot, scan) for slot, scan in zip(slots, chosen, strict=True)], rng)
    return planned + _with_diameters(_plan_practice(design, planned, rng), rng)


def start_generation(*, study: Study, actor: str) -> None:
    """Draw the study's cases and have them built in the background."""
    planned = plan_case_set(parse_design(study.design))
    _check_disk(planned)
    with transaction.atomic():
        started = Study.objects.filter(pk=study.pk, state=Study.State.DRAFT).update(state=Study.State.PREPARING)
        if not started:
            raise DomainError(f"Study {study.slug} has its cases already; only a draft can be generated.")
        for plan in planned:
            _create_case(study, plan)
        audit.record(actor=actor, action="draw case set", study=study, cases=len(planned), algorithm=ALGORITHM)
    study.refresh_from_db()


def retry_failed(*, study: Study, actor: str) -> int:
    """Queue what failed once more: synthesis with a new seed, since the old one would fail again."""
    if study.state != Study.State.PREPARING:
        raise DomainError(
            f"Study {study.slug} is {study.get_state_display().lower()}; only cases in preparation can be retried."
        )
    with transaction.atomic():
        failed = list(SlicePack.objects.filter(case__study=study, state=Job.State.FAILED).select_related("case"))
        for pack in failed:
            truth = GroundTruth.objects.select_related("synthesis_run").get(case=pack.case)
            if truth.synthesis_run and truth.synthesis_run.state == Job.State.FAILED:
                _run_again(truth)
            requeue(pack)
            ring_pack(pack)
        audit.record(actor=actor, action="retry failed cases", study=study, cases=len(failed))
    return len(failed)


def _organ_slots(organ: OrganDesign) -> list[Slot]:
    arms = [("", organ.real), *sorted(organ.synthetic.items())]
    return [Slot(organ, generator) for generator, count in arms for _ in range(count)]


def _check_generators(design: StudyDesign) -> None:
    imported = set(OrganScan.objects.filter(origin=Origin.SYNTHETIC).values_list("generator", flat=True))
    known = sorted(method_names() | imported)
    for organ in design.organs:
        for generator in organ.synthetic:
            if generator not in known:
                raise DomainError(
                    f"{organ.name}: no generator {generator!r} here; there are {', '.join(known)}. "
                    "Name one of these, or import cases made by yours."
                )


def _check_sources(design: StudyDesign) -> None:
    imported = set(Dataset.objects.values_list("name", flat=True))
    for organ in design.organs:
        for key in ("real_from", "hosts_from"):
            for name in getattr(organ, key):
                if name not in imported:
                    raise DomainError(
                        f"{organ.name}: {key} names a data set {name!r} that was not imported; "
                        "correct it, or import it first."
                    )


def _candidates(design: StudyDesign, slot: Slot) -> list[OrganScan]:
    organ = slot.organ
    scans = OrganScan.objects.select_related("volume", "volume__dataset").filter(organ=organ.name, origin=slot.origin)
    if slot.origin == Origin.HEALTHY:
        scans = scans.filter(organ_mask__isnull=False, largest_sphere_mm__gte=organ.diameter_mm[0])
    else:
        scans = scans.filter(diameter_mm__range=organ.diameter_mm, generator=slot.generator)
    if not design.stand_ins_allowed:
        scans = scans.filter(stand_in=False)
    names = {Origin.REAL: organ.real_from, Origin.HEALTHY: organ.hosts_from}.get(slot.origin, [])
    if names and not slot.practice:
        scans = scans.filter(volume__dataset__name__in=names)
    return list(scans)


def _assign(slots: Sequence[Slot], candidates: dict[str, list[OrganScan]], rng: np.random.Generator) -> list[OrganScan]:
    """Give every slot a patient of its own: a maximum matching of slots and patients in random order."""
    patients = sorted({scan.volume.patient_key for scans in candidates.values() for scan in scans})
    rng.shuffle(patients)
    column = {patient: n for n, patient in enumerate(patients)}
    pairs = [
        (row, column[scan.volume.patient_key]) for row, slot in enumerate(slots) for scan in candidates[slot.wants]
    ]
    rows, columns = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    graph = csr_array((np.ones(len(pairs), dtype=np.uint8), (rows, columns)), shape=(len(slots), len(patients)))
    match = maximum_bipartite_matching(graph, perm_type="column") if patients else np.full(len(slots), -1)
    if (match < 0).any():
        raise DomainError(_shortage(slots, candidates, match))
    chosen = []
    for slot, matched in zip(slots, match, strict=True):
        scans = [scan for scan in candidates[slot.wants] if scan.volume.patient_key == patients[matched]]
        chosen.append(scans[int(rng.integers(len(scans)))])
    return chosen


def _shortage(slots: Sequence[Slot], candidates: dict[str, list[OrganScan]], match: Any) -> str:
    asked = Counter(slot.wants for slot in slots)
    unfilled = Counter(slot.wants for slot, matched in zip(slots, match, strict=True) if matched < 0)
    by_name = {slot.wants: slot for slot in slots}
    parts = []
    for wants, missing in sorted(unfilled.items()):
        slot = by_name[wants]
        there = len({scan.volume.patient_key for scan in candidates[slot.wants]})
        low, high = slot.organ.diameter_mm
        kind = "usable hosts" if slot.origin == Origin.HEALTHY else f"cases of {low:g}–{high:g} mm"
        parts.append(
            f"{wants}: {asked[wants]} asked for, {asked[wants] - missing} can be had ({there} patients with {kind})"
        )
    return (
        f"Too few patients, one case each: {'; '.join(parts)}. Ask for fewer cases, widen diameter_mm, or import more."
    )


def _with_diameters(planned: list[PlannedCase], rng: np.random.Generator) -> list[PlannedCase]:
    """Give synthetic tumours the diameters of the real ones of their organ, as far as their hosts hold them."""
    result = list(planned)
    for organ in dict.fromkeys(plan.slot.organ.name for plan in planned):
        ours = [
            n for n, plan in enumerate(planned) if plan.slot.organ.name == organ and plan.slot.origin == Origin.HEALTHY
        ]
        low, high = next(plan.slot.organ.diameter_mm for plan in planned if plan.slot.organ.name == organ)
        real = [
            plan.scan.diameter_mm
            for plan in planned
            if plan.slot.organ.name == organ and plan.slot.origin == Origin.REAL and plan.scan.diameter_mm
        ]
        wanted = _spread(real, len(ours), rng) if real else rng.uniform(low, high, len(ours)).tolist()
        roomy = sorted(ours, key=lambda n: planned[n].scan.largest_sphere_mm or 0)
        for n, diameter in zip(roomy, sorted(wanted), strict=True):
            fits = min(diameter, planned[n].scan.largest_sphere_mm or diameter)
            result[n] = replace(planned[n], diameter_mm=float(fits), seed=int(rng.integers(2**32)))
    return result


def _spread(values: list[float], count: int, rng: np.random.Generator) -> list[float]:
    """Draw `count` of the values, each as often as the others, give or take one."""
    whole, rest = divmod(count, len(values))
    return values * whole + [float(value) for value in rng.choice(values, rest, replace=False)]


def _plan_practice(design: StudyDesign, planned: list[PlannedCase], rng: np.random.Generator) -> list[PlannedCase]:
    """Take practice cases from patients that no case uses, first from data sets that no case uses."""
    wanted = design.reading.practice
    used_patients = {plan.scan.volume.patient_key for plan in planned}
    used_datasets = {plan.scan.volume.dataset_id for plan in planned}
    practice: list[PlannedCase] = []
    for slot in _practice_slots(design):
        if len(practice) == wanted:
            break
        free = [scan for scan in _candidates(design, slot) if scan.volume.patient_key not in used_patients]
        if not free:
            continue
        free = [free[n] for n in rng.permutation(len(free))]
        scan = min(free, key=lambda scan: scan.volume.dataset_id in used_datasets)
        used_patients.add(scan.volume.patient_key)
        practice.append(PlannedCase(slot, scan))
    if len(practice) < wanted:
        raise DomainError(
            f"Practice cases: {wanted} asked for, {len(practice)} can be had of patients that no case uses. "
            "Ask for fewer, or import more data sets."
        )
    return practice


def _practice_slots(design: StudyDesign) -> list[Slot]:
    """List slots to try: organs in turn, real and synthetic in turn, each as often as practice cases are wanted."""
    slots = []
    for turn in range(2):
        for n, organ in enumerate(design.organs):
            synthetic = (n + turn) % 2 == 1
            for generator in sorted(organ.synthetic)[:1] if synthetic else [""]:
                slots.append(Slot(organ, generator, practice=True))
    return slots * design.reading.practice


def _check_disk(planned: list[PlannedCase]) -> None:
    needed = sum(2 * int(np.prod(plan.scan.volume.shape)) for plan in planned)
    free = get_store().free_bytes()
    if needed > free:
        raise DomainError(
            f"The cases need up to {needed / 1e9:.1f} GB and the store has {free / 1e9:.1f} GB free. "
            "Free some disk space or ask for fewer cases."
        )


def _create_case(study: Study, plan: PlannedCase) -> None:
    case = Case.objects.create(
        study=study,
        code=secrets.token_hex(4).upper(),
        organ=plan.slot.organ.name,
        practice=plan.slot.practice,
    )
    run = _synthesis_run(plan.scan, plan.slot.generator, plan.diameter_mm, plan.seed) if plan.seed is not None else None
    GroundTruth.objects.create(
        case=case,
        truth=GroundTruth.Truth.SYNTHETIC if plan.slot.generator else GroundTruth.Truth.REAL,
        generator=plan.slot.generator,
        source=plan.scan,
        synthesis_run=run,
        stand_in=plan.scan.stand_in,
    )
    pack = SlicePack.objects.create(case=case)
    ring_pack(pack)


def _synthesis_run(host: OrganScan, method: str, diameter_mm: float | None, seed: int | None) -> SynthesisRun:
    from synthesis import registry

    request = {"version": registry.method(method).VERSION, "diameter_mm": diameter_mm}
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    run, _ = SynthesisRun.objects.get_or_create(
        host=host, method=method, request_sha256=digest, seed=seed, defaults={"request": request}
    )
    ring_synthesis(run)
    return run


def _run_again(truth: GroundTruth) -> None:
    """Put a run with the next free seed in the failed one's place."""
    old = truth.synthesis_run
    assert old is not None  # noqa: S101  the caller looked
    tried = SynthesisRun.objects.filter(Q(host=old.host), method=old.method, request_sha256=old.request_sha256)
    seed = max(tried.values_list("seed", flat=True)) + 1
    truth.synthesis_run = _synthesis_run(old.host, old.method, old.request["diameter_mm"], seed)
    truth.save(update_fields=["synthesis_run"])
