"""How sharp a CT is, told from the patient's own skin."""

from __future__ import annotations

import math

import numpy as np

from synthesis.masks import Box
from synthesis.volume import Volume

_SKIN_STEP_HU = 900.0  # from air to the fat below the skin
_SKIN_HU = (-700.0, -400.0)  # half-way up that step
_SLICES = 5
_FEWEST_VOXELS = 100
_SHARPEST = 0.25  # quantile: skin that lies aslant, and clothes, look blurred
_TYPICAL_MM, _LIMITS_MM = 0.65, (0.4, 1.5)  # liver-fat edges of real scans take 1.4-2.0 mm from 10 to 90 %


def measure_point_spread_mm(ct: Volume, box: Box) -> float:
    """Return the standard deviation in mm of the in-plane point spread, in a box's slices.

    A step of height A, blurred by a Gaussian, is steepest in its middle, where its slope is
    ``A / (sigma * sqrt(2 pi))``; the step is that from air to the patient. Where the volume shows too little of
    it, 0.65 mm are assumed.
    """
    levels = np.unique(np.linspace(box[2].start, box[2].stop - 1, _SLICES).round().astype(int))
    slices = ct.hu[:, :, levels].astype(np.float32)
    if min(slices.shape[:2]) < 2:
        return _TYPICAL_MM
    slope = np.hypot(*np.gradient(slices, *ct.spacing_mm[:2], axis=(0, 1)))
    skin = slope[(slices > _SKIN_HU[0]) & (slices < _SKIN_HU[1])]
    if skin.size < _FEWEST_VOXELS:
        return _TYPICAL_MM
    sigma = _SKIN_STEP_HU / math.sqrt(2 * math.pi) / float(np.quantile(skin, 1 - _SHARPEST))
    return float(np.clip(sigma, *_LIMITS_MM))
