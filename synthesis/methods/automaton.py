"""The cellular automaton itself: cells that grow, invade their neighbours, press on barriers and die.

After Lai et al., "From Pixel to Cancer" (MICCAI 2024), on a grid of cubic cells. Notation: the state ``s`` of a
cell is 0 (no tumour) to 10 (full). In each step, with every state read before any is written,

1. a cell with ``0 < s < 10`` grows by 1;
2. a cell with ``s >= 5`` tries up to three times, until one try succeeds, to invade a uniformly drawn
   neighbour of its 26: one below 10, whose tissue yields with the probability of its level. An invaded cell
   grows by 1, however many invade it;
3. a full cell that draws a barrier presses on it instead; a barrier that was pressed in more than two steps
   breaks and is tissue of the lowest level from then on.

Only the live frontier is touched: cells that are not yet full, and full ones beside something that can yield.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.masks import Mask

FULL = 10
INVADING = 5
BARRIER = 3  # yields to pressure
WALL = 4  # never yields; what lies beyond the grid is wall
YIELD = np.array([1.0, 0.3, 0.1, 0.0, 0.0], dtype=np.float32)  # by tissue: three levels, barrier, wall
TRIES = 3
WITHSTOOD = 2  # pressed steps that a barrier withstands
_DEEP = 0.75  # of a tumour's largest depth, from which cells begin to die
LAST_STEP = 400  # from which a tumour that still lacks volume is walled in

States = npt.NDArray[np.uint8]
Tissue = npt.NDArray[np.uint8]
Cells = npt.NDArray[np.intp]  # flat indices into the padded grid

_DIRECTIONS = np.array([step for step in itertools.product((-1, 0, 1), repeat=3) if any(step)])


class Automaton:
    """A tumour growing on a grid.

    Parameters
    ----------
    tissue : ndarray of uint8, shape (I, J, K)
        0, 1 or 2 (which yield less and less, see `YIELD`), `BARRIER` or `WALL`.
    nuclei : ndarray of int, shape (n, 3)
        The cells from which the tumour grows; those in a barrier break it, those in a wall are dropped.
    rng : Generator

    Attributes
    ----------
    steps : int
        How many have been done.
    n_invading : int
        How many cells have reached `INVADING`, half the way to full.
    """

    def __init__(self, tissue: Tissue, nuclei: npt.NDArray[np.integer], rng: np.random.Generator) -> None:
        self._rng = rng
        padded = np.pad(tissue, 1, constant_values=WALL)
        self._shape = padded.shape
        self._tissue = padded.ravel()
        self._state = np.zeros(padded.size, dtype=np.uint8)
        self._pressure = np.zeros(padded.size, dtype=np.uint8)
        self._yielding = _count_neighbors(padded != WALL).ravel()  # neighbours that are neither wall nor full
        self._ticket = np.zeros(padded.size, dtype=np.intp)
        _, rows, columns = padded.shape
        self._neighbors: Cells = _DIRECTIONS @ np.array([rows * columns, columns, 1])
        cells = np.unique(np.ravel_multi_index(tuple(np.asarray(nuclei).T + 1), self._shape))
        self._frontier: Cells = cells[self._tissue[cells] != WALL]
        self._tissue[self._frontier] = np.minimum(self._tissue[self._frontier], BARRIER - 1)
        self._state[self._frontier] = INVADING
        self.steps = 0
        self.n_invading = int(self._frontier.size)

    @property
    def state(self) -> States:
        """The states of all cells, shape (I, J, K)."""
        return self._state.reshape(self._shape)[1:-1, 1:-1, 1:-1]

    def grow_to(self, n_cells: float) -> None:
        """Do steps until `n_cells` have reached `INVADING`, or the tumour can grow no more."""
        while self.n_invading < n_cells and self._frontier.size and self.steps < LAST_STEP:
            self.step()

    def step(self) -> None:
        """Do one step."""
        cells = self._frontier
        before = self._state[cells]
        invaded, pressed = self._invade(cells[before >= INVADING])
        growing = cells[before < FULL]
        self._state[growing] += 1
        born = invaded[self._state[invaded] == 0]
        self._state[invaded] = np.minimum(self._state[invaded] + 1, FULL)
        self._pressure[pressed] += 1
        self._tissue[pressed[self._pressure[pressed] > WITHSTOOD]] = 0
        after = self._state[growing]
        for neighbor in self._neighbors:
            self._yielding[growing[after == FULL] + neighbor] -= 1
        self.n_invading += int(np.count_nonzero((before[before < FULL] < INVADING) & (after >= INVADING)))
        live = (self._state[cells] < FULL) | (self._yielding[cells] > 0)
        self._frontier = np.concatenate([cells[live], born])
        self.steps += 1

    def _invade(self, cells: Cells) -> tuple[Cells, Cells]:
        """Return the cells that these invade and the barriers on which they press, each once."""
        invaded, pressed = [], []
        for _ in range(TRIES):
            # One draw for both: its whole part is the neighbour, its fraction decides whether that yields.
            draw = self._rng.random(cells.size, dtype=np.float32) * np.float32(len(self._neighbors))
            direction = draw.astype(np.intp)
            targets = cells + self._neighbors[direction]
            tissue = self._tissue[targets]
            success = (self._state[targets] < FULL) & (draw - direction < YIELD[tissue])
            invaded.append(targets[success])
            pressed.append(targets[(tissue == BARRIER) & (self._state[cells] == FULL)])
            cells = cells[~success]
        return self._once(np.concatenate(invaded)), self._once(np.concatenate(pressed))

    def _once(self, cells: Cells) -> Cells:
        """Return each of the cells once."""
        tickets = np.arange(cells.size)
        self._ticket[cells] = tickets
        return np.asarray(cells[self._ticket[cells] == tickets])


def necrosis(state: States, *, n_seeds: int, rounds: int, rng: np.random.Generator) -> Mask:
    """Let cells deep in a tumour die, and death spread among full cells.

    Parameters
    ----------
    state : ndarray of uint8, shape (I, J, K)
    n_seeds : int
        How many cells die at first, drawn from the full ones of at least 0.75 of the largest depth.
    rounds : int
        In each, every dead cell draws one of its 26 neighbours, which dies if it is full.
    rng : Generator

    Returns
    -------
    ndarray of bool, shape of `state`
        The dead cells: none where no cell is full.
    """
    alive = np.pad(state == FULL, 1)
    depth = ndimage.distance_transform_edt(alive).ravel()
    deep = np.flatnonzero((depth > 0) & (depth >= _DEEP * depth.max()))
    _, rows, columns = alive.shape
    neighbors = _DIRECTIONS @ np.array([rows * columns, columns, 1])
    full = alive.ravel()
    dead = np.zeros_like(full)
    dead[rng.permutation(deep)[:n_seeds]] = True
    for _ in range(rounds):
        cells = np.flatnonzero(dead)
        targets = cells + neighbors[rng.integers(len(neighbors), size=cells.size)]
        dead[targets[full[targets]]] = True
    return dead.reshape(alive.shape)[1:-1, 1:-1, 1:-1]


def _count_neighbors(mask: Mask) -> npt.NDArray[np.uint8]:
    """Return for every cell how many of its 26 neighbours are in the mask."""
    total = mask.astype(np.uint8)
    for axis in range(3):
        line = np.moveaxis(total, axis, 0)
        summed = line.copy()
        summed[1:] += line[:-1]
        summed[:-1] += line[1:]
        total = np.moveaxis(summed, 0, axis)
    return np.ascontiguousarray(total - mask)
