"""A coarse grid over a box of voxels, on which smooth fields are cheap to work out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthesis.masks import Box, Spacing

Field = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Lattice:
    """Every n-th voxel of a box along each axis, from its first voxel to its last or just beyond.

    Attributes
    ----------
    box : Box
        In voxels of the volume.
    factors : (i, j, k)
        Voxels from one node to the next.
    spacing_mm : (i, j, k)
        Of the voxels.
    """

    box: Box
    factors: tuple[int, int, int]
    spacing_mm: Spacing

    @classmethod
    def over(cls, box: Box, spacing_mm: Spacing, *, step_mm: float) -> Lattice:
        """Lay nodes no more than `step_mm` apart, and no closer than the voxels, over a box."""
        i, j, k = (max(1, int(step_mm / s)) for s in spacing_mm)
        return cls(box, (i, j, k), spacing_mm)

    @property
    def step_mm(self) -> Spacing:
        """Distance in mm from one node to the next."""
        i, j, k = (factor * s for factor, s in zip(self.factors, self.spacing_mm, strict=True))
        return i, j, k

    def offsets_mm(self, center: npt.ArrayLike) -> Field:
        """Return each node's place relative to a point, given in voxels of the volume; (3, ...) mm."""
        axes = [
            ((axis.start + factor * np.arange(_nodes(axis.stop - axis.start, factor)) - c) * s).astype(np.float32)
            for axis, factor, c, s in zip(self.box, self.factors, np.asarray(center), self.spacing_mm, strict=True)
        ]
        return np.stack(np.meshgrid(*axes, indexing="ij"))

    def spread(self, field: Field) -> Field:
        """Interpolate a field, given at the nodes, at every voxel of the box (trilinear)."""
        for axis in (2, 1, 0):
            length = self.box[axis].stop - self.box[axis].start
            field = _refined(field, axis, self.factors[axis], length)
        return field


def _nodes(length: int, factor: int) -> int:
    return -(-(length - 1) // factor) + 1


def _refined(field: Field, axis: int, factor: int, length: int) -> Field:
    """Interpolate linearly along one axis, and keep the first values."""
    if factor == 1:
        return field[(slice(None),) * axis + (slice(length),)]
    count = field.shape[axis] - 1
    low, high = (field[(slice(None),) * axis + (slice(first, first + count),)] for first in (0, 1))
    step = (high - low) / np.float32(factor)
    fine = np.empty([count * factor + 1 if n == axis else size for n, size in enumerate(field.shape)], np.float32)
    for part in range(factor):
        np.multiply(step, np.float32(part), out=fine[(slice(None),) * axis + (slice(part, -1, factor),)])
        fine[(slice(None),) * axis + (slice(part, -1, factor),)] += low
    fine[(slice(None),) * axis + (-1,)] = field[(slice(None),) * axis + (-1,)]
    return fine[(slice(None),) * axis + (slice(length),)]
