"""The region of interest: a small isotropic grid around a tumour, on which the networks work."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.masks import Box, Spacing

Field = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Region:
    """A grid of cubic voxels, parallel to a volume's own axes.

    Attributes
    ----------
    center : (i, j, k)
        Where its middle lies, in voxels of the volume; need not be whole.
    shape : (a, b, c)
        Number of its nodes.
    voxel_mm : float
    spacing_mm : (i, j, k)
        Of the volume.
    """

    center: tuple[float, float, float]
    shape: tuple[int, int, int]
    voxel_mm: float
    spacing_mm: Spacing

    def gathered(self, values: npt.NDArray[Any]) -> Field:
        """Return a volume's values at the nodes; beyond the volume, those at its border.

        Where the volume's voxels are finer than the grid's, a node is the mean of several places (trilinear) within
        its own voxel.
        """
        parts = [max(1, math.ceil(self.voxel_mm / s - 0.25)) for s in self.spacing_mm]
        places = [
            np.clip(axis, 0.0, length - 1.0).astype(np.float64)
            for axis, length in zip(self._places(parts), values.shape, strict=True)
        ]
        near = tuple(slice(math.floor(axis[0]), math.ceil(axis[-1]) + 1) for axis in places)
        fine = _interpolated(
            values[near].astype(np.float32), [axis - part.start for axis, part in zip(places, near, strict=True)]
        )
        split = [n for length, part in zip(self.shape, parts, strict=True) for n in (length, part)]
        return np.asarray(fine.reshape(split).mean(axis=(1, 3, 5), dtype=np.float32))

    def at_voxels(self, field: Field, box: Box) -> Field:
        """Return a field, given at the nodes, at a box of the volume's voxels; beyond the grid, as at its border."""
        places: list[npt.NDArray[np.float64]] = []
        for axis, center, length, s in zip(box, self.center, self.shape, self.spacing_mm, strict=True):
            node = (np.arange(axis.start, axis.stop) - center) * s / self.voxel_mm + (length - 1) / 2
            places.append(np.clip(node, 0.0, length - 1.0).astype(np.float64))
        return _interpolated(field, places)

    def _places(self, parts: Sequence[int]) -> list[npt.NDArray[np.float64]]:
        """Return places along each axis, in voxels of the volume: so many in each of the grid's voxels."""
        return [
            center + ((np.arange(length * part) + 0.5) / part - length / 2) * self.voxel_mm / s
            for center, length, s, part in zip(self.center, self.shape, self.spacing_mm, parts, strict=True)
        ]


def region_shape(
    extents_mm: Sequence[float], *, margin_mm: float, voxel_mm: float, multiple: int, least: int
) -> tuple[int, int, int]:
    """Return how many nodes an extent to either side takes, with a margin: multiples of a number, `least` or more."""
    i, j, k = (
        max(least, multiple * math.ceil(2 * (extent + margin_mm) / voxel_mm / multiple - 1e-9)) for extent in extents_mm
    )
    return i, j, k


def _interpolated(values: Field, places: Sequence[npt.NDArray[np.float64]]) -> Field:
    """Interpolate at the nodes of a grid that is given by its places along each axis."""
    for axis, at in enumerate(places):
        low = np.minimum(np.floor(at).astype(int), max(values.shape[axis] - 2, 0))
        high = np.minimum(low + 1, values.shape[axis] - 1)
        weight = (at - low).astype(np.float32).reshape([-1 if n == axis else 1 for n in range(3)])
        values = values.take(low, axis) * (1 - weight) + values.take(high, axis) * weight
    return np.asarray(values, dtype=np.float32)


def softened(mask: npt.NDArray[np.bool_], *, reach_voxels: float, sigma_voxels: float = 1.0) -> Field:
    """Return a mask widened by a reach, with a soft border: 1 within, 0 well outside."""
    if not mask.any():
        return np.zeros(mask.shape, dtype=np.float32)
    distance = ndimage.distance_transform_edt(~mask)
    return np.asarray(1 / (1 + np.exp((distance - reach_voxels - 1) / (0.4 * sigma_voxels))), dtype=np.float32)
