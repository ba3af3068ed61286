"""A lesion's extent by its own contrast: one delineation for real and synthetic lesions alike.

Annotators draw masks 1.4-2.3 mm outside the place where a lesion's contrast has fallen to one half; engines put
theirs just there. Sizes of the two are only comparable once both are taken at the same place. `delineate` finds it
as an offset from the given mask's surface, the same all round: contrast is averaged over shells of equal distance
from that surface, so that noise averages out and a lesion's form stays the annotator's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.errors import UnusableInput
from synthesis.masks import (
    Box,
    Mask,
    Spacing,
    bounding_box,
    equivalent_diameter_mm,
    longest_diameter_mm,
    signed_distance_mm,
)

Image = npt.NDArray[np.floating]

LEAST_CONTRAST_HU = 5.0  # below it a lesion has no edge that could be found
SOFT_TISSUE_HU = (-20.0, 300.0)  # of voxels that count; fat, gas, bone and calcification do not
RING_MM = (4.0, 10.0)  # around the mask's surface: near enough to be its tissue, far enough to be none of its edge
OFFSETS_MM = (-6.0, 3.0)  # within which an edge is looked for: masks are drawn too wide, seldom too narrow

_SHELL_MM = 0.5
_MARGIN_MM = RING_MM[1] + 1.0
_STEPS_ACROSS = 40  # of the working grid, along the given mask's equivalent diameter
_STEP_MM = (0.5, 2.0)
_DISTANCE_BLUR = 0.7  # steps: distances between cubes come in steps themselves, which shells would show
_ROUNDS = 4
_FEWEST_AROUND_MM3 = 30.0
_FEWEST_IN_SHELL = 8
_LEAST_SIGNIFICANCE = 4.0  # contrast, in standard errors


class _Core(NamedTuple):
    """What is surely lesion: so far within an edge, or the deepest share where that leaves less."""

    within_mm: float
    share: float


_FIRST_CORE = _Core(4.0, 0.2)  # of the mask as given, which may be too wide by 2 mm
_CORE = _Core(2.0, 0.3)  # of what is within the edge, once that is known


@dataclass(frozen=True)
class Delineation:
    """A lesion's size at half its contrast.

    Attributes
    ----------
    offset_mm : float
        Of its edge from the given mask's surface; negative inside.
    contrast_hu : float
        Median of the soft tissue around less the median of the lesion's core; negative where the lesion is
        brighter.
    volume_mm3, equivalent_diameter_mm, longest_diameter_mm : float
        Of what lies within the edge.
    """

    offset_mm: float
    contrast_hu: float
    volume_mm3: float
    equivalent_diameter_mm: float
    longest_diameter_mm: float


class NoEdge(UnusableInput):
    """A lesion's edge can't be told; the message says why, in a few words."""


def delineate(
    hu: npt.NDArray[np.integer] | Image,
    mask: Mask,
    spacing_mm: Spacing,
    *,
    place: Box | None = None,
    organ: Mask | None = None,
    others: Mask | None = None,
) -> Delineation:
    """Measure a lesion within the edge at which its contrast has fallen to one half.

    All is worked out in a box around the lesion, on a grid of cubes of 0.5-2 mm (by linear interpolation), so that
    slices of any thickness give the same measure and large lesions take no longer than small ones.

    The contrast runs from the median of the lesion's core to that of the soft tissue 4-10 mm around the mask. The
    core is what lies 2 mm and more within the edge, and at least the deepest 30 % of it. The edge is not known yet
    when the first core is taken, 4 mm within the mask: core and edge are found in turns until the edge stays.

    Parameters
    ----------
    hu : ndarray, shape (I, J, K)
    mask : ndarray of bool
        One lesion; not empty. Of the shape of `hu`, or of the box `place` of it.
    spacing_mm : tuple of float
        In the arrays' order.
    place : tuple of slice, optional
        Where in `hu` the mask lies.
    organ : ndarray of bool, optional
        Tissue around is looked for in it alone, where it holds enough.
    others : ndarray of bool, optional
        All lesions: no other is tissue around this one.

    Raises
    ------
    NoEdge
        If there is too little contrast or no soft tissue around, or the contrast falls to one half nowhere near the
        mask's surface.
    """
    box, lesion = _with_margin(mask, place, hu.shape, spacing_mm)
    step = float(np.clip(equivalent_diameter_mm(lesion, spacing_mm) / _STEPS_ACROSS, *_STEP_MM))
    cube: Spacing = (step, step, step)
    grid = _Grid(lesion.shape, spacing_mm, step)
    fine_hu = grid.resampled(hu[box].astype(np.float32))
    given = _not_empty(grid.resampled(lesion.astype(np.float32)))
    distance = ndimage.gaussian_filter(signed_distance_mm(given, cube), _DISTANCE_BLUR)
    usable = _soft(fine_hu)
    if others is not None:
        usable &= grid.resampled((others[box] & ~lesion).astype(np.float32)) < 0.5
    ring = (distance > RING_MM[0]) & (distance <= RING_MM[1]) & usable
    if organ is not None:
        within = ring & (grid.resampled(organ[box].astype(np.float32)) >= 0.5)
        ring = within if _enough(within, step) else ring
    if not _enough(ring, step):
        raise NoEdge("no soft tissue around")
    outer, spread = float(np.median(fine_hu[ring])), _spread(fine_hu[ring])
    per_sample = step**3 / max(math.prod(spacing_mm), step**3)  # cubes between voxels tell nothing new
    offset, contrast = _edge(fine_hu, distance, usable, outer, spread / math.sqrt(per_sample))
    share = np.clip(0.5 - (distance - offset) / step, 0.0, 1.0)  # of each cube that lies within
    volume_mm3 = float(share.sum()) * step**3
    return Delineation(
        offset_mm=offset,
        contrast_hu=contrast,
        volume_mm3=volume_mm3,
        equivalent_diameter_mm=float(np.cbrt(6 / math.pi * volume_mm3)),
        longest_diameter_mm=longest_diameter_mm(share >= 0.5, cube),
    )


def _with_margin(mask: Mask, place: Box | None, shape: tuple[int, ...], spacing_mm: Spacing) -> tuple[Box, Mask]:
    """Return the box of all that is looked at around a lesion, and the lesion in that box."""
    own = bounding_box(mask)
    offsets = [axis.start for axis in place] if place else [0, 0, 0]
    wide = []
    for axis, offset, n, s in zip(own, offsets, shape, spacing_mm, strict=True):
        margin = math.ceil(_MARGIN_MM / s)
        wide.append(slice(max(axis.start + offset - margin, 0), min(axis.stop + offset + margin, n)))
    i, j, k = wide
    lesion = np.zeros([axis.stop - axis.start for axis in wide], dtype=bool)
    into = tuple(
        slice(axis.start + offset - outer.start, axis.stop + offset - outer.start)
        for axis, offset, outer in zip(own, offsets, wide, strict=True)
    )
    lesion[into] = mask[own]
    return (i, j, k), lesion


@dataclass(frozen=True)
class _Grid:
    """Cubes of one size over a box of voxels; their outermost centres lie on the box's outermost centres."""

    shape: tuple[int, ...]
    spacing_mm: Spacing
    step_mm: float

    def resampled(self, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        scale = [self.step_mm / s for s in self.spacing_mm]
        shape = tuple(int((n - 1) / along) + 1 for n, along in zip(self.shape, scale, strict=True))
        return np.asarray(ndimage.affine_transform(values, scale, output_shape=shape, order=1, mode="nearest"))


def _not_empty(share: npt.NDArray[np.float32]) -> Mask:
    """Return where a mask, resampled, holds at least half a voxel; its fullest cube where it does so nowhere."""
    return np.asarray(share >= min(0.5, float(share.max())))


def _soft(hu: npt.NDArray[np.float32]) -> Mask:
    smooth = ndimage.uniform_filter(hu, 3)
    return np.asarray((smooth > SOFT_TISSUE_HU[0]) & (smooth < SOFT_TISSUE_HU[1]))


def _enough(where: Mask, step_mm: float) -> bool:
    return bool(np.count_nonzero(where) * step_mm**3 >= _FEWEST_AROUND_MM3)


def _spread(values: npt.NDArray[np.float32]) -> float:
    """Return the standard deviation that the values' quartiles show."""
    low, high = np.percentile(values, (25, 75))
    return float(high - low) / 1.349


def _edge(
    hu: npt.NDArray[np.float32],
    distance: npt.NDArray[np.float64],
    usable: Mask,
    outer_hu: float,
    error_hu: float,
) -> tuple[float, float]:
    """Return where the edge lies, and the contrast from within it to the tissue around.

    `error_hu` is one cube's, as if cubes were independent.
    """
    depth = _core_depth(distance, 0.0, _FIRST_CORE)
    offset = math.nan
    for _ in range(_ROUNDS):
        core = (distance <= depth) & usable
        if not core.any():
            raise NoEdge("no soft tissue in it")
        contrast = outer_hu - float(np.median(hu[core]))
        error = error_hu / math.sqrt(np.count_nonzero(core))
        if abs(contrast) < max(LEAST_CONTRAST_HU, _LEAST_SIGNIFICANCE * error):
            raise NoEdge("too little contrast")
        before, offset = offset, _crossing(hu, distance, usable, outer_hu, contrast)
        if math.isclose(before, offset, abs_tol=_SHELL_MM / 10):
            break
        depth = _core_depth(distance, offset, _CORE)
    return offset, contrast


def _core_depth(distance: npt.NDArray[np.float64], edge_mm: float, core: _Core) -> float:
    """Return the distance up to which cubes are surely lesion: so far within the edge, or the deepest share."""
    within = np.sort(distance[distance <= edge_mm])
    if not within.size:
        raise NoEdge("no edge near the mask's surface")
    return max(edge_mm - core.within_mm, float(within[int(core.share * (within.size - 1))]))


def _crossing(
    hu: npt.NDArray[np.float32], distance: npt.NDArray[np.float64], usable: Mask, outer_hu: float, contrast_hu: float
) -> float:
    """Return the distance at which the contrast, averaged over shells, falls to one half.

    Where noise has it fall more than once: the fall that parts the voxels best, which are those of more than half
    the contrast within it and those of less beyond.
    """
    shells = np.arange(min(OFFSETS_MM[0], float(distance.min())), OFFSETS_MM[1] + _SHELL_MM, _SHELL_MM)
    shell = np.digitize(distance, shells - _SHELL_MM / 2) - 1
    counted = usable & (shell >= 0) & (distance < shells[-1] + _SHELL_MM / 2)
    count = np.bincount(shell[counted], minlength=shells.size)
    total = np.bincount(shell[counted], weights=hu[counted], minlength=shells.size)
    known = count >= _FEWEST_IN_SHELL
    excess = (outer_hu - total[known] / count[known]) / contrast_hu - 0.5
    at = shells[known]
    gain = np.cumsum(excess * count[known])
    falls = np.flatnonzero((excess[:-1] >= 0) & (excess[1:] < 0) & (at[1:] > OFFSETS_MM[0]))
    if not falls.size:
        raise NoEdge("no edge near the mask's surface")
    best = falls[np.argmax(gain[falls])]
    return float(np.interp(0.0, excess[[best + 1, best]], at[[best + 1, best]]))
