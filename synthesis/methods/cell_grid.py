"""Cubic cells laid over a host's voxels, which need not be cubes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.masks import Box, Spacing

Field = npt.NDArray[np.float32]
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class CellGrid:
    """Cells along the host's axes.

    Attributes
    ----------
    origin : vector
        Where the centre of cell (0, 0, 0) lies, in voxels of the host.
    step : vector
        A cell's edge in voxels along i, j and k.
    shape : (i, j, k)
        How many cells.
    """

    origin: Vector
    step: Vector
    shape: tuple[int, int, int]

    @classmethod
    def around(cls, voxel: tuple[int, int, int], *, cell_mm: float, spacing_mm: Spacing, reach: int) -> CellGrid:
        """Lay a cell on a voxel's centre and `reach` more on each of its six sides."""
        x, y, z = (cell_mm / spacing for spacing in spacing_mm)
        i, j, k = voxel
        return cls((i - reach * x, j - reach * y, k - reach * z), (x, y, z), (2 * reach + 1,) * 3)

    def part(self, box: Box) -> CellGrid:
        """Return the cells in a box of this grid's own indices."""
        x, y, z = (o + b.start * s for o, b, s in zip(self.origin, box, self.step, strict=True))
        i, j, k = (b.stop - b.start for b in box)
        return CellGrid((x, y, z), self.step, (i, j, k))

    def voxels(self, host_shape: tuple[int, int, int], *, margin: tuple[int, int, int] = (0, 0, 0)) -> Box:
        """Return the box of the host's voxels whose centres lie among the cells, widened by a margin."""
        i, j, k = (
            slice(max(math.ceil(o) - m, 0), min(math.floor(o + (n - 1) * s) + 1 + m, length))
            for o, s, n, m, length in zip(self.origin, self.step, self.shape, margin, host_shape, strict=True)
        )
        return i, j, k

    def from_voxels(self, values: Field, box: Box) -> Field:
        """Return what a box of the host's voxels holds at the cells, interpolated; 0 beyond it."""
        first = [o - b.start for o, b in zip(self.origin, box, strict=True)]
        return _resampled(values, self.step, first, self.shape)

    def to_voxels(self, values: Field, box: Box) -> Field:
        """Return what the cells hold at a box of the host's voxels, interpolated; 0 beyond them."""
        first = [(b.start - o) / s for o, s, b in zip(self.origin, self.step, box, strict=True)]
        shape = tuple(b.stop - b.start for b in box)
        return _resampled(values, [1 / s for s in self.step], first, shape)


def _resampled(values: Field, step: Vector | list[float], first: list[float], shape: tuple[int, ...]) -> Field:
    """Return the values at ``first + index * step``."""
    return np.asarray(ndimage.affine_transform(values, step, first, shape, order=1, mode="constant"))
