"""Which cases a study gets: which patients, which hosts, which diameters. Every choice follows from the seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from django.db.models import Max

from readerstudy.domain.assignment import FORBIDDEN, Assignment
from readerstudy.domain.candidates import candidates, check_generators, check_sources
from readerstudy.domain.case_plan import PlannedCase, Slot, control_name, method_names
from readerstudy.domain.design import OrganDesign, StudyDesign
from readerstudy.domain.errors import DomainError
from readerstudy.domain.matching import DIAMETER, REGION, Likeness
from readerstudy.domain.persons import persons
from readerstudy.domain.regions import note_regions
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import OrganScan

ALGORITHM = "matching-3"
MOST_OF_A_PATIENT = 10  # cases, where the design allows several


def plan_case_set(design: StudyDesign) -> list[PlannedCase]:
    """Fill every slot of the design with a patient of its own, or say which slots can't be filled.

    Raises
    ------
    DomainError
        If a generator or data set is unknown, or the data sets hold too few patients for the design.
    """
    check_generators(design)
    check_sources(design)
    if REGION in design.matching.on:
        note_regions(design)
    rng = np.random.default_rng([design.seed, 1])
    planned = _draw_cases(_prepare(design, rng))
    planned += _plan_controls(design, planned, rng)
    planned += _plan_host_only(design, planned, rng)
    return planned + _plan_practice(design, planned, rng)


def _organ_slots(organ: OrganDesign) -> list[Slot]:
    arms = [("", organ.real), *sorted(organ.synthetic.items())]
    return [Slot(organ, generator) for generator, count in arms for _ in range(count)]


@dataclass(frozen=True)
class _Draw:
    """What one draw of a case set works with."""

    design: StudyDesign
    slots: list[Slot]
    candidates: dict[str, list[OrganScan]]
    assignment: Assignment
    rng: np.random.Generator

    @property
    def on(self) -> list[str]:
        return list(self.design.matching.on)


def _prepare(design: StudyDesign, rng: np.random.Generator) -> _Draw:
    """See that every slot can get a patient, with as few cases of one patient as that takes."""
    slots = [slot for organ in design.organs for slot in _organ_slots(organ)]
    offered = {slot.wants: candidates(design, slot) for slot in slots}
    person = persons()
    most = {"never": 1, "other-sitting": design.reading.sittings, "allowed": MOST_OF_A_PATIENT}[
        design.matching.same_patient
    ]
    for seats in range(1, most + 1):
        assignment = Assignment(slots, offered, person, seats=seats, rng=rng)
        unfilled = assignment.unfilled()
        if not unfilled:
            return _Draw(design, slots, offered, assignment, rng)
    raise DomainError(_shortage(slots, offered, unfilled, most) + _stand_in_hint(design))


def _draw_cases(draw: _Draw) -> list[PlannedCase]:
    """Draw the real cases, then the synthetic ones that are most like them.

    Every synthetic case has a real one for its model: each in turn, so that each generator's cases together are
    like the organ's real ones together.
    """
    first = draw.assignment.cheapest(lambda row: _several_lesions(draw, row))
    real = {row: scan for row, scan in enumerate(first) if draw.slots[row].origin == Origin.REAL}
    models = _models(draw, real)
    likeness = {
        slot.wants: Likeness(slot, draw.candidates[slot.wants], draw.on) for slot in draw.slots if slot.generator
    }

    def costs(row: int) -> npt.NDArray[np.float64]:
        slot = draw.slots[row]
        offered = draw.candidates[slot.wants]
        if row in real:
            return np.array([0.0 if scan.pk == real[row].pk else FORBIDDEN for scan in offered])
        return likeness[slot.wants].costs(models[row]) if row in models else np.zeros(len(offered))

    chosen = draw.assignment.cheapest(costs)
    return [
        _planned(slot, scan, models.get(row), draw.rng, draw.on)
        for row, (slot, scan) in enumerate(zip(draw.slots, chosen, strict=True))
    ]


def _several_lesions(draw: _Draw, row: int) -> npt.NDArray[np.float64]:
    """Cost of real cases of several lesions, where synthetic ones are to have as many and ours have one."""
    slot = draw.slots[row]
    ours = any(count for name, count in slot.organ.synthetic.items() if name in method_names())
    to_match = "lesions" in draw.on and ours and slot.origin == Origin.REAL
    return np.array([float(to_match and scan.lesions > 1) for scan in draw.candidates[slot.wants]])


def _models(draw: _Draw, real: dict[int, OrganScan]) -> dict[int, OrganScan]:
    models: dict[int, OrganScan] = {}
    for organ in draw.design.organs:
        of_organ = [scan for row, scan in real.items() if draw.slots[row].organ is organ]
        for generator in sorted(organ.synthetic):
            rows = [n for n, slot in enumerate(draw.slots) if slot.organ is organ and slot.generator == generator]
            if of_organ:
                models |= dict(zip(rows, _spread(of_organ, len(rows), draw.rng), strict=True))
    return models


def _planned(
    slot: Slot, scan: OrganScan, model: OrganScan | None, rng: np.random.Generator, on: Collection[str] = ()
) -> PlannedCase:
    """Plan a case; a tumour of ours gets its model's diameter, as far as its host holds it, and part of the organ.

    What is not matched is drawn: the diameter here, from the range, the place when it is made.
    """
    if slot.origin != Origin.HEALTHY:
        return PlannedCase(slot, scan)
    low, high = slot.organ.diameter_mm
    like = model if DIAMETER in on else None
    wanted = like.diameter_mm if like and like.diameter_mm else float(rng.uniform(low, high))
    diameter_mm = min(wanted, scan.largest_sphere_mm or 0.0)
    region = model.region if model and REGION in on else ""
    return PlannedCase(slot, scan, diameter_mm=diameter_mm, seed=int(rng.integers(2**32)), region=region)


def _spread(items: list[OrganScan], count: int, rng: np.random.Generator) -> list[OrganScan]:
    """Draw `count` of the items, each as often as the others, give or take one."""
    whole, rest = divmod(count, len(items))
    return items * whole + [items[n] for n in rng.permutation(len(items))[:rest]]


def _shortage(slots: list[Slot], offered: dict[str, list[OrganScan]], unfilled: list[Slot], most: int) -> str:
    asked = Counter(slot.wants for slot in slots)
    by_name = {slot.wants: slot for slot in slots}
    parts = []
    for wants, missing in sorted(Counter(slot.wants for slot in unfilled).items()):
        there = len({scan.volume.patient_key for scan in offered[wants]})
        can_be_had = asked[wants] - missing
        parts.append(f"{wants}: {asked[wants]} asked for, {can_be_had} can be had ({_supply(by_name[wants], there)})")
    each = "one case each" if most == 1 else f"up to {most} cases each"
    return f"Too few patients, {each}: {'; '.join(parts)}. Ask for fewer cases, widen diameter_mm, or import more."


def _supply(slot: Slot, there: int) -> str:
    """Say what there is for a slot: so many patients with a tumour of its size, or with room for one."""
    organ = slot.organ.name
    low, high = slot.organ.diameter_mm
    patients = "1 patient" if there == 1 else f"{there} patients"
    if slot.origin != Origin.HEALTHY:
        return f"{patients} with a tumour of {low:g}–{high:g} mm"
    hosts = OrganScan.objects.filter(organ=organ, origin=Origin.HEALTHY)
    room = hosts.aggregate(Max("largest_sphere_mm"))["largest_sphere_mm__max"]
    largest = "" if room is None else f", the largest here holds {room:.1f} mm"
    return f"{patients} whose {organ} holds a tumour of {low:g} mm{largest}"


def _stand_in_hint(design: StudyDesign) -> str:
    organs = [organ.name for organ in design.organs]
    left_out = OrganScan.objects.filter(organ__in=organs, stand_in=True).count()
    if design.stand_ins_allowed or not left_out:
        return ""
    return f" {left_out} stand-ins were left out; stand_ins_allowed = true takes them, for a demonstration."


def _plan_controls(design: StudyDesign, planned: list[PlannedCase], rng: np.random.Generator) -> list[PlannedCase]:
    """Draw positive controls, organ by organ in turn, in hosts that no case uses."""
    wanted = design.reading.controls
    person = persons()
    used = {person[plan.scan.volume.patient_key] for plan in planned}
    slots = [Slot(organ, control_name(), control=True) for organ in design.organs if organ.total]
    controls: list[PlannedCase] = []
    while len(controls) < wanted:
        before = len(controls)
        for slot in slots[: wanted - before]:
            free = [scan for scan in candidates(design, slot) if person[scan.volume.patient_key] not in used]
            if free:
                scan = free[rng.integers(len(free))]
                used.add(person[scan.volume.patient_key])
                controls.append(_planned(slot, scan, None, rng))
        if len(controls) == before:
            raise DomainError(
                f"Positive controls: {wanted} asked for, {before} can be had in hosts that no case uses. "
                "Ask for fewer, or import more hosts."
            )
    return controls


def _plan_host_only(design: StudyDesign, planned: list[PlannedCase], rng: np.random.Generator) -> list[PlannedCase]:
    """Draw host-only items in pairs, organ by organ in turn, of patients that no case uses.

    A pair is a real case, and the synthetic one that is most like it in what the design matches; the organ's generators
    take turns. So nobody is seen both with and without the tumour, and the arms are drawn as those that count are.
    """
    pairs = design.reading.host_only // 2
    person = persons()
    used = {person[plan.scan.volume.patient_key] for plan in planned}
    items: list[PlannedCase] = []
    for organ, generator in _host_only_turns(design, pairs):
        model: OrganScan | None = None
        for slot in (Slot(organ, "", host_only=True), Slot(organ, generator, host_only=True)):
            free = [scan for scan in candidates(design, slot) if person[scan.volume.patient_key] not in used]
            if not free:
                raise DomainError(
                    f"Host-only items: {2 * pairs} asked for, {len(items) // 2 * 2} can be had of patients that no "
                    f"case uses (no {slot.wants} case of one lesion is left). Ask for fewer, or import more."
                )
            scan = _nearest_to(model, slot, free, design, rng)
            used.add(person[scan.volume.patient_key])
            items.append(_planned(slot, scan, model, rng, design.matching.on))
            model = scan
    return items


def _host_only_turns(design: StudyDesign, pairs: int) -> list[tuple[OrganDesign, str]]:
    turns = []
    for n in range(pairs):
        organ = design.host_only_organs[n % len(design.host_only_organs)]
        generators = sorted(name for name, count in organ.synthetic.items() if count)
        turns.append((organ, generators[n // len(design.host_only_organs) % len(generators)]))
    return turns


def _nearest_to(
    model: OrganScan | None, slot: Slot, free: list[OrganScan], design: StudyDesign, rng: np.random.Generator
) -> OrganScan:
    """Return the scan that is most like the model, any of equals; without a model, any."""
    cost = np.zeros(len(free)) if model is None else Likeness(slot, free, design.matching.on).costs(model)
    return free[int(np.lexsort((rng.random(len(free)), cost))[0])]


def _plan_practice(design: StudyDesign, planned: list[PlannedCase], rng: np.random.Generator) -> list[PlannedCase]:
    """Take practice cases from patients that no case uses, first from data sets that no case uses."""
    wanted = design.reading.practice
    person = persons()
    used = {person[plan.scan.volume.patient_key] for plan in planned}
    used_datasets = {plan.scan.volume.dataset_id for plan in planned}
    practice: list[PlannedCase] = []
    for slot in _practice_slots(design):
        if len(practice) == wanted:
            break
        free = [scan for scan in candidates(design, slot) if person[scan.volume.patient_key] not in used]
        if not free:
            continue
        free = [free[n] for n in rng.permutation(len(free))]
        scan = min(free, key=lambda scan: scan.volume.dataset_id in used_datasets)
        used.add(person[scan.volume.patient_key])
        practice.append(_planned(slot, scan, None, rng))
    if len(practice) < wanted:
        raise DomainError(
            f"Practice cases: {wanted} asked for, {len(practice)} can be had of patients that no case uses. "
            "Ask for fewer, or import more data sets."
        )
    return practice


def _practice_slots(design: StudyDesign) -> list[Slot]:
    """List slots to try: organs in turn, real and synthetic in turn, as often as practice cases are wanted.

    An arm of which the design wants no case is not practised on.
    """
    slots = []
    for turn in range(2):
        for n, organ in enumerate(design.organs):
            generators = [generator for generator, count in sorted(organ.synthetic.items()) if count][:1]
            real = [""] if organ.real else []
            slots += [Slot(organ, name, practice=True) for name in (generators if (n + turn) % 2 else real)]
    return slots * design.reading.practice
