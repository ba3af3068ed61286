"""Regions of a patient's space, smooth random fields and signed distances on them.

All lengths here are frame millimetres: millimetres of a patient of average build. Real millimetres are
these times `PatientParameters.build`. `x` runs to the patient's right, `y` to the front, `z` to the head
(RAS+), with the origin in the midline, in the middle of the trunk, at the level of the first lumbar vertebra.

Shapes are signed distances (negative inside), exact at the surface and approximate far from it. They are
evaluated in open boxes, and every random field is anchored to the box that was asked for rather than to the
voxels in it, so that the same patient has the same anatomy on a coarse and on a fine grid.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.floating[Any]]
"""Numbers on a region's voxels, float32 in practice."""

Point = tuple[float, float, float]
Vector = Sequence[float] | npt.NDArray[np.float64]

FAR = 50.0
"""The signed distance, in mm, given to whatever is too far from a tube to matter."""


def stream(seed: int, name: str) -> np.random.Generator:
    """A random generator of its own for each named part of a patient, so that parts vary independently."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


@dataclass(frozen=True)
class Region:
    """A box of the image grid.

    Attributes
    ----------
    axes : three 1-D arrays
        Frame-millimetre coordinates of the voxel centres along i, j, k.
    slices : three slices
        Where the box lies in the whole image.
    low, high : points
        The box that was asked for, whether or not the image reaches that far.
    """

    axes: tuple[Field, Field, Field]
    slices: tuple[slice, slice, slice]
    low: Point
    high: Point

    @property
    def shape(self) -> tuple[int, int, int]:
        return (self.axes[0].size, self.axes[1].size, self.axes[2].size)

    @property
    def x(self) -> Field:
        return self.axes[0][:, None, None]

    @property
    def y(self) -> Field:
        return self.axes[1][None, :, None]

    @property
    def z(self) -> Field:
        return self.axes[2][None, None, :]

    def crop(self, low: Sequence[float], high: Sequence[float]) -> Region:
        """The part of this region between two corners; empty where the image does not reach."""
        axes, slices = [], []
        for axis, old, lower, upper in zip(self.axes, self.slices, low, high, strict=True):
            first, last = (int(n) for n in np.searchsorted(axis, (lower, upper)))
            axes.append(axis[first:last])
            slices.append(slice(old.start + first, old.start + last))
        return Region(
            axes=(axes[0], axes[1], axes[2]),
            slices=(slices[0], slices[1], slices[2]),
            low=(low[0], low[1], low[2]),
            high=(high[0], high[1], high[2]),
        )

    def around(self, center: Vector, radii: Vector, margin: float = 8.0) -> Region:
        """The part of this region within `radii + margin` of a point, along each axis."""
        reach = np.asarray(radii) + margin
        return self.crop(tuple(np.asarray(center) - reach), tuple(np.asarray(center) + reach))


def _spline_weights(axis: Field, first: int, count: int, wavelength: float) -> Field:
    """Weights [axis.size, count] of uniform cubic B-splines with knots `wavelength` apart."""
    distance = np.abs(axis[:, None] / wavelength - (first + np.arange(count))[None, :])
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = np.clip(2 - distance, 0, None) ** 3 / 6
    return np.asarray(np.where(distance < 1, near, far), dtype=np.float32)


def smooth_field(region: Region, wavelength: float, rng: np.random.Generator) -> Field:
    """A Gaussian random field of about zero mean and unit variance, smooth over `wavelength` mm.

    White noise on a lattice of that spacing, carried to the voxels by tensor-product cubic B-splines. Over a
    lattice cell the squared weights of a cubic B-spline sum to 0.48 on average, which fixes the scale.
    """
    firsts = [int(np.floor(low / wavelength)) - 1 for low in region.low]
    counts = [int(np.ceil(high / wavelength)) + 2 - first for first, high in zip(firsts, region.high, strict=True)]
    field = rng.standard_normal(counts, dtype=np.float32)
    for axis, first, count in zip(region.axes, firsts, counts, strict=True):
        weights = _spline_weights(axis, first, count, wavelength)
        field = np.tensordot(field, weights, axes=(0, 1))  # contracts the leading axis, appends the voxels'
    field *= np.float32(0.48**-1.5)
    return field


def rotation(about_x: float, about_y: float, about_z: float) -> npt.NDArray[np.float64]:
    """Rotation matrix of three successive turns, in radians, about x, then y, then z."""
    cx, cy, cz = np.cos([about_x, about_y, about_z])
    sx, sy, sz = np.sin([about_x, about_y, about_z])
    turn_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    turn_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    turn_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.asarray(turn_z @ turn_y @ turn_x)


def ellipsoid(
    region: Region,
    center: Vector,
    radii: Vector,
    turn: npt.NDArray[np.float64] | None = None,
) -> Field:
    """Signed distance to an ellipsoid, to first order in the distance from its surface."""
    x, y, z = (np.float32(n) for n in center)
    offsets = (region.x - x, region.y - y, region.z - z)
    if turn is not None:
        # The turn's columns are the ellipsoid's own axes; `u = turnᵀ (p − center)` goes over to them.
        offsets = tuple(sum(np.float32(turn[m, n]) * offsets[m] for m in range(3)) for n in range(3))  # type: ignore[assignment]  # a generator of three
    scaled = sum((u / np.float32(r)) ** 2 for u, r in zip(offsets, radii, strict=True))
    gradient = sum((u / np.float32(r * r)) ** 2 for u, r in zip(offsets, radii, strict=True))
    level = np.sqrt(scaled)
    return np.asarray(level * (level - 1) / np.sqrt(gradient + np.float32(1e-9)))


def union(a: Field, b: Field, blend: float) -> Field:
    """Union of two shapes whose seam is rounded over `blend` mm (polynomial smooth minimum)."""
    overlap = np.clip(blend - np.abs(a - b), 0, None) / blend
    return np.minimum(a, b) - overlap**2 * np.float32(blend / 4)


def intersection(a: Field, b: Field, blend: float) -> Field:
    """What two shapes share, with the seam rounded over `blend` mm."""
    return -union(-a, -b, blend)


def curve(points: Sequence[Sequence[float]] | npt.NDArray[np.float64], step: float) -> npt.NDArray[np.float64]:
    """A smooth curve through rows of numbers (a Catmull-Rom spline over the first three as x, y, z).

    Further columns (a radius) are carried along. Consecutive rows are at most about `step` mm apart.
    """
    rows = np.asarray(points, dtype=np.float64)
    padded = np.vstack([2 * rows[0] - rows[1], rows, 2 * rows[-1] - rows[-2]])
    pieces = []
    for p0, p1, p2, p3 in zip(padded[:-3], padded[1:-2], padded[2:-1], padded[3:], strict=True):
        count = max(1, int(np.ceil(np.linalg.norm((p2 - p1)[:3]) / step)))
        t = (np.arange(count) / count)[:, None]
        pieces.append(p1 + t / 2 * (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0))))
    return np.vstack([*pieces, rows[-1:]])


def tube(region: Region, path: npt.NDArray[np.float64]) -> tuple[Field, Field]:
    """Signed distance to a tube, and the height in y above its center line.

    Parameters
    ----------
    path : array [n, 4]
        x, y, z and radius of points along the tube, dense enough (about half a radius apart) for spheres
        round them to make a smooth tube.

    Returns
    -------
    distance, height : arrays of the region's shape, in mm
        `distance` is FAR, and `height` 0, more than 5 mm away from the tube.
    """
    distance = np.full(region.shape, np.float32(FAR))
    height = np.zeros(region.shape, dtype=np.float32)
    x, y, z = region.axes
    reach = (path[:, 3] + 5.0)[:, None]
    firsts = [np.searchsorted(a, path[:, n] - reach[:, 0]) for n, a in enumerate((x, y, z))]
    lasts = [np.searchsorted(a, path[:, n] + reach[:, 0]) for n, a in enumerate((x, y, z))]
    for row, i0, j0, k0, i1, j1, k1 in zip(path.astype(np.float32), *firsts, *lasts, strict=True):
        above = y[j0:j1] - row[1]
        squared = (
            ((x[i0:i1] - row[0]) ** 2)[:, None, None]
            + (above**2)[None, :, None]
            + ((z[k0:k1] - row[2]) ** 2)[None, None, :]
        )
        here = np.sqrt(squared) - row[3]
        box = (slice(i0, i1), slice(j0, j1), slice(k0, k1))
        closer = here < distance[box]
        np.copyto(distance[box], here, where=closer)
        np.copyto(height[box], above[None, :, None], where=closer)
    return distance, height


def path_region(region: Region, path: npt.NDArray[np.float64], margin: float = 8.0) -> Region:
    """The part of a region that a tube along `path` can touch."""
    reach = path[:, 3:4] + margin
    return region.crop(tuple((path[:, :3] - reach).min(axis=0)), tuple((path[:, :3] + reach).max(axis=0)))
