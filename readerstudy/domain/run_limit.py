"""Orders of two truths without long runs, each as likely as another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Counts = tuple[int, int]
"""How many real and how many synthetic cases."""
Ways = dict[Counts, list[list[int]]]
"""By what is left of each truth: [truth of the last][length of the run so far] -> number of ways to go on."""

REAL, SYNTHETIC = 0, 1


def draw_pattern(parts: Sequence[Counts], max_run: int, rng: np.random.Generator) -> list[bool] | None:
    """Draw which places are real, uniformly from all patterns without a run longer than `max_run`.

    `parts` follow one another, each with its own counts; runs go on from one to the next. The ways to finish are
    counted backwards, exactly, and the pattern drawn forwards in their proportion. None where there is no way.
    """
    tables = _tables(parts, max_run)
    last, run = REAL, 0
    pattern: list[bool] = []
    for (n_real, n_synthetic), ways in zip(parts, tables, strict=True):
        left = [n_real, n_synthetic]
        while any(left):
            if not (total := ways[left[REAL], left[SYNTHETIC]][last][run]):
                return None
            real_ways = _ways_on(ways, (left[REAL], left[SYNTHETIC]), REAL, last, run, max_run)
            truth = REAL if rng.random() < real_ways / total else SYNTHETIC
            run, last = (run + 1 if truth == last else 1), truth
            left[truth] -= 1
            pattern.append(truth == REAL)
    return pattern


def shortest_limit(parts: Sequence[Counts]) -> int:
    """Return the least run limit that these counts allow."""
    limit = 1
    while not _is_possible(parts, limit):
        limit += 1
    return limit


def _is_possible(parts: Sequence[Counts], max_run: int) -> bool:
    tables = _tables(parts, max_run)
    return not parts or tables[0][parts[0]][REAL][0] > 0


def _tables(parts: Sequence[Counts], max_run: int) -> list[Ways]:
    tables: list[Ways] = []
    for counts in reversed(parts):
        after, first = (tables[0], parts[len(parts) - len(tables)]) if tables else (None, (0, 0))
        finish = after[first] if after else [[1] * (max_run + 1)] * 2
        tables.insert(0, _table(counts, max_run, finish))
    return tables


def _table(counts: Counts, max_run: int, finish: list[list[int]]) -> Ways:
    ways: Ways = {(0, 0): finish}
    for real in range(counts[REAL] + 1):
        for synthetic in range(counts[SYNTHETIC] + 1):
            if real or synthetic:
                ways[real, synthetic] = [
                    [
                        sum(_ways_on(ways, (real, synthetic), truth, last, run, max_run) for truth in (REAL, SYNTHETIC))
                        for run in range(max_run + 1)
                    ]
                    for last in (REAL, SYNTHETIC)
                ]
    return ways


def _ways_on(ways: Ways, left: Counts, truth: int, last: int, run: int, max_run: int) -> int:
    """Count the ways in which a case of this truth comes next."""
    longer = run + 1 if truth == last else 1
    if not left[truth] or longer > max_run:
        return 0
    real, synthetic = left
    rest = (real - 1, synthetic) if truth == REAL else (real, synthetic - 1)
    return ways[rest][truth][longer]
