"""What an organ-recognition study shows of a CT: a cube around the tumour, of one shape and spacing for every case.

The cube lies along the patient's axes and its middle voxel is in the tumour, so that neither slice count, spacing,
orientation, field of view nor the slice shown first tells from which organ, scanner or data set it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Affine = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FILL_HU = 0
"""The one gray of everything that is not shown: beyond the scan's edge, and around a masked tumour."""
NEIGHBOURS = np.ones((3, 3, 3), dtype=bool)


@dataclass(frozen=True)
class CropGrid:
    """A cube of `size` voxels a side, `spacing_mm` apart in each direction; `affine` maps its [i, j, k] to RAS+ mm."""

    size: int
    spacing_mm: float
    affine: Affine


@dataclass(frozen=True)
class Crop:
    """A case as it is shown: `hu` and `tumor`, both (size, size, size) on `grid`."""

    hu: npt.NDArray[np.float32]
    tumor: Mask
    grid: CropGrid


def crop_size(side_mm: float, spacing_mm: float) -> int:
    """Return the voxels of a side: odd, so that one lies in the middle, and no more than `side_mm` from first to last.

    >>> crop_size(60, 1), crop_size(60, 0.8), crop_size(59, 2)
    (61, 75, 29)
    """
    return 2 * math.floor(round(side_mm / (2 * spacing_mm), 6)) + 1


def crop_grid(tumor: Mask, affine: Affine, *, side_mm: float, spacing_mm: float) -> CropGrid:
    """Return the cube around a tumour.

    Its middle is the centre of a voxel of the largest lesion (voxels that touch by a corner are one lesion; of equally
    large ones the first): the voxel nearest in mm to that lesion's centre of mass.

    Parameters
    ----------
    tumor : array of bool, shape (i, j, k)
    affine : array, shape (4, 4)
        Voxel indices to RAS+ millimetres; its axes may be oblique.
    side_mm, spacing_mm : float
        See `crop_size`.

    Raises
    ------
    ValueError
        If the tumour is empty.
    """
    box = next(iter(ndimage.find_objects(tumor.view(np.uint8), max_label=1)), None)
    if box is None:
        raise ValueError("The tumour's mask is empty, so nothing can be cropped around it.")
    labels, _ = ndimage.label(tumor[box], NEIGHBOURS)
    largest = 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    places = np.argwhere(labels == largest) + [axis.start for axis in box]
    places_mm = places @ affine[:3, :3].T + affine[:3, 3]
    away = np.square(places_mm - places_mm.mean(axis=0)).sum(axis=1)
    middle_mm = places_mm[np.round(away, 6).argmin()]  # rounded: ties must not hang on the last bit
    size = crop_size(side_mm, spacing_mm)
    grid = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
    grid[:3, 3] = middle_mm - spacing_mm * (size // 2)
    return CropGrid(size, spacing_mm, grid)


def resample(volume: npt.NDArray[Any], affine: Affine, grid: CropGrid, *, fill: float) -> npt.NDArray[np.float32]:
    """Return a volume's values at a cube's voxels, interpolated linearly; `fill` beyond the volume.

    The outermost voxels reach one voxel out from their centres; nothing is mixed with `fill`.

    Parameters
    ----------
    volume : array, shape (i, j, k)
    affine : array, shape (4, 4)
        Its voxel indices to RAS+ millimetres.
    """
    to_volume = np.linalg.inv(affine) @ grid.affine
    corners = np.array(np.meshgrid(*[[0, grid.size - 1]] * 3)).reshape(3, -1)
    reached = to_volume[:3, :3] @ corners + to_volume[:3, 3:]
    first = np.clip(np.floor(reached.min(axis=1)).astype(int), 0, np.array(volume.shape) - 1)
    last = np.clip(np.ceil(reached.max(axis=1)).astype(int), 0, np.array(volume.shape) - 1)
    part = volume[tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))].astype(np.float32)
    edged = np.pad(part, 1, mode="edge")
    return np.asarray(
        ndimage.affine_transform(
            edged,
            to_volume[:3, :3],
            to_volume[:3, 3] - first + 1,
            output_shape=(grid.size,) * 3,
            order=1,
            mode="constant",
            cval=fill,
        ),
        dtype=np.float32,
    )


def resample_mask(mask: Mask, affine: Affine, grid: CropGrid) -> Mask:
    """Return where at least half of a mask is, at a cube's voxels; shapes as in `resample`."""
    return np.asarray(resample(mask, affine, grid, fill=0) >= 0.5)


def crop_around(
    hu: npt.NDArray[Any],
    tumor: Mask,
    affine: Affine,
    *,
    side_mm: float,
    spacing_mm: float,
    margin_mm: float | None = None,
) -> Crop:
    """Return what is shown of a case.

    Parameters
    ----------
    hu : array, shape (i, j, k)
        Hounsfield units.
    tumor : array of bool, shape (i, j, k)
    affine : array, shape (4, 4)
        Voxel indices to RAS+ millimetres.
    side_mm, spacing_mm : float
        See `crop_size`.
    margin_mm : float, optional
        Where given, everything farther than that from the tumour is `FILL_HU`.

    Raises
    ------
    ValueError
        If the tumour is empty.
    """
    grid = crop_grid(tumor, affine, side_mm=side_mm, spacing_mm=spacing_mm)
    shown, inside = resample(hu, affine, grid, fill=FILL_HU), resample_mask(tumor, affine, grid)
    if margin_mm is not None:
        shown[ndimage.distance_transform_edt(~inside, sampling=spacing_mm) > margin_mm] = FILL_HU
    return Crop(shown, inside, grid)
