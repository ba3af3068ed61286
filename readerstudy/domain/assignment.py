"""Giving slots patients: whether it can be done at all, and how at the least cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from readerstudy.domain.case_plan import Slot
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import OrganScan

Costs = Callable[[int], npt.NDArray[np.float64]]
"""From a slot's number to the cost of each of its candidates."""

FORBIDDEN = 1e6
TIE_BREAK = 1e-3  # below any difference that is meant


class Assignment:
    """Slots in rows, seats in columns: a person has one seat, or several where one may stand in several cases.

    A person's first scan for a slot may take the first seat, the second one the second, …, so that no real case
    stands twice; a host may take any.
    """

    def __init__(
        self,
        slots: Sequence[Slot],
        candidates: Mapping[str, list[OrganScan]],
        person: Mapping[str, str],
        *,
        seats: int,
        rng: np.random.Generator,
    ) -> None:
        self._slots = slots
        self._candidates = candidates
        self._rng = rng
        # In the order of data sets and rows, so that the draw follows from the seed on any installation.
        persons = list(
            dict.fromkeys(person[scan.volume.patient_key] for scans in candidates.values() for scan in scans)
        )
        rng.shuffle(persons)
        column = {one: n for n, one in enumerate(persons)}
        self._n_seats = len(persons) * seats
        self._offers: dict[str, npt.NDArray[np.intp]] = {}
        for slot in slots:
            if slot.wants not in self._offers:
                columns = [column[person[scan.volume.patient_key]] for scan in candidates[slot.wants]]
                self._offers[slot.wants] = _offers(columns, seats, any_seat=slot.origin == Origin.HEALTHY)

    def unfilled(self) -> list[Slot]:
        """Return the slots that stay empty however the patients are given: a maximum matching leaves the fewest."""
        if not self._n_seats:
            return list(self._slots)
        pairs = [(row, seat) for row, slot in enumerate(self._slots) for seat in set(self._offers[slot.wants][:, 1])]
        rows, columns = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
        graph = csr_array(
            (np.ones(len(pairs), dtype=np.uint8), (rows, columns)), shape=(len(self._slots), self._n_seats)
        )
        match = maximum_bipartite_matching(graph, perm_type="column")
        return [slot for slot, seat in zip(self._slots, match, strict=True) if seat < 0]

    def cheapest(self, costs: Costs) -> list[OrganScan]:
        """Fill every slot at the least cost in all; what costs the same is drawn."""
        matrix = np.full((len(self._slots), self._n_seats), FORBIDDEN)
        per_offer = []
        for row, slot in enumerate(self._slots):
            offers = self._offers[slot.wants]
            cost = costs(row)[offers[:, 0]] + TIE_BREAK * self._rng.random(len(offers))
            np.minimum.at(matrix[row], offers[:, 1], cost)
            per_offer.append(cost)
        _, seats = linear_sum_assignment(matrix)
        chosen = []
        for slot, seat, cost in zip(self._slots, seats, per_offer, strict=True):
            offers = self._offers[slot.wants]
            best = np.where(offers[:, 1] == seat, cost, np.inf).argmin()
            chosen.append(self._candidates[slot.wants][int(offers[best, 0])])
        return chosen


def _offers(columns: list[int], seats: int, *, any_seat: bool) -> npt.NDArray[np.intp]:
    """Return pairs of (candidate's number, seat)."""
    taken: dict[int, int] = {}
    pairs = []
    for number, column in enumerate(columns):
        nth = taken.get(column, 0)
        taken[column] = nth + 1
        for seat in range(seats) if any_seat or seats == 1 else [nth]:
            if seat < seats:
                pairs.append((number, column * seats + seat))
    return np.array(pairs, dtype=np.intp).reshape(-1, 2)
