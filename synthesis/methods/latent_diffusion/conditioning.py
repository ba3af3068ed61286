"""What the denoiser is told of a tumour to be: the CT without it, and where it is to lie.

A mask ends where an annotator drew it, while a tumour's own edge reaches a few millimetres further. What is erased
is therefore wider than the mask: or the denoiser would learn to read the tumour's contrast from the edge that was
left, and find none in a healthy host.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from synthesis.masks import Mask
from synthesis.methods.latent_diffusion.region import Field, softened

ERASED_MM = 3.0  # beyond the mask
_RING_MM = (3.0, 12.0)  # from the mask: near enough to be its tissue, too far to be its edge
_SOFT_TISSUE_HU = (-20.0, 300.0)
_FEWEST = 30
_TYPICAL_HU = 60.0  # where a region holds no soft tissue at all


def to_unit(hu: npt.NDArray[np.floating], window_hu: tuple[float, float]) -> Field:
    """Return HU as the networks see them: the window's ends are -1 and 1, beyond it is cut off."""
    low, high = window_hu
    return np.asarray(np.clip((hu - low) * (2 / (high - low)) - 1, -1, 1), dtype=np.float32)


def to_hu(unit: Field, window_hu: tuple[float, float]) -> Field:
    """Return what `to_unit` was given, within the window."""
    low, high = window_hu
    return np.asarray((unit + 1) * ((high - low) / 2) + low, dtype=np.float32)


def tissue_level_hu(hu: Field, tumor: Mask, organ: Mask, *, voxel_mm: float) -> float:
    """Return the median of the organ around a tumour; of the soft tissue there, where too little is organ."""
    distance_mm = ndimage.distance_transform_edt(~tumor) * voxel_mm if tumor.any() else np.full(hu.shape, _RING_MM[1])
    soft = (hu > _SOFT_TISSUE_HU[0]) & (hu < _SOFT_TISSUE_HU[1]) & ~tumor
    near = soft & (distance_mm >= _RING_MM[0]) & (distance_mm <= _RING_MM[1])
    for chosen in (near & organ, soft & organ, near, soft):
        if np.count_nonzero(chosen) >= _FEWEST:
            return float(np.median(hu[chosen]))
    return _TYPICAL_HU


def erased(hu: Field, tumor: Mask, level_hu: float, *, voxel_mm: float) -> Field:
    """Return the CT with the tumour, and its edge around, replaced by the organ's level."""
    share = softened(tumor, reach_voxels=ERASED_MM / voxel_mm)
    return np.asarray(hu + share * (np.float32(level_hu) - hu), dtype=np.float32)


def mask_channels(tumor: torch.Tensor, factor: int) -> torch.Tensor:
    """Return the mask's share of each of the 8 parts of a latent voxel: a small tumour does not vanish.

    Parameters
    ----------
    tumor : tensor, shape (batch, 1, I, J, K)
        0 or 1.
    factor : int
        Voxels along each axis to one of the latent's; even.

    Returns
    -------
    tensor, shape (batch, 8, I/f, J/f, K/f)
    """
    parts = torch.nn.functional.avg_pool3d(tumor, factor // 2)
    batch, _, i, j, k = parts.shape
    split = parts.reshape(batch, i // 2, 2, j // 2, 2, k // 2, 2)
    return split.permute(0, 2, 4, 6, 1, 3, 5).reshape(batch, 8, i // 2, j // 2, k // 2)


def changed_cells(tumor: torch.Tensor, factor: int, *, voxel_mm: float) -> torch.Tensor:
    """Return the latent voxels that hold any of the tumour or of the edge around it; (batch, 1, …), 0 or 1."""
    reach = round(ERASED_MM / voxel_mm)
    wide = torch.nn.functional.max_pool3d(tumor, 2 * reach + 1, stride=1, padding=reach)
    return torch.nn.functional.max_pool3d(wide, factor)
