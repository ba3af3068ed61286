"""The host-only control: a case whose tumour lies hidden behind a plain ball. Whoever tells its arm has found a tell.

The ball has one diameter in a study and one gray, in both arms, and is laid over a case before the one writer of all
cases gets it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from readerstudy.domain.errors import DomainError

BALL_HU = 40
BALL_SHARE = 1.5
"""Of the largest diameter that a study asks for: tumours of a sphere's volume are longer than the sphere."""
EDGE_MM = 5.0
"""Beyond that, all round: an edge fades, and what the tumour pushed aside lies around it."""
LEAST_EDGE_MM = 2.0
"""All round the tumour that is there; one that leaves less is not shown."""
JUNG = float(np.sqrt(1.5))
"""A body of length L lies within some ball of diameter √1.5 L (Jung 1901, in three dimensions)."""
STEPS = 200

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


def ball_diameter_mm(largest_mm: Iterable[float]) -> float:
    """Return the diameter of a study's balls; `largest_mm` holds the largest diameter of each organ's range."""
    return BALL_SHARE * max(largest_mm) + 2 * EDGE_MM


def longest_hidden_mm(diameter_mm: float) -> float:
    """Return how long a tumour may be that a ball of that diameter hides whatever its shape."""
    return (diameter_mm - 2 * LEAST_EDGE_MM) / JUNG


def hide(
    slices_hu: npt.NDArray[np.int16], tumor: BoolArray, spacing_mm: tuple[float, float, float], *, diameter_mm: float
) -> tuple[npt.NDArray[np.int16], BoolArray]:
    """Lay a ball of `BALL_HU` over a tumour.

    Parameters
    ----------
    slices_hu : array of int16, shape (slices, rows, columns)
        Stays as it is.
    tumor : array of bool, the same shape
        Not empty.
    spacing_mm : tuple of float
        (slice, row, column).
    diameter_mm : float
        Of the ball.

    Returns
    -------
    hidden : array of int16
        HU with the ball.
    ball : array of bool
        Where it is: voxels whose centres lie within it.

    Raises
    ------
    DomainError
        If the ball leaves less than `LEAST_EDGE_MM` around the tumour's outermost voxels.
    """
    spacing = np.asarray(spacing_mm, dtype=np.float64)
    center_mm, reach_mm = enclosing_ball(np.argwhere(tumor) * spacing)
    radius_mm = diameter_mm / 2
    if reach_mm + LEAST_EDGE_MM > radius_mm:
        raise DomainError(
            f"Its tumour reaches {reach_mm:.1f} mm from its middle, too far for the ball of {diameter_mm:.1f} mm "
            "that is to hide it in this study; retry, which makes another tumour, or ask for smaller ones."
        )
    axes = [(np.arange(n) * mm - at) ** 2 for n, mm, at in zip(tumor.shape, spacing, center_mm, strict=True)]
    ball = axes[0][:, None, None] + axes[1][None, :, None] + axes[2][None, None, :] <= radius_mm**2
    return np.where(ball, np.int16(BALL_HU), slices_hu), ball


def enclosing_ball(points_mm: FloatArray) -> tuple[FloatArray, float]:
    """Return centre and radius of about the smallest ball that holds all points, of shape (n, 3).

    The centre walks towards the farthest point by ever smaller steps (Bădoiu and Clarkson 2003); the radius is that
    of the centre found, so that the ball holds every point.
    """
    center = (points_mm.min(axis=0) + points_mm.max(axis=0)) / 2
    best, radius = center, _reach(center, points_mm)[1]
    for step in range(1, STEPS + 1):
        farthest, reach = _reach(center, points_mm)
        if reach < radius:
            best, radius = center, reach
        center = center + (points_mm[farthest] - center) / (step + 1)
    return best, radius


def _reach(center: FloatArray, points_mm: FloatArray) -> tuple[int, float]:
    squared = np.square(points_mm - center).sum(axis=1)
    farthest = int(squared.argmax())
    return farthest, float(np.sqrt(squared[farthest]))
