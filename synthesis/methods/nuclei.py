"""Where a grown tumour begins: nuclei laid so that it becomes as elongated as real lesions are."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage, spatial

from synthesis.methods.star_shape import LARGEST_RATIO, LEAST_RATIO, unit_vectors

Nuclei = tuple[tuple[int, int, int], ...]

SATELLITES_WITHIN = 10.0  # cells
_TOLERANCE = 0.1  # of the axis ratio
_FORESIGHT_CELLS = 15  # edge of the coarse grid on which a tumour's shape is foreseen
_FORESIGHT_REACH = 2.0  # half its width, in radii


def sample_nuclei(rng: np.random.Generator, *, radius_cells: float) -> Nuclei:
    """Draw 1 to 9 nuclei and, one time in three, 3 to 9 satellites within 10 cells of one of them.

    Layouts are drawn until one is foreseen to grow to one piece of the drawn axis ratio (1.2 to 2.0, median
    near 1.44).

    Parameters
    ----------
    rng : Generator
    radius_cells : float
        Of the ball with the tumour's volume.

    Returns
    -------
    tuple of (i, j, k)
        In cells, relative to their own centroid.
    """
    ratio = LEAST_RATIO + (LARGEST_RATIO - LEAST_RATIO) * rng.beta(1.3, 2.6)
    while True:
        layout = _draw_layout(rng, radius_cells)
        if abs(foreseen_axis_ratio(layout, radius_cells) - ratio) < _TOLERANCE:
            return tuple((int(i), int(j), int(k)) for i, j, k in layout)


def foreseen_axis_ratio(nuclei: npt.NDArray[np.integer], radius_cells: float) -> float:
    """Return longest over shortest principal axis of the balls of one size that the nuclei would grow to.

    The size is that with which their union has the volume of one ball of `radius_cells`; infinite where the
    union falls apart.
    """
    steps = np.linspace(-_FORESIGHT_REACH, _FORESIGHT_REACH, _FORESIGHT_CELLS) * radius_cells
    places = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
    distance = np.asarray(spatial.KDTree(nuclei).query(places)[0])
    n_places = round(4 / 3 * math.pi * (radius_cells / (steps[1] - steps[0])) ** 3)
    union = distance <= np.partition(distance.ravel(), n_places - 1)[n_places - 1]
    if ndimage.label(union)[1] > 1:
        return math.inf
    shortest, *_, longest = np.linalg.eigvalsh(np.cov(places[union].T))
    return math.sqrt(longest / shortest)


def _draw_layout(rng: np.random.Generator, radius_cells: float) -> npt.NDArray[np.int_]:
    along = unit_vectors(rng, 1)
    spread = rng.uniform(0.0, 1.3) * radius_cells
    count = rng.integers(1, 10)
    nuclei = along * rng.uniform(-spread, spread, (count, 1))
    nuclei += unit_vectors(rng, int(count)) * rng.uniform(0, 0.35 * radius_cells, (count, 1))
    if rng.random() < 1 / 3:
        satellites = unit_vectors(rng, int(rng.integers(3, 10)))
        satellites *= rng.uniform(1, min(SATELLITES_WITHIN, max(radius_cells, 1.0)), (len(satellites), 1))
        nuclei = np.concatenate([nuclei, nuclei[rng.integers(count)] + satellites])
    return np.asarray(np.rint(nuclei - nuclei.mean(axis=0)), dtype=int)
