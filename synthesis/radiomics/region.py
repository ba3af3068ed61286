"""The region that a tumour's features are taken of: its half-contrast extent, on cubes of one size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.errors import UnusableInput
from synthesis.half_contrast import NoEdge, delineate
from synthesis.lesions import LEAST_DIAMETER_MM, NEIGHBOURS
from synthesis.masks import Box, Mask, Spacing, bounding_box, equivalent_diameter_mm, signed_distance_mm

HALF_CONTRAST, AS_GIVEN = "half contrast", "mask as given"
_MARGIN_MM = 8.0  # beyond the mask: more than a half-contrast edge can lie outside it, and a voxel for interpolation
_DISTANCE_BLUR = 0.7  # steps, as in `synthesis.half_contrast`


class NoTumor(UnusableInput):
    """A mask holds no voxel."""


@dataclass(frozen=True, eq=False)
class Region:
    """A tumour on a grid of cubes.

    Attributes
    ----------
    hu : ndarray of float32, shape (I, J, K)
        CT, interpolated linearly and rounded to whole HU.
    mask : ndarray of bool, shape (I, J, K)
        Not empty; a voxel is left around it on every side.
    spacing_mm : float
        Edge of a cube.
    delineation : str
        `HALF_CONTRAST`, or `AS_GIVEN` where that could not be told.
    note : str
        Why not, in a few words; else empty.
    ct_voxels : int
        Of the lesion as given, on the CT's own grid: interpolation makes more of them, and nothing new.
    lesions : int
        In the mask that was given; the largest of them is taken.
    at_edge : bool
        Whether it reaches the edge of the CT, so that a part of it may be missing.
    """

    hu: npt.NDArray[np.float32]
    mask: Mask
    spacing_mm: float
    delineation: str
    note: str
    ct_voxels: int
    lesions: int
    at_edge: bool


def tumor_region(
    hu: npt.NDArray[np.integer], tumor: Mask, spacing_mm: Spacing, *, cube_mm: float, organ: Mask | None = None
) -> Region:
    """Return the largest lesion of a mask within its half-contrast edge.

    Annotators draw masks 1.4-2.3 mm outside the half-contrast edge, engines just on it: features of both arms are
    taken within the edge that `synthesis.half_contrast.delineate` finds. A lesion is what hangs together by faces,
    edges or corners of voxels. Only a box around it is resampled.

    Parameters
    ----------
    hu : ndarray, shape (I, J, K)
    tumor : ndarray of bool, shape (I, J, K)
    spacing_mm : tuple of float
        In the arrays' order.
    cube_mm : float
        Of the region's voxels.
    organ : ndarray of bool, optional
        Where `delineate` looks for tissue to compare with.

    Raises
    ------
    NoTumor
        If the mask is empty.
    """
    if not tumor.any():
        raise NoTumor("The tumour mask is empty; check its file and its labels.")
    lesion, place, lesions = _largest_lesion(tumor)
    edge_mm, note = _edge_mm(hu, lesion, place, spacing_mm, organ, tumor)
    box = _widened(place, tumor.shape, spacing_mm)
    given = np.zeros([axis.stop - axis.start for axis in box], dtype=np.float32)
    inner = tuple(slice(of.start - wide.start, of.stop - wide.start) for of, wide in zip(place, box, strict=True))
    given[inner] = lesion
    share = _on_cubes(given, spacing_mm, cube_mm)
    mask = np.asarray(share >= min(0.5, float(share.max())))  # the fullest cube of a lesion that half fills none
    if edge_mm is not None:
        within = _within(mask, edge_mm, cube_mm)
        if within.any():
            mask = within
        else:
            note = "nothing within the edge"
    resampled = np.rint(_on_cubes(hu[box].astype(np.float32), spacing_mm, cube_mm))
    kept = bounding_box(np.pad(mask, 1), margin=(1, 1, 1))
    return Region(
        hu=np.pad(resampled, 1, mode="edge")[kept],
        mask=np.pad(mask, 1)[kept],
        spacing_mm=cube_mm,
        delineation=AS_GIVEN if note else HALF_CONTRAST,
        note=note,
        ct_voxels=int(np.count_nonzero(lesion)),
        lesions=lesions,
        at_edge=any(axis.start == 0 or axis.stop == n for axis, n in zip(place, tumor.shape, strict=True)),
    )


def _largest_lesion(tumor: Mask) -> tuple[Mask, Box, int]:
    """Return the largest lesion in its box, the box, and how many lesions there are."""
    outer = bounding_box(tumor)
    parts, lesions = ndimage.label(tumor[outer], structure=NEIGHBOURS)
    largest = int(np.bincount(parts.ravel())[1:].argmax()) + 1
    inner = ndimage.find_objects(parts)[largest - 1]
    i, j, k = (slice(o.start + n.start, o.start + n.stop) for o, n in zip(outer, inner, strict=True))
    return np.asarray(parts[inner] == largest), (i, j, k), lesions


def _edge_mm(
    hu: npt.NDArray[np.integer], lesion: Mask, place: Box, spacing_mm: Spacing, organ: Mask | None, others: Mask
) -> tuple[float | None, str]:
    """Return the half-contrast edge's distance from the mask's surface, or None and why it can't be told."""
    if equivalent_diameter_mm(lesion, spacing_mm) < LEAST_DIAMETER_MM:
        return None, "too small"
    try:
        found = delineate(hu, lesion, spacing_mm, place=place, organ=organ, others=others)
    except NoEdge as reason:
        return None, str(reason)
    return found.offset_mm, ""


def _within(mask: Mask, edge_mm: float, cube_mm: float) -> Mask:
    distance = ndimage.gaussian_filter(signed_distance_mm(mask, (cube_mm, cube_mm, cube_mm)), _DISTANCE_BLUR)
    return np.asarray(distance <= edge_mm)


def _widened(place: Box, shape: tuple[int, ...], spacing_mm: Spacing) -> Box:
    i, j, k = (
        slice(max(axis.start - math.ceil(_MARGIN_MM / s), 0), min(axis.stop + math.ceil(_MARGIN_MM / s), n))
        for axis, n, s in zip(place, shape, spacing_mm, strict=True)
    )
    return i, j, k


def _on_cubes(values: npt.NDArray[np.float32], spacing_mm: Spacing, cube_mm: float) -> npt.NDArray[np.float32]:
    """Interpolate linearly on cubes that cover the field of view, their grid's centre on the field's (IBSI)."""
    shape = tuple(max(math.ceil(n * s / cube_mm - 1e-6), 1) for n, s in zip(values.shape, spacing_mm, strict=True))
    scale = np.array([cube_mm / s for s in spacing_mm])
    offset = (np.array(values.shape) - 1) / 2 - scale * (np.array(shape) - 1) / 2
    return np.asarray(
        ndimage.affine_transform(values, scale, offset=offset, output_shape=shape, order=1, mode="nearest")
    )
