"""Which case comes when: the rules of a reader's order, over plain records. Readers are never told them.

A seed, a reader's code and a rotation give one order, on any installation. Nothing here touches the database.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from readerstudy.domain.errors import DomainError
from readerstudy.domain.run_limit import draw_pattern, shortest_limit
from readerstudy.domain.shares import n_blocks, pick_anchors

ALGORITHM = "halves-1"
ALGORITHM_OF_SHARES = "shares-1"
ATTEMPTS = 100
DEAL_STREAM, SHARE_STREAM = 3, 5  # of the study's seed: cases' selection and codes have streams of their own
FAR_APART_TRIES = 50

Drawn = TypeVar("Drawn")


@dataclass(frozen=True)
class OrderedCase:
    """What the rules look at. `person` is who is shown: met once in a sitting at most, unless the rules allow it."""

    key: str
    organ: str
    is_real: bool
    person: str
    practice: bool = False
    control: bool = False
    host_only: bool = False
    generator: str = ""

    @property
    def stratum(self) -> tuple[bool, bool, bool, str]:
        return self.host_only, self.control, self.is_real, self.organ

    @property
    def is_apart(self) -> bool:
        """Whether every reader reads it, once, and no figure of the others counts it."""
        return self.control or self.host_only


@dataclass(frozen=True)
class Rules:
    """What a design asks of orders.

    `cases_per_reader`, 0 for all of them, and the `anchors` among them that every reader reads; `may_meet`: a person
    may come twice in a sitting where there is no other way.
    """

    sittings: int = 1
    repeats: int = 0
    max_run: int = 0
    cases_per_reader: int = 0
    anchors: int = 0
    may_meet: bool = False

    @property
    def algorithm(self) -> str:
        return ALGORITHM_OF_SHARES if self.cases_per_reader or self.may_meet else ALGORITHM


@dataclass(frozen=True)
class Place:
    """One reading to come; `sitting` counts from 1, `repeat_index` is 0 for the first reading of a case."""

    case: OrderedCase
    sitting: int
    repeat_index: int = 0


class _DeadEndError(Exception):
    """A draw can't be finished within the rules; another may be."""


def most_repeats(n_cases: int, sittings: int) -> int:
    """Return how many of the cases can be read once more, each in a later sitting than at first."""
    return (sittings - 1) * (n_cases // sittings)


def draw_order(
    cases: Sequence[OrderedCase], rules: Rules, *, seed: int, reader_code: str, rotation: int = 0
) -> list[Place]:
    """Draw one reader's order: practice first, then the sittings.

    The study's seed alone deals the cases into as many blocks as there are sittings, each organ and truth evenly.
    Readers take the blocks in turn (`rotation`: 0 for the first reader, 1 for the second, …), so that over readers
    a case comes early as often as late. Where a reader reads a part of the cases, readers take the blocks of `shares`
    in turn first, then those of the sittings. Each half of a sitting holds as many cases of an organ, and of a truth,
    as the other, give or take one; within that, and within `max_run`, any order is as likely as another. Repeats are
    drawn evenly over organs and truths, and never of controls or host-only items.

    Raises
    ------
    DomainError
        If the rules can't all be kept with these cases.
    """
    rng = np.random.default_rng([seed, *hashlib.sha256(reader_code.encode()).digest()])
    counted = [case for case in cases if not case.practice]
    stream = [seed, DEAL_STREAM]
    if rules.cases_per_reader:
        counted, rotation, block = _share(counted, rules, seed, rotation)
        stream.append(block)
    blocks = _persevere(lambda dealing: _deal(counted, rules, dealing), np.random.default_rng(stream))
    turned = [blocks[(n + rotation) % rules.sittings] for n in range(rules.sittings)]
    practice = _shuffled([Place(case, 1) for case in cases if case.practice], rng)
    return practice + _persevere(lambda rng: _draw_sittings(turned, rules, rng), rng)


def _share(counted: list[OrderedCase], rules: Rules, seed: int, rotation: int) -> tuple[list[OrderedCase], int, int]:
    """Return what one reader reads with all that is apart, how often the blocks were all taken, and the block."""
    anchors, others = _anchors(counted, rules, seed)
    blocks = n_blocks(len(anchors) + len(others), rules.cases_per_reader, rules.anchors)
    turn, block = divmod(rotation, blocks)
    mine = {case.key for case in anchors + others[block::blocks]}
    return [case for case in counted if case.is_apart or case.key in mine], turn, block


def _anchors(cases: Sequence[OrderedCase], rules: Rules, seed: int) -> tuple[list[OrderedCase], list[OrderedCase]]:
    drawn = _shuffled(
        [case for case in cases if not (case.is_apart or case.practice)], np.random.default_rng([seed, SHARE_STREAM])
    )
    line = sorted(drawn, key=lambda case: (case.is_real, case.organ, case.generator))
    return pick_anchors(line, rules.anchors)


def _draw_sittings(blocks: list[list[OrderedCase]], rules: Rules, rng: np.random.Generator) -> list[Place]:
    sittings = _with_repeats(blocks, rules.repeats, rng)
    return [place for places in sittings for place in _order_apart(places, rules, rng)]


def _order_apart(places: list[Place], rules: Rules, rng: np.random.Generator) -> list[Place]:
    """Order a sitting; where somebody comes twice in it, take the draw of several that keeps them farthest apart."""
    if _nearest([place.case.person for place in places]) == math.inf:
        return _order_sitting(places, rules.max_run, rng)
    draws = [_order_sitting(places, rules.max_run, rng) for _ in range(FAR_APART_TRIES)]
    return max(draws, key=lambda order: _nearest([place.case.person for place in order]))


def _nearest(persons: list[str]) -> float:
    """Return how many places lie between two of one person at the least; infinite where nobody comes twice."""
    last: dict[str, int] = {}
    gaps = []
    for n, person in enumerate(persons):
        if person in last:
            gaps.append(n - last[person])
        last[person] = n
    return min(gaps, default=math.inf)


def _persevere(draw: Callable[[np.random.Generator], Drawn], rng: np.random.Generator) -> Drawn:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return draw(rng)
        except _DeadEndError as error:
            if attempt == ATTEMPTS:
                raise DomainError(str(error)) from None
    raise AssertionError("unreachable")


def _shuffled(items: Sequence[Drawn], rng: np.random.Generator) -> list[Drawn]:
    return [items[n] for n in rng.permutation(len(items))]


def _in_line(cases: Sequence[OrderedCase], rng: np.random.Generator) -> list[OrderedCase]:
    """Line the cases up by stratum, at random within it: every n-th of the line is then an even draw."""
    return sorted(_shuffled(cases, rng), key=lambda case: case.stratum)


def _deal(cases: Sequence[OrderedCase], rules: Rules, rng: np.random.Generator) -> list[list[OrderedCase]]:
    line = _in_line(cases, rng)
    block = [n % rules.sittings for n in range(len(line))]
    _part_persons(line, block, rng, may_meet=rules.may_meet)
    return [[case for case, of in zip(line, block, strict=True) if of == n] for n in range(rules.sittings)]


def _part_persons(line: list[OrderedCase], block: list[int], rng: np.random.Generator, *, may_meet: bool) -> None:
    """Exchange cases of one stratum between blocks, in place, until no block holds a person twice that need not."""
    left: set[int] = set()
    while (clash := _first_clash(line, block, left)) is not None:
        partners = [n for n in range(len(line)) if _may_exchange(line, block, clash, n)]
        if not partners and may_meet:
            left.add(clash)
            continue
        if not partners:
            raise _DeadEndError(
                f"{len(set(block))} sittings are too few to keep the cases of one patient apart; "
                'ask for more sittings, or set same_patient = "never".'
            )
        partner = partners[int(rng.integers(len(partners)))]
        block[clash], block[partner] = block[partner], block[clash]


def _first_clash(line: list[OrderedCase], block: list[int], left: set[int]) -> int | None:
    seen: set[tuple[str, int]] = set()
    for n, case in enumerate(line):
        if (case.person, block[n]) in seen and n not in left:
            return n
        seen.add((case.person, block[n]))
    return None


def _may_exchange(line: list[OrderedCase], block: list[int], one: int, other: int) -> bool:
    if line[one].stratum != line[other].stratum or block[one] == block[other]:
        return False
    return not _meets(line, block, line[one], block[other]) and not _meets(line, block, line[other], block[one])


def _meets(line: list[OrderedCase], block: list[int], case: OrderedCase, target: int) -> bool:
    return any(of == target and other.person == case.person for other, of in zip(line, block, strict=True))


def _with_repeats(sittings: list[list[OrderedCase]], repeats: int, rng: np.random.Generator) -> list[list[Place]]:
    """Add to every sitting but the first its share of cases from earlier ones; no case is repeated twice."""
    result = [[Place(case, n) for case in cases] for n, cases in enumerate(sittings, start=1)]
    repeated: set[str] = set()
    for n in range(1, len(sittings)):
        share = repeats * n // (len(sittings) - 1) - repeats * (n - 1) // (len(sittings) - 1)
        here = {case.person for case in sittings[n]}
        pool = {
            case.person: case  # one case a person
            for case in _shuffled([case for earlier in sittings[:n] for case in earlier], rng)
            if not case.is_apart and case.key not in repeated and case.person not in here
        }
        if len(pool) < share:
            raise _DeadEndError(
                f"{repeats} repeats can't all come in later sittings without showing a patient twice in one; "
                "ask for fewer repeats or for more sittings."
            )
        line = _in_line(list(pool.values()), rng)
        start = int(rng.integers(max(1, len(line))))
        chosen = [line[(k * len(line) + start) // share] for k in range(share)]
        repeated |= {case.key for case in chosen}
        result[n] += [Place(case, n + 1, repeat_index=1) for case in chosen]
    return result


def _order_sitting(places: list[Place], max_run: int, rng: np.random.Generator) -> list[Place]:
    halves = _draw_halves(places, rng)
    if not max_run:
        return [place for half in halves for place in half]
    counts = [_counts(half) for half in halves]
    pattern = draw_pattern(counts, max_run, rng)
    if pattern is None:
        n_real, n_synthetic = (sum(numbers) for numbers in zip(*counts, strict=True))
        raise _DeadEndError(
            f"max_run = {max_run} can't be kept in a sitting of {n_real} real and {n_synthetic} synthetic cases; "
            f"{shortest_limit(counts)} or more can."
        )
    order: list[Place] = []
    for half in halves:
        of_truth = {truth: iter([place for place in half if place.case.is_real == truth]) for truth in (True, False)}
        order += [next(of_truth[truth]) for truth in pattern[len(order) : len(order) + len(half)]]
    return order


def _counts(half: list[Place]) -> tuple[int, int]:
    n_real = sum(place.case.is_real for place in half)
    return n_real, len(half) - n_real


def _draw_halves(places: list[Place], rng: np.random.Generator) -> list[list[Place]]:
    """Draw an order of the sitting uniformly from those whose halves are alike in organs and in truths.

    Only the margins are held: with each organ's truths held as well, a reader who counts by organ gains more
    (`benchmarks/counting_reader.py`). There always is such an order, since a table of organs by truths can be halved
    with all its margins rounded.
    """
    groups = np.array(
        [[place.case.is_real for place in places], [not place.case.is_real for place in places]]
        + [[place.case.organ == organ for place in places] for organ in sorted({place.case.organ for place in places})],
        dtype=np.int64,
    ).T.reshape(len(places), -1)
    middle = len(places) // 2 + (int(rng.integers(2)) if len(places) % 2 else 0)
    while True:
        order = rng.permutation(len(places))
        first, second = groups[order[:middle]].sum(axis=0), groups[order[middle:]].sum(axis=0)
        if (abs(first - second) <= 1).all():
            return [[places[n] for n in order[:middle]], [places[n] for n in order[middle:]]]
