"""Drawing synthetic cases that are like the real ones, and saying how alike the arms are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from readerstudy.domain.case_plan import PlannedCase, Slot
from readerstudy.models.vocabulary import Origin, Phase
from readerstudy.models.volume import OrganScan

LARGE_DIFFERENCE = 0.25  # standard deviations; below, matched groups are commonly taken as alike (Stuart 2010)
NO_SPREAD = 1e-12


@dataclass(frozen=True)
class Attribute:
    """What cases are compared by; `asked_by` is the word of `matching.on` that has it matched, if one can."""

    name: str
    asked_by: str
    read: Callable[[OrganScan], float | None]


@dataclass(frozen=True)
class Category:
    """As an attribute, told in words."""

    name: str
    asked_by: str
    read: Callable[[OrganScan], str]


ATTRIBUTES = (
    Attribute("lesions", "lesions", lambda scan: scan.lesions or 1),  # a host gets one
    Attribute("slice spacing, mm", "spacing", lambda scan: scan.volume.spacing_mm[2]),
    Attribute("pixel size, mm", "spacing", lambda scan: scan.volume.spacing_mm[0]),
    Attribute("noise, HU", "", lambda scan: scan.volume.noise_hu),
    Attribute("width of the image, mm", "", lambda scan: scan.volume.field_of_view_mm[0]),
)
CATEGORIES = (
    Category("phase", "phase", lambda scan: str(Phase(scan.phase).label).lower() if scan.phase else "not known"),
    Category("data set", "dataset", lambda scan: scan.volume.dataset.name),
    Category("part of the organ", "region", lambda scan: scan.region or "not known"),
)
DIAMETER, REGION = "diameter", "region"


class Likeness:
    """How unlike a slot's candidates are to a real case, over the attributes that are to be matched."""

    def __init__(self, slot: Slot, candidates: Sequence[OrganScan], on: Collection[str]) -> None:
        self._is_made_already = slot.origin != Origin.HEALTHY
        self._on = on
        self._attributes = [one for one in ATTRIBUTES if one.asked_by in on]
        self._categories = [one for one in CATEGORIES if one.asked_by in on]
        self._numbers = [_numbers([one.read(scan) for scan in candidates]) for one in self._attributes]
        self._words = [np.array([one.read(scan) for scan in candidates], dtype=object) for one in self._categories]
        self._diameters = _numbers([scan.diameter_mm for scan in candidates])
        self._room = _numbers([scan.largest_sphere_mm for scan in candidates])

    def costs(self, real: OrganScan) -> npt.NDArray[np.float64]:
        """Return a cost per candidate: 1 for a standard deviation of an attribute, 1 for another category.

        A tumour that is still to be made gets its diameter from the real one: there a host costs the millimetres
        that it lacks.
        """
        cost = np.zeros(len(self._room))
        if DIAMETER in self._on:
            wanted = real.diameter_mm or 0.0
            cost += _distance(self._diameters, wanted) if self._is_made_already else _lacking(self._room, wanted)
        for attribute, values in zip(self._attributes, self._numbers, strict=True):
            cost += _distance(values, attribute.read(real))
        for category, words in zip(self._categories, self._words, strict=True):
            cost += words != category.read(real)
        return cost


def _numbers(values: Sequence[float | None]) -> npt.NDArray[np.float64]:
    return np.array(values, dtype=np.float64)  # None becomes NaN


def _lacking(room: npt.NDArray[np.float64], wanted: float) -> npt.NDArray[np.float64]:
    return np.maximum(0.0, wanted - np.nan_to_num(room))


def _distance(values: npt.NDArray[np.float64], wanted: float | None) -> npt.NDArray[np.float64]:
    """Return how far off each value is, in the values' standard deviation; one that is not known is off by 1."""
    if wanted is None or np.isnan(values).all():
        return np.zeros(len(values))
    spread = float(np.nanstd(values))
    return np.nan_to_num(np.abs(values - wanted) / (spread if spread > NO_SPREAD else 1.0), nan=1.0)


@dataclass(frozen=True)
class Balance:
    """One attribute of an organ's real cases beside those of one generator.

    `real` and `synthetic` are means, or shares of the `level` where it is a category. `difference` is real −
    synthetic over the pooled standard deviation: None where an arm has no value, or where neither varies and they
    differ.
    """

    organ: str
    generator: str
    attribute: str
    level: str
    real: float | None
    synthetic: float | None
    difference: float | None
    matched: bool

    @property
    def is_large(self) -> bool:
        if self.real is None or self.synthetic is None:
            return False
        return self.difference is None or abs(self.difference) > LARGE_DIFFERENCE


def balance(planned: Sequence[PlannedCase], on: Collection[str]) -> list[Balance]:
    """Compare the counted cases' arms, organ by organ and generator by generator, before anything is made."""
    arms: dict[tuple[str, str], list[PlannedCase]] = {}
    for plan in planned:
        if not (plan.slot.practice or plan.slot.control or plan.slot.host_only):
            arms.setdefault((plan.slot.organ.name, plan.slot.generator), []).append(plan)
    return [
        row
        for (organ, generator), synthetic in arms.items()
        if generator and (real := arms.get((organ, "")))
        for row in _compare(organ, generator, (real, synthetic), on)
    ]


def _compare(
    organ: str, generator: str, arms: tuple[list[PlannedCase], list[PlannedCase]], on: Collection[str]
) -> Iterator[Balance]:
    def row(name: str, values: list[list[float]], *, level: str = "", matched: bool) -> Balance:
        real, synthetic = (float(np.mean(arm)) if arm else None for arm in values)
        difference = standardised_difference(*values, shares=bool(level))
        return Balance(organ, generator, name, level, real, synthetic, difference, matched)

    diameters = [_known([plan.diameter_mm or plan.scan.diameter_mm for plan in arm]) for arm in arms]
    yield row("diameter, mm", diameters, matched=DIAMETER in on)
    for attribute in ATTRIBUTES:
        values = [_known([attribute.read(plan.scan) for plan in arm]) for arm in arms]
        yield row(attribute.name, values, matched=attribute.asked_by in on)
    for category in CATEGORIES:
        if category.asked_by == REGION and REGION not in on:
            continue  # where a tumour of ours will lie is not known before it is made
        words = [[_word(category, plan) for plan in arm] for arm in arms]
        for level in sorted({word for arm in words for word in arm}):
            shares = [[float(word == level) for word in arm] for arm in words]
            yield row(category.name, shares, level=level, matched=category.asked_by in on)


def _word(category: Category, plan: PlannedCase) -> str:
    return plan.region if plan.region and category.asked_by == REGION else category.read(plan.scan)


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def standardised_difference(first: Sequence[float], second: Sequence[float], *, shares: bool = False) -> float | None:
    """Return the difference of means over the pooled standard deviation, sqrt((var1 + var2) / 2) (Austin 2009).

    `shares`: the values are zeros and ones, whose variance is p (1 − p). None where it can't be told: an arm with
    too few values, or two that do not vary and differ.
    """
    ddof = 0 if shares else 1
    if min(len(first), len(second)) <= ddof:
        return None
    gap = float(np.mean(first) - np.mean(second))
    pooled = sqrt((float(np.var(first, ddof=ddof)) + float(np.var(second, ddof=ddof))) / 2)
    if pooled < NO_SPREAD:
        return 0.0 if abs(gap) < NO_SPREAD else None
    return gap / pooled
