"""Which cases a reader reads where nobody reads them all: anchors that everybody reads, and blocks taken in turn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")

LEAST_ANCHORS = 2  # of each organ and arm: one more would say nothing of how cases differ


def n_blocks(n_cases: int, per_reader: int, anchors: int) -> int:
    """Return into how many blocks the cases beside the anchors are dealt; 1 where every reader reads all."""
    return (n_cases - anchors) // (per_reader - anchors) if per_reader else 1


def pick_anchors(line: Sequence[Item], anchors: int) -> tuple[list[Item], list[Item]]:
    """Part a line of cases, sorted by what they are, into anchors, evenly from all along it, and the others."""
    places = {(2 * k + 1) * len(line) // (2 * anchors) for k in range(anchors)}
    return [item for n, item in enumerate(line) if n in places], [
        item for n, item in enumerate(line) if n not in places
    ]


def sizes_that_fit(n_cases: int, anchors: int) -> list[int]:
    """Return every number of cases a reader that shares the cases beside the anchors out without a rest."""
    rest = n_cases - anchors
    return [anchors + size for size in range(1, rest) if rest % size == 0]


def suffice(arms: Sequence[int], anchors: int) -> bool:
    """Return whether `LEAST_ANCHORS` cases of every organ and arm, or all that it has, are among the anchors.

    Parameters
    ----------
    arms : sequence of int
        How many cases each organ's real arm and each of its generators has, in the line's order.
    """
    line = [arm for arm, count in enumerate(arms) for _ in range(count)]
    chosen, _ = pick_anchors(line, anchors)
    return all(chosen.count(arm) >= min(LEAST_ANCHORS, count) for arm, count in enumerate(arms))


def least_anchors(arms: Sequence[int]) -> int | None:
    """Return the least number of anchors that suffices; None where only all cases would."""
    return next((anchors for anchors in range(1, sum(arms)) if suffice(arms, anchors)), None)
