"""How regular a body's outline is: measures of a mask that real and synthetic tumours are compared by."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.masks import Mask, Spacing, bounding_box, volume_mm3

SMOOTHING_MM = 2.0  # standard deviation: coarser than this is form, finer is roughness
_MARGIN_SIGMAS = 4


def surface_mm2(mask: Mask, spacing_mm: Spacing) -> float:
    """Return the area of a mask's surface: the volume integral of the gradient of the mask, blurred a little.

    The blur (one voxel along the finest axis) makes the steps of the voxels' faces a slope; a ball comes out
    within a few hundredths of its true area from a radius of 3 voxels on.
    """
    sigma_mm = min(spacing_mm)
    soft = _blurred(mask, spacing_mm, sigma_mm)
    gradient = np.array(np.gradient(soft, *spacing_mm))
    return float(np.sqrt(np.square(gradient).sum(axis=0)).sum() * math.prod(spacing_mm))


def sphericity(mask: Mask, spacing_mm: Spacing) -> float:
    """Return the surface of the ball of a mask's volume over the mask's own surface: 1 for a ball, less else."""
    ball = math.pi ** (1 / 3) * (6 * volume_mm3(mask, spacing_mm)) ** (2 / 3)
    return ball / surface_mm2(mask, spacing_mm)


def roughness_mm(mask: Mask, spacing_mm: Spacing) -> float:
    """Return how far a mask's surface lies, on average, from its own form.

    The form is the mask blurred with a standard deviation of 2 mm and cut where it has the mask's own volume;
    the volume between the two is divided by the mask's surface.
    """
    inside = _blurred(mask, spacing_mm, 0.0) > 0
    soft = _blurred(mask, spacing_mm, SMOOTHING_MM)
    n_outside = inside.size - np.count_nonzero(inside)
    form = soft >= np.partition(soft.ravel(), n_outside)[n_outside]
    return volume_mm3(inside != form, spacing_mm) / surface_mm2(mask, spacing_mm)


def _blurred(mask: Mask, spacing_mm: Spacing, sigma_mm: float) -> npt.NDArray[np.float32]:
    """Return the mask's own box, with room for the widest blur, blurred."""
    i, j, k = (math.ceil(_MARGIN_SIGMAS * SMOOTHING_MM / s) for s in spacing_mm)
    padded = np.pad(mask[bounding_box(mask)].astype(np.float32), ((i, i), (j, j), (k, k)))
    return np.asarray(ndimage.gaussian_filter(padded, [sigma_mm / s for s in spacing_mm]))
