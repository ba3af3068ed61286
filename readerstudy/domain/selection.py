"""Which cases a study gets: which patients, which hosts, which diameters. Every choice follows from the seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from django.db.models import Max
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from readerstudy.domain.design import OrganDesign, StudyDesign
from readerstudy.domain.errors import DomainError
from readerstudy.models.dataset import Dataset
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import OrganScan, Volume

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
    chosen = _assign(design, slots, rng)
    planned = _with_diameters([PlannedCase(slot, scan) for slot, scan in zip(slots, chosen, strict=True)], rng)
    return planned + _with_diameters(_plan_practice(design, planned, rng), rng)


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


def _assign(design: StudyDesign, slots: Sequence[Slot], rng: np.random.Generator) -> list[OrganScan]:
    """Give every slot a patient of its own: a maximum matching of slots and patients in random order."""
    candidates = {slot.wants: _candidates(design, slot) for slot in slots}
    person = _persons()
    # In the order of data sets and rows, so that the draw follows from the seed on any installation.
    persons = list(dict.fromkeys(person[scan.volume.patient_key] for scans in candidates.values() for scan in scans))
    rng.shuffle(persons)
    column = {one: n for n, one in enumerate(persons)}
    pairs = [
        (row, column[person[scan.volume.patient_key]])
        for row, slot in enumerate(slots)
        for scan in candidates[slot.wants]
    ]
    rows, columns = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    graph = csr_array((np.ones(len(pairs), dtype=np.uint8), (rows, columns)), shape=(len(slots), len(persons)))
    match = maximum_bipartite_matching(graph, perm_type="column") if persons else np.full(len(slots), -1)
    if (match < 0).any():
        raise DomainError(_shortage(slots, candidates, match) + _stand_in_hint(design))
    chosen = []
    for slot, matched in zip(slots, match, strict=True):
        scans = [scan for scan in candidates[slot.wants] if person[scan.volume.patient_key] == persons[matched]]
        chosen.append(scans[int(rng.integers(len(scans)))])
    return chosen


def _persons() -> dict[str, str]:
    """Map every patient key to one that stands for the person: whoever shares a CT, voxel for voxel, is one."""
    person: dict[str, str] = {}
    of_content: dict[str, str] = {}
    volumes = Volume.objects.order_by("dataset__name", "pk")
    for key, content, voxels in volumes.values_list("patient_key", "content_sha256", "voxels_sha256"):
        known = person.setdefault(key, key)
        same = of_content.setdefault(voxels or content, known)
        if same != known:
            person = {patient: same if one == known else one for patient, one in person.items()}
            of_content = {ct: same if one == known else one for ct, one in of_content.items()}
    return person


def _shortage(slots: Sequence[Slot], candidates: dict[str, list[OrganScan]], match: Any) -> str:
    asked = Counter(slot.wants for slot in slots)
    unfilled = Counter(slot.wants for slot, matched in zip(slots, match, strict=True) if matched < 0)
    by_name = {slot.wants: slot for slot in slots}
    parts = []
    for wants, missing in sorted(unfilled.items()):
        there = len({scan.volume.patient_key for scan in candidates[wants]})
        can_be_had = asked[wants] - missing
        parts.append(f"{wants}: {asked[wants]} asked for, {can_be_had} can be had ({_supply(by_name[wants], there)})")
    return (
        f"Too few patients, one case each: {'; '.join(parts)}. Ask for fewer cases, widen diameter_mm, or import more."
    )


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


def _with_diameters(planned: list[PlannedCase], rng: np.random.Generator) -> list[PlannedCase]:
    """Give synthetic tumours the diameters of the real ones of their organ, as far as their hosts hold them."""
    result = list(planned)
    for organ in dict.fromkeys(plan.slot.organ.name for plan in planned):
        of_organ = [n for n, plan in enumerate(planned) if plan.slot.organ.name == organ]
        ours = [n for n in of_organ if planned[n].slot.origin == Origin.HEALTHY]
        low, high = planned[of_organ[0]].slot.organ.diameter_mm
        real = [planned[n].scan.diameter_mm or low for n in of_organ if planned[n].slot.origin == Origin.REAL]
        wanted = _spread(real, len(ours), rng) if real else [float(mm) for mm in rng.uniform(low, high, len(ours))]
        for n, diameter in _into_hosts(wanted, {n: _room_mm(planned[n]) for n in ours}, rng):
            result[n] = replace(planned[n], diameter_mm=diameter, seed=int(rng.integers(2**32)))
    return result


def _room_mm(plan: PlannedCase) -> float:
    return plan.scan.largest_sphere_mm or 0.0


def _into_hosts(wanted: list[float], room_mm: dict[int, float], rng: np.random.Generator) -> list[tuple[int, float]]:
    """Give every host a diameter: the largest first, each to a random host that holds it.

    Random, not by size: a tumour that grew with its organ would tell the arm. A diameter that no host left holds
    is cut to what the roomiest does.
    """
    free = dict(room_mm)
    given = []
    for diameter in sorted(wanted, reverse=True):
        holding = [host for host, room in free.items() if room >= diameter] or [max(free, key=lambda host: free[host])]
        host = holding[int(rng.integers(len(holding)))]
        given.append((host, min(diameter, free.pop(host))))
    return given


def _spread(values: list[float], count: int, rng: np.random.Generator) -> list[float]:
    """Draw `count` of the values, each as often as the others, give or take one."""
    whole, rest = divmod(count, len(values))
    return values * whole + [float(value) for value in rng.choice(values, rest, replace=False)]


def _plan_practice(design: StudyDesign, planned: list[PlannedCase], rng: np.random.Generator) -> list[PlannedCase]:
    """Take practice cases from patients that no case uses, first from data sets that no case uses."""
    wanted = design.reading.practice
    person = _persons()
    used = {person[plan.scan.volume.patient_key] for plan in planned}
    used_datasets = {plan.scan.volume.dataset_id for plan in planned}
    practice: list[PlannedCase] = []
    for slot in _practice_slots(design):
        if len(practice) == wanted:
            break
        free = [scan for scan in _candidates(design, slot) if person[scan.volume.patient_key] not in used]
        if not free:
            continue
        free = [free[n] for n in rng.permutation(len(free))]
        scan = min(free, key=lambda scan: scan.volume.dataset_id in used_datasets)
        used.add(person[scan.volume.patient_key])
        practice.append(PlannedCase(slot, scan))
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
