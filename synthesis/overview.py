"""An organ at a few millimetres' resolution: fast to search for places in, whatever the CT's size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.masks import Box, Mask, Spacing
from synthesis.volume import Volume

_LARGEST_SIZE = 250_000  # blocks: distances over so many take some 50 ms
_SMOOTHING_MM = 1.5  # standard deviation: noise averages out, vessels over 3 mm remain

Field = npt.NDArray[np.float32]
_T = TypeVar("_T", np.float32, np.bool_)


@dataclass(frozen=True, eq=False)
class Overview:
    """An organ's box cut into blocks of voxels; small organs have blocks of one voxel.

    Attributes
    ----------
    origin : (i, j, k)
        The volume's voxel that is the first of the first block.
    factors : (i, j, k)
        Voxels of a block.
    spacing_mm : (i, j, k)
        Of the blocks.
    inside : ndarray of bool
        Blocks all of whose voxels are the organ's.
    depth_mm : ndarray
        Distance in mm from a block's centre to the nearest voxel that is not the organ's, at the least. What
        lies beyond the volume's edge is not the organ's, so that no tumour is cut off by it.
    smooth_hu : ndarray of float32
        The CT, smoothed so that vessels stand out from noise.
    """

    origin: tuple[int, int, int]
    factors: tuple[int, int, int]
    spacing_mm: Spacing
    inside: Mask
    depth_mm: Field
    smooth_hu: Field

    def voxel(self, block: npt.NDArray[np.integer]) -> tuple[int, int, int]:
        """Return the volume's voxel in the middle of a block."""
        i, j, k = (int(o + b * f + (f - 1) // 2) for o, b, f in zip(self.origin, block, self.factors, strict=True))
        return i, j, k


def overview(ct: Volume, organ_mask: Mask, box: Box) -> Overview:
    """Survey an organ within its box."""
    shape = [axis.stop - axis.start for axis in box]
    extent_mm3 = math.prod(n * s for n, s in zip(shape, ct.spacing_mm, strict=True))
    block_mm = math.cbrt(extent_mm3 / _LARGEST_SIZE) if math.prod(shape) > _LARGEST_SIZE else 0.0
    i, j, k = (max(1, round(block_mm / s)) for s in ct.spacing_mm)
    spacing_mm = (i * ct.spacing_mm[0], j * ct.spacing_mm[1], k * ct.spacing_mm[2])
    whole = np.pad(organ_mask[box], [(0, -n % factor) for n, factor in zip(shape, (i, j, k), strict=True)])
    inside = _blocks(whole, (i, j, k), np.logical_and)
    reach_mm = math.hypot(*((factor - 1) * s / 2 for factor, s in zip((i, j, k), ct.spacing_mm, strict=True)))
    depth = ndimage.distance_transform_edt(np.pad(inside, 1), sampling=spacing_mm)[1:-1, 1:-1, 1:-1]
    return Overview(
        origin=(box[0].start, box[1].start, box[2].start),
        factors=(i, j, k),
        spacing_mm=spacing_mm,
        inside=inside,
        depth_mm=np.maximum(depth - reach_mm, 0).astype(np.float32),
        smooth_hu=_smoothed(ct, box, (i, j, k), spacing_mm),
    )


def _smoothed(ct: Volume, box: Box, factors: tuple[int, int, int], spacing_mm: Spacing) -> Field:
    """Average over blocks, and smooth by what their own size lacks to the wanted standard deviation."""
    total = _blocks(ct.hu[box].astype(np.float32), factors, np.add)
    total /= _blocks(np.ones([axis.stop - axis.start for axis in box], dtype=np.float32), factors, np.add)
    sigmas = [
        math.sqrt(max(_SMOOTHING_MM**2 - (factor**2 - 1) * (s / factor) ** 2 / 12, 0.0)) / s
        for factor, s in zip(factors, spacing_mm, strict=True)
    ]
    return np.asarray(ndimage.gaussian_filter(total, sigmas))


def _blocks(values: npt.NDArray[_T], factors: tuple[int, int, int], combine: np.ufunc) -> npt.NDArray[_T]:
    """Combine the voxels of each block; those at the far edges may be cut."""
    for axis, factor in enumerate(factors):
        if factor > 1:
            values = combine.reduceat(values, np.arange(0, values.shape[axis], factor), axis=axis)
    return values
