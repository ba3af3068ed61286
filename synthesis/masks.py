"""Measures of binary masks, in mm and on grids whose voxels need not be cubes."""

from __future__ import annotations

import contextlib
import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage, spatial

Box = tuple[slice, slice, slice]
Spacing = tuple[float, float, float]
Mask = npt.NDArray[np.bool_]


def volume_mm3(mask: Mask, spacing_mm: Spacing) -> float:
    """Return the volume of a mask in cubic mm."""
    return float(np.count_nonzero(mask)) * math.prod(spacing_mm)


def sphere_volume_mm3(diameter_mm: float) -> float:
    """Return the volume in cubic mm of a sphere."""
    return math.pi / 6 * diameter_mm**3


def equivalent_diameter_mm(mask: Mask, spacing_mm: Spacing) -> float:
    """Return the diameter in mm of the sphere with a mask's volume."""
    return float(np.cbrt(6 / math.pi * volume_mm3(mask, spacing_mm)))


def longest_diameter_mm(mask: Mask, spacing_mm: Spacing) -> float:
    """Return the largest distance in mm between two voxel centres of a mask, in any direction.

    Only the corners of the convex hull can lie farthest apart. A mask of one voxel, or none, has diameter 0.
    """
    points = np.argwhere(mask) * np.array(spacing_mm)
    flat = np.ptp(points, axis=0) == 0 if len(points) else np.ones(3, dtype=bool)
    if flat.sum() <= 1 and len(points) > 4:
        with contextlib.suppress(spatial.QhullError):  # all points in one oblique plane: compare them all
            points = points[spatial.ConvexHull(points[:, ~flat]).vertices]
    return float(spatial.distance.pdist(points).max(initial=0.0))


def axis_ratio(mask: Mask, spacing_mm: Spacing) -> float:
    """Return longest over shortest principal axis of a mask, by its second moments (1 for a sphere).

    The second moment of a voxel itself (``spacing² / 12``) is part of it, so that a single cubic voxel
    has ratio 1.
    """
    points = np.argwhere(mask) * np.array(spacing_mm)
    moments = np.cov(points.T, bias=True) + np.diag(np.square(spacing_mm) / 12)
    shortest, *_, longest = np.sqrt(np.linalg.eigvalsh(moments))
    return float(longest / shortest)


def bounding_box(mask: Mask, *, margin: tuple[int, int, int] = (0, 0, 0)) -> Box:
    """Return the slices of the smallest box around a mask, widened by `margin` voxels within the array.

    Raises
    ------
    ValueError
        If the mask is empty.
    """
    slices = []
    for axis in range(3):
        hits = np.flatnonzero(mask.any(axis=tuple(other for other in range(3) if other != axis)))
        if hits.size == 0:
            raise ValueError("An empty mask has no bounding box.")
        slices.append(
            slice(max(int(hits[0]) - margin[axis], 0), min(int(hits[-1]) + 1 + margin[axis], mask.shape[axis]))
        )
    return slices[0], slices[1], slices[2]


def component_at(mask: Mask, voxel: tuple[int, int, int]) -> Mask:
    """Return the part of a mask that is connected (by faces) to a voxel; empty where it is not in it."""
    labels, _ = ndimage.label(mask)
    return np.asarray((labels == labels[voxel]) & mask)


def eroded(mask: Mask, *, iterations: int) -> Mask:
    """Return the voxels of a mask whose neighbours by faces belong to it, too; so often. Outside the array is none.

    What `scipy.ndimage.binary_erosion` does, in a tenth of its time.
    """
    inner = mask
    for _ in range(iterations):
        padded = np.pad(inner, 1)
        inner = inner.copy()
        for axis in range(3):
            for start in (0, 2):
                window = [slice(1, -1)] * 3
                window[axis] = slice(start, start + mask.shape[axis])
                inner &= padded[tuple(window)]
    return inner


def signed_distance_mm(mask: Mask, spacing_mm: Spacing) -> npt.NDArray[np.float64]:
    """Return the distance in mm to a mask's surface: negative inside, positive outside.

    Each voxel's distance runs to the nearest centre of the other kind, less half a voxel, so that for
    cubic voxels the surface lies half-way between the centres on its two sides.
    """
    half = min(spacing_mm) / 2
    outside = ndimage.distance_transform_edt(~mask, sampling=spacing_mm)
    inside = ndimage.distance_transform_edt(mask, sampling=spacing_mm)
    return np.where(mask, half - inside, outside - half)
