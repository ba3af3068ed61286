"""The automaton's rules written out cell by cell, slowly, to compare the fast one with.

States in a dictionary, one cell after the other, Python's own generator: it shares nothing with
`synthesis.methods.automaton` but the rules.
"""

import itertools
import random

YIELDING = {0: 1.0, 1: 0.3, 2: 0.1}
BARRIER, WALL = 3, 4
NEIGHBORS = [step for step in itertools.product((-1, 0, 1), repeat=3) if step != (0, 0, 0)]


def grow(tissue, nuclei, *, steps, seed):
    """Return {cell: state} after some steps in ``tissue[cell]``, a dictionary; cells not in it are wall."""
    rng = random.Random(seed)  # noqa: S311 - a simulation, no secret
    tissue = dict(tissue)
    state = dict.fromkeys(nuclei, 5)
    pressure = dict.fromkeys(tissue, 0)
    for _ in range(steps):
        invaded, pressed = set(), set()
        for cell, s in state.items():
            if s >= 5:
                invade(cell, state, tissue, rng, invaded, pressed)
        after = {}
        for cell in state.keys() | invaded:
            before = state.get(cell, 0)
            grown = before + (0 < before < 10) + (cell in invaded)
            after[cell] = min(grown, 10)
        for cell in pressed:
            pressure[cell] += 1
            if pressure[cell] > 2:
                tissue[cell] = 0
        state = after
    return state


def invade(cell, state, tissue, rng, invaded, pressed):
    for _ in range(3):
        neighbor = tuple(a + b for a, b in zip(cell, rng.choice(NEIGHBORS), strict=True))
        kind = tissue.get(neighbor, WALL)
        if kind == BARRIER and state[cell] == 10:
            pressed.add(neighbor)
        if kind in YIELDING and state.get(neighbor, 0) < 10 and rng.random() < YIELDING[kind]:
            invaded.add(neighbor)
            return
