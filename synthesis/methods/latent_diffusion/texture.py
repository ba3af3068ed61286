"""A tumour's own texture, apart from its edge and from the scanner's noise.

A decoded sample's fine structure is law, noise and the decoder's own error in one, and no filter parts them. In a host,
its noise and its fine grain stay, so a sample's texture is scaled: by one number, which training chooses so that its
variance is what the training's tumours have beyond that of the organ around them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.masks import Mask
from synthesis.methods.latent_diffusion.region import Field

EDGE_MM = 3.0  # from the surface inwards: within, the contrast still rises
FEWEST_IN_CORE = 20
_AROUND_MM = 12.0
_SD_OF_MEDIAN = 1.4826  # a normal distribution's standard deviation over its median deviation


def with_texture(hu: Field, tumor: Mask, gain: float, *, voxel_mm: float) -> Field:
    """Return an image whose tumour deviates from its mean at each depth this many times as much.

    Shells one voxel thick have a mean each, and all that is deeper than 3 mm has one. At the surface nothing changes.
    """
    depth, core = _depth(tumor, voxel_mm)
    weight = np.clip(depth / core, 0, 1).astype(np.float32)
    return np.asarray(hu + np.float32(gain - 1) * weight * _deviation(hu, depth, core), dtype=np.float32)


def texture_variance(hu: Field, tumor: Mask, *, voxel_mm: float) -> float | None:
    """Return the variance deeper than 3 mm within a tumour, in HU²; None where fewer than 20 voxels are."""
    depth, core = _depth(tumor, voxel_mm)
    inside = hu[depth >= core]
    return float(inside.var()) if inside.size >= FEWEST_IN_CORE else None


def tissue_variance(hu: npt.NDArray[Any], tumor: Mask, organ: Mask, *, voxel_mm: float) -> float | None:
    """Return the variance of the organ 3 to 12 mm around a tumour, in HU²; None where fewer than 20 voxels are.

    Told from the median deviation, which vessels sway little; a voxel of the organ's border is left out.
    """
    distance_mm = ndimage.distance_transform_edt(~tumor) * voxel_mm
    near = ndimage.binary_erosion(organ) & (distance_mm > EDGE_MM) & (distance_mm <= _AROUND_MM)
    deviations = np.abs(hu[near] - np.median(hu[near])) if near.any() else np.zeros(0)
    return float(_SD_OF_MEDIAN * np.median(deviations)) ** 2 if deviations.size >= FEWEST_IN_CORE else None


def _depth(tumor: Mask, voxel_mm: float) -> tuple[npt.NDArray[np.int64], int]:
    """Return each voxel's shell, from 1 at the surface, 0 outside, and the one that the core begins with."""
    core = round(EDGE_MM / voxel_mm + 0.5)
    shell = np.rint(ndimage.distance_transform_edt(tumor)).astype(np.int64)
    return np.minimum(shell, core), core


def _deviation(hu: Field, depth: npt.NDArray[np.int64], core: int) -> Field:
    """Return how far each voxel lies above its shell's mean."""
    counts = np.bincount(depth.ravel(), minlength=core + 1)
    means = np.bincount(depth.ravel(), hu.ravel(), minlength=core + 1) / np.maximum(counts, 1)
    return np.asarray(hu - means[depth], dtype=np.float32)
