"""How regular a body's outline is: measures of a mask that real and synthetic tumours are compared by."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.masks import Mask, Spacing, bounding_box, volume_mm3

SMOOTHING_MM = 2.0  # standard deviation: coarser than this is form, finer is roughness
_SURFACE_SIGMA_VOXELS = 0.7
_MARGIN_SIGMAS = 4


def surface_mm2(mask: Mask, spacing_mm: Spacing) -> float:
    """Return the area of a mask's surface: the volume integral of the gradient of the mask, blurred a little.

    The blur (a Gaussian of 0.7 voxels along each axis) makes the steps of the voxels' faces a slope; a ball
    comes out within 5 % of its true area from a radius of 4 voxels on.
    """
    padded = _padded(mask, spacing_mm)
    gradient = [
        ndimage.gaussian_filter(padded, _SURFACE_SIGMA_VOXELS, order=[int(axis == other) for other in range(3)]) / s
        for axis, s in enumerate(spacing_mm)
    ]
    return float(np.sqrt(np.square(gradient).sum(axis=0)).sum() * math.prod(spacing_mm))


def sphericity(mask: Mask, spacing_mm: Spacing) -> float:
    """Return the surface of the ball of a mask's volume over the mask's own surface: 1 for a ball, less else."""
    ball = math.cbrt(math.pi) * math.cbrt(6 * volume_mm3(mask, spacing_mm)) ** 2
    return ball / surface_mm2(mask, spacing_mm)


def roughness_mm(mask: Mask, spacing_mm: Spacing) -> float:
    """Return how far a mask's surface lies, on average, from its own form.

    The form is the mask blurred with a standard deviation of 2 mm and cut where it has the mask's own volume;
    the volume between the two is divided by the mask's surface.
    """
    padded = _padded(mask, spacing_mm)
    inside = padded > 0
    soft = ndimage.gaussian_filter(padded, [SMOOTHING_MM / s for s in spacing_mm])
    n_outside = inside.size - np.count_nonzero(inside)
    form = soft >= np.partition(soft.ravel(), n_outside)[n_outside]
    return volume_mm3(inside != form, spacing_mm) / surface_mm2(mask, spacing_mm)


def _padded(mask: Mask, spacing_mm: Spacing) -> npt.NDArray[np.float32]:
    """Return the mask's own box as 0 and 1, with room for the widest blur."""
    i, j, k = (math.ceil(_MARGIN_SIGMAS * SMOOTHING_MM / s) for s in spacing_mm)
    return np.pad(mask[bounding_box(mask)].astype(np.float32), ((i, i), (j, j), (k, k)))
