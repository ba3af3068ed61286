"""What gives a synthetic tumour away: measures on the same voxels before and after.

They show that the scanner's noise was kept and the host's anatomy was not. They say nothing of whether a
lesion looks real otherwise.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.masks import Mask, Spacing, bounding_box, eroded

_FWHM = 2.3548  # full width at half maximum of a Gaussian, in standard deviations
FEWEST_IN_CORE = 200

Image = npt.NDArray[np.integer] | npt.NDArray[np.floating]


class NoiseComparison(NamedTuple):
    """The residual noise inside a tumour against the host's in the same voxels.

    Attributes
    ----------
    sd_ratio : float
        Standard deviation after over before; 0.9 to 1.1 is kept.
    skew_difference : float
        Skewness after less before; within 0.2 is kept.
    """

    sd_ratio: float
    skew_difference: float


def noise_residual(image: Image) -> npt.NDArray[np.float64]:
    """Return ``a - uniform_filter(a, 3 x 3 in plane)``: mostly the scanner's noise."""
    values = image.astype(np.float64)
    return np.asarray(values - ndimage.uniform_filter(values, size=(3, 3, 1)))


def compare_noise(before: Image, after: Image, mask: Mask) -> NoiseComparison:
    """Compare the noise inside a tumour before and after it was put in.

    The residual (see `noise_residual`) is taken in the mask eroded by two voxels; in the
    whole mask where fewer than 200 voxels would remain.

    Parameters
    ----------
    before, after : ndarray, shape (I, J, K)
        HU of the host, and with the tumour; k runs through the slices.
    mask : ndarray of bool, shape (I, J, K)
        The tumour.
    """
    core = noise_core(mask)
    return compare_residuals(noise_residual(before)[core], noise_residual(after)[core])


def compare_residuals(before: npt.NDArray[np.floating[Any]], after: npt.NDArray[np.floating[Any]]) -> NoiseComparison:
    """Compare the residuals of the same voxels before and after; those before must vary."""
    return NoiseComparison(sd_ratio=float(after.std() / before.std()), skew_difference=_skew(after) - _skew(before))


def noise_core(mask: Mask) -> Mask:
    """Return where in a tumour noise is measured: eroded by two voxels, whole where fewer than 200 would remain."""
    core = eroded(mask, iterations=2)
    return core if np.count_nonzero(core) >= FEWEST_IN_CORE else mask


def _skew(values: npt.NDArray[np.floating[Any]]) -> float:
    deviations = values - values.mean()
    square = np.square(deviations)
    variance = float(square.mean())
    return float((square * deviations).mean()) / variance**1.5 if variance > 0 else 0.0


def band_correlation(
    before: Image, after: Image, mask: Mask, spacing_mm: Spacing, sizes_mm: tuple[float, float]
) -> float:
    """Return the correlation of host and synthetic within the mask at structures of these sizes.

    High below 1.5 mm, where there is only noise; near 0 at 3 to 6 mm, where the host's vessels would shine
    through. Nothing outside the mask counts, or the organ's border beside a tumour would pass for a ghost.
    """
    first, second = (_band_within(image, mask, spacing_mm, sizes_mm) for image in (before, after))
    return float(np.corrcoef(first, second)[0, 1])


def band_sd_ratio(before: Image, after: Image, mask: Mask, spacing_mm: Spacing, sizes_mm: tuple[float, float]) -> float:
    """Return the standard deviation after over before within the mask, at structures of these sizes."""
    first, second = (_band_within(image, mask, spacing_mm, sizes_mm) for image in (before, after))
    return float(second.std() / first.std())


def _band_within(
    image: Image, mask: Mask, spacing_mm: Spacing, sizes_mm: tuple[float, float]
) -> npt.NDArray[np.float64]:
    """Return the structure of an image between two sizes in mm, at a mask's voxels: a difference of Gaussians.

    The sizes are the Gaussians' full widths at half maximum; a lower size of 0 keeps everything finer than the
    upper. Each Gaussian is taken over what of it lies within the mask.
    """
    box = bounding_box(mask)
    inside = mask[box].astype(np.float64)
    values = (image[box] - image[mask].mean()) * inside
    fine, coarse = (
        ndimage.gaussian_filter(values, sigmas, mode="constant")
        / ndimage.gaussian_filter(inside, sigmas, mode="constant").clip(1e-9)
        for sigmas in ([size / _FWHM / s for s in spacing_mm] for size in sizes_mm)
    )
    return np.asarray((fine - coarse)[mask[box]])
