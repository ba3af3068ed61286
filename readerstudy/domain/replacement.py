"""What takes the place of a case that is no good: another patient in either arm, with the matching kept."""

from __future__ import annotations

import hashlib

import numpy as np
from django.db import transaction

from readerstudy.domain.actors import actor_of
from readerstudy.domain.candidates import candidates
from readerstudy.domain.case_plan import PlannedCase, Slot
from readerstudy.domain.case_sets import fill, rebuild
from readerstudy.domain.design import OrganDesign, StudyDesign, parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.locks import lock_study
from readerstudy.domain.matching import Likeness
from readerstudy.domain.persons import persons
from readerstudy.models.case import Case, SlicePack
from readerstudy.models.case_review import CaseReplacement
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.study import Study
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import OrganScan

REPLACEMENT_STREAM = 4  # of the study's seed
SEEDS = 2**32


class NoReplacementError(DomainError):
    """No patient is left who could take the case's place."""


def plan_replacement(*, case: Case) -> PlannedCase:
    """Plan what could take a case's place: of its organ and generator, for an equal part in the study.

    The patient or host takes the place who is most like the case's in what the design matches, of those whom no case
    of the study shows or has shown. The study's seed decides what is equal. So that nothing tells the case's arm,
    there must be such a patient for each arm and generator of the organ.

    Raises
    ------
    NoReplacementError
        If there is not.
    """
    truth = GroundTruth.objects.select_related("source__volume__dataset", "synthesis_run").get(case=case)
    design = parse_design(case.study.design)
    source, run = truth.source, truth.synthesis_run
    if source is None:
        raise NoReplacementError("A case read elsewhere can't be replaced.")
    slot = _slot(design, case, truth)
    rng = _rng(design, case)
    arms = [slot, *_reviewed_slots(slot.organ)]
    free = [_free(arm, design, case.study) for arm in arms]
    for arm, scans in zip(arms, free, strict=True):
        if not scans:
            raise NoReplacementError(f"No patient is left for {arm.wants}; import more, or accept the case.")
    scan = _most_like(source, slot, design, free[0], rng, room_mm=run.request["diameter_mm"] if run else 0.0)
    if run is None:
        return PlannedCase(slot, scan)
    diameter_mm = min(run.request["diameter_mm"], scan.largest_sphere_mm or 0.0)
    return PlannedCase(slot, scan, diameter_mm, int(rng.integers(SEEDS)), str(run.request.get("region", "")))


def replace_before_opening(*, case: Case, reason: str, actor: str) -> None:
    """Put another patient into a built case that nobody has read; what it was is kept on record.

    Raises
    ------
    NoReplacementError
        If no patient is left for it, or for the organ's other arm.
    DomainError
        If the study was opened, or somebody else changed the case meanwhile.
    """
    with transaction.atomic():
        study = lock_study(case.study)
        if study.state != Study.State.PREPARING:
            raise DomainError(f"Study {study.slug} is {study.get_state_display().lower()}; its cases are fixed.")
        truth = GroundTruth.objects.select_related("source__volume__dataset", "synthesis_run").get(case=case)
        plan = plan_replacement(case=case)
        CaseReplacement.objects.create(case=case, was=describe(truth), reason=reason, actor=actor_of(actor))
        fill(truth, plan)
        truth.save()
        rebuild(SlicePack.objects.select_related("file").get(case=case), truth)


def describe(truth: GroundTruth) -> dict[str, object]:
    """Say whom a case shows, so that it can be found again: data set and row, and how our tumour was made."""
    source, run = truth.source, truth.synthesis_run
    where = {"dataset": source.volume.dataset.name, "row": source.row} if source else {}
    made = {"synthesis_version": run.request["version"], "synthesis_seed": run.seed} if run else {}
    return where | made


def _slot(design: StudyDesign, case: Case, truth: GroundTruth) -> Slot:
    organ = next(organ for organ in design.organs if organ.name == case.organ)
    return Slot(organ, truth.generator, practice=case.practice, control=truth.control, host_only=case.host_only)


def _rng(design: StudyDesign, case: Case) -> np.random.Generator:
    """Return the case's own stream, another one each time that it is replaced."""
    times = CaseReplacement.objects.filter(case=case).count()
    digest = hashlib.sha256(f"{case.code} {times}".encode()).digest()
    return np.random.default_rng([design.seed, REPLACEMENT_STREAM, *digest])


def _reviewed_slots(organ: OrganDesign) -> list[Slot]:
    """Return one slot of each arm and generator that the gallery shows of an organ."""
    counts = {"": organ.real} | organ.synthetic
    return [Slot(organ, generator) for generator, count in counts.items() if count]


def _free(slot: Slot, design: StudyDesign, study: Study) -> list[OrganScan]:
    """Return the scans that could fill a slot, of patients whom no case of the study shows or has shown."""
    person = persons()
    shown = GroundTruth.objects.filter(case__study=study, source__isnull=False)
    taken = {person[key] for key in shown.values_list("source__volume__patient_key", flat=True)}
    earlier = CaseReplacement.objects.filter(case__study=study).values_list("was", flat=True)
    passed_over = {(was["dataset"], was["row"]) for was in earlier}
    offered = candidates(design, slot)
    taken |= {
        person[scan.volume.patient_key] for scan in offered if (scan.volume.dataset.name, scan.row) in passed_over
    }
    return [scan for scan in offered if person[scan.volume.patient_key] not in taken]


def _most_like(
    source: OrganScan,
    slot: Slot,
    design: StudyDesign,
    free: list[OrganScan],
    rng: np.random.Generator,
    *,
    room_mm: float,
) -> OrganScan:
    cost = Likeness(slot, free, design.matching.on).costs(source)
    if slot.origin == Origin.HEALTHY:
        cost += [max(0.0, room_mm - (scan.largest_sphere_mm or 0.0)) for scan in free]
    return free[int(np.lexsort((rng.random(len(free)), cost))[0])]
