"""The figures of one tumour: what `FEATURES` lists, measured alike on synthetic and on real ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage, stats

from synthesis.errors import UnusableInput
from synthesis.half_contrast import NoEdge, delineate
from synthesis.inspection.cases import Case
from synthesis.masks import Box, Mask, Spacing, axis_ratio, bounding_box, equivalent_diameter_mm, signed_distance_mm
from synthesis.realism import band_correlation, compare_noise, noise_core, noise_residual
from synthesis.shape import roughness_mm, sphericity
from synthesis.volume import Volume

Image = npt.NDArray[np.float64]

_RING_MM = (4.0, 10.0)  # from the tumour's surface: near enough to be its tissue, far enough to be none of its edge
_SHELL_MM = 0.5
_PROFILE_MM = np.arange(-8.0, 8.01, _SHELL_MM)  # distances at which the edge is sampled, negative inside
_FEWEST_IN_SHELL = 8
_DISTANCE_BLUR_VOXELS = 0.7  # distances between voxels come in steps, which shells would show
_MARGIN_MM = 14.0
_FEWEST_AROUND = 30
_LEAST_CONTRAST_HU = 5.0  # below it a tumour has no edge that could be measured
_SOFT_TISSUE_HU = (-20.0, 300.0)
_PATCH = 8  # edge in voxels of the squares from which noise power spectra are taken
_VOXELS_A_VALUE = 10  # of a histogram: with fewer, gaps are chance
_RESOLVED_VOXELS = 1.2  # a structure's size in voxels, from which it can be seen at all
GHOST_SIZES_MM = ((0.0, 1.5), (1.5, 3.0), (3.0, 6.0), (6.0, 12.0))


class NothingAround(UnusableInput):
    """A tumour has no surroundings to compare it with."""


class Feature(NamedTuple):
    """A figure: its name, its unit, how it is measured, and what real lesions have where that is known."""

    name: str
    unit: str
    definition: str
    real: str = ""


FEATURES = {
    "diameter_mm": Feature("Diameter of the mask", "mm", "of the sphere with the mask's volume"),
    "half_contrast_mm": Feature(
        "Half-contrast diameter",
        "mm",
        "of the sphere with the volume that lies within the edge at which the contrast, averaged over shells of equal "
        "distance from the mask's surface, has fallen to one half; annotators' masks lie 1.4–2.3 mm outside it",
    ),
    "contrast_hu": Feature(
        "Contrast",
        "HU",
        "median of the soft tissue 4–10 mm around less the median of the tumour's inner half; negative where the "
        "tumour is brighter",
        "20–65 below in portal venous liver",
    ),
    "edge_mm": Feature(
        "Edge width, 10–90 %",
        "mm",
        "distance over which the contrast, averaged over shells of equal distance from the surface, rises from 10 to "
        "90 %; unevenness of the surface adds to it",
        "2.9–3.7; 1.7 in a 9 mm lesion, up to 5.8",
    ),
    "noise_sd_ratio": Feature(
        "Noise, inside over around",
        "",
        "standard deviation of the residual a − mean of its 3×3 neighbours in plane, in the tumour eroded by two "
        "voxels (whole where fewer than 200 remain), over that in the soft tissue 4–10 mm around, eroded alike; "
        "vessels there lower the ratio",
        "0.7–1.4",
    ),
    "noise_skew_difference": Feature(
        "Skew of the noise, inside less around", "", "of the same residual in the same places", "about 0"
    ),
    "noise_tilt": Feature(
        "Coarseness of the noise, inside over around",
        "",
        "noise power below over above half the Nyquist frequency, in squares of 8 voxels within the tumour, over the "
        "same ratio in the ring",
        "about 1",
    ),
    "histogram_steps": Feature(
        "Steps in the histogram",
        "",
        "share of the HU values between the tumour's quartiles that no voxel has",
        "0",
    ),
    "axis_ratio": Feature("Elongation", "", "longest over shortest principal axis", "1.2–2.0, median 1.44"),
    "sphericity": Feature("Sphericity", "", "surface of the ball of its volume over its own surface"),
    "roughness_mm": Feature(
        "Roughness", "mm", "mean distance of the surface from the surface blurred with 2 mm, of equal volume"
    ),
}
HOST_FEATURES = {
    "host_sd_ratio": Feature(
        "Noise, after over before", "", "standard deviation of the residual in the same voxels", "to be 0.9–1.1"
    ),
    "host_skew_difference": Feature(
        "Skew, after less before", "", "of the residual in the same voxels", "to be within ±0.2"
    ),
    **{
        f"ghost_{low:g}_{high:g}": Feature(
            f"Host shining through, {low:g}–{high:g} mm",
            "",
            f"correlation of host and synthetic within the tumour at structures of {low:g}–{high:g} mm",
            "to be above 0.7" if high <= 1.5 else "to be below 0.2" if (low, high) == (3.0, 6.0) else "",
        )
        for low, high in GHOST_SIZES_MM
    },
}


class Spectra(NamedTuple):
    """Noise power in plane by frequency."""

    per_mm: Image
    inside: Image
    around: Image


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured of one tumour.

    Attributes
    ----------
    name : str
    features : dict
        By the names of `FEATURES` and, where the host is known, `HOST_FEATURES`; NaN where not measurable.
    profile : ndarray
        Contrast at `profile_distances_mm` from the surface: 1 inside, 0 around; NaN where there is no voxel.
    spectra : Spectra or None
        None where the tumour is too small for it.
    """

    name: str
    features: dict[str, float]
    profile: Image
    spectra: Spectra | None


def profile_distances_mm() -> Image:
    """Return the distances from the surface at which profiles are sampled, negative inside."""
    return _PROFILE_MM.copy()


def measure(case: Case) -> Measured:
    """Measure one tumour.

    Raises
    ------
    NothingAround
        If no soft tissue lies around it.
    """
    spacing = case.ct.spacing_mm
    i, j, k = (math.ceil(_MARGIN_MM / s) for s in spacing)
    box = bounding_box(case.mask, margin=(i, j, k))
    hu, mask = case.ct.hu[box].astype(np.float64), case.mask[box]
    distance = ndimage.gaussian_filter(signed_distance_mm(mask, spacing), _DISTANCE_BLUR_VOXELS)
    ring, inside = _ring(hu, distance), noise_core(mask)
    quiet = ring & ndimage.binary_erosion(_soft(hu), iterations=2)
    if np.count_nonzero(quiet) < _FEWEST_AROUND:
        raise NothingAround(f"{case.name}: there is no soft tissue around the tumour; take the case away.")
    inner_hu, outer_hu = float(np.median(hu[distance <= np.median(distance[mask])])), float(np.median(hu[ring]))
    profile = _profile(hu, distance, inner_hu, outer_hu)
    spectra = _spectra(hu, mask, ring, spacing)
    residual = noise_residual(hu)
    features = {
        "diameter_mm": equivalent_diameter_mm(mask, spacing),
        "half_contrast_mm": _half_contrast_diameter_mm(hu, mask, spacing),
        "contrast_hu": outer_hu - inner_hu,
        "edge_mm": _edge_mm(profile),
        "noise_sd_ratio": float(residual[inside].std() / residual[quiet].std()),
        "noise_skew_difference": float(stats.skew(residual[inside]) - stats.skew(residual[quiet])),
        "noise_tilt": _tilt(spectra),
        "histogram_steps": _histogram_steps(case.ct.hu[box][mask]),
        "axis_ratio": axis_ratio(mask, spacing),
        "sphericity": sphericity(mask, spacing),
        "roughness_mm": roughness_mm(mask, spacing),
    }
    if case.host is not None:
        features |= _against_host(case.host, box, hu, mask)
    return Measured(case.name, features, profile, spectra)


def _soft(hu: Image) -> Mask:
    """Return the voxels of soft tissue: their mean with their neighbours is neither fat, gas nor bone."""
    smooth = ndimage.uniform_filter(hu, 3)
    return np.asarray((smooth > _SOFT_TISSUE_HU[0]) & (smooth < _SOFT_TISSUE_HU[1]))


def _ring(hu: Image, distance: Image) -> Mask:
    """Return the soft tissue around the tumour."""
    return np.asarray((distance > _RING_MM[0]) & (distance <= _RING_MM[1]) & _soft(hu))


def _profile(hu: Image, distance: Image, inner_hu: float, outer_hu: float) -> Image:
    """Return the mean contrast in shells of equal distance, as a share of that from inside to outside."""
    if not abs(inner_hu - outer_hu) >= _LEAST_CONTRAST_HU:
        return np.full(_PROFILE_MM.size, math.nan)
    usable = (distance <= 0) | _soft(hu)
    shell = np.digitize(distance, _PROFILE_MM - _SHELL_MM / 2) - 1
    count = np.bincount(shell[usable].clip(0), minlength=_PROFILE_MM.size)
    total = np.bincount(shell[usable].clip(0), weights=hu[usable], minlength=_PROFILE_MM.size)
    with np.errstate(invalid="ignore"):
        mean = np.where(count >= _FEWEST_IN_SHELL, total / count, math.nan)
    return np.asarray((mean - outer_hu) / (inner_hu - outer_hu))


def _crossing_mm(profile: Image, share: float) -> float:
    """Return the distance at which the contrast falls to a share; NaN where it never does.

    Of all crossings, the one nearest to where one half is first reached: the others are unevenness and noise.
    """
    known = np.isfinite(profile)
    values, distances = profile[known], _PROFILE_MM[known]
    halves = np.flatnonzero((values[:-1] >= 0.5) & (values[1:] < 0.5))
    falls = np.flatnonzero((values[:-1] >= share) & (values[1:] < share))
    if not halves.size or not falls.size:
        return math.nan
    at = falls[np.argmin(np.abs(falls - halves[0]))]
    return float(np.interp(share, values[[at + 1, at]], distances[[at + 1, at]]))


def _half_contrast_diameter_mm(hu: Image, mask: Mask, spacing_mm: Spacing) -> float:
    """Return the diameter that studies compare both arms by; NaN where it can't be told."""
    try:
        return delineate(hu, mask, spacing_mm).equivalent_diameter_mm
    except NoEdge:
        return math.nan


def _edge_mm(profile: Image) -> float:
    return _crossing_mm(profile, 0.1) - _crossing_mm(profile, 0.9)


def _spectra(hu: Image, mask: Mask, ring: Mask, spacing_mm: Spacing) -> Spectra | None:
    """Return the noise power by frequency in plane, averaged over squares within the tumour and around it."""
    inside, around = (_patches(hu, where) for where in (mask, ring))
    if not len(inside) or not len(around):
        return None
    window = np.outer(*[np.hanning(_PATCH + 2)[1:-1]] * 2)
    frequency = np.hypot(fft.fftfreq(_PATCH)[:, np.newaxis], fft.rfftfreq(_PATCH))
    bins = np.rint(frequency * _PATCH).astype(int).ravel()
    powers = []
    for patches in (inside, around):
        flat = patches - patches.mean(axis=(1, 2), keepdims=True)
        power = np.mean(np.abs(fft.rfft2(flat * window)) ** 2, axis=0).ravel()
        powers.append((np.bincount(bins, power) / np.bincount(bins))[1 : _PATCH // 2 + 1])
    per_mm = np.arange(1, _PATCH // 2 + 1) / (_PATCH * spacing_mm[0])
    return Spectra(per_mm, powers[0], powers[1])


def _patches(hu: Image, where: Mask) -> Image:
    """Return the squares in plane, half overlapping, all of whose voxels are in the mask; (n, edge, edge)."""
    if min(where.shape[:2]) < _PATCH:
        return np.empty((0, _PATCH, _PATCH))
    views = [
        np.lib.stride_tricks.sliding_window_view(array, (_PATCH, _PATCH), axis=(0, 1))[:: _PATCH // 2, :: _PATCH // 2]
        for array in (hu, where)
    ]
    return np.asarray(views[0][views[1].all(axis=(-2, -1))])


def _tilt(spectra: Spectra | None) -> float:
    if spectra is None:
        return math.nan
    half = len(spectra.per_mm) // 2
    coarse, fine = (power[:half].sum() / power[half:].sum() for power in (spectra.inside, spectra.around))
    return float(coarse / fine)


def _histogram_steps(hu: npt.NDArray[np.int16]) -> float:
    """Return the share of the HU values in the histogram's bulk that no voxel has; NaN for few voxels."""
    low, high = np.percentile(hu, [25, 75]).round().astype(int)
    if hu.size < _VOXELS_A_VALUE * (high - low + 1):
        return math.nan
    return 1 - np.unique(hu[(hu >= low) & (hu <= high)]).size / float(high - low + 1)


def _against_host(host: Volume, box: Box, hu: Image, mask: Mask) -> dict[str, float]:
    before = host.hu[box].astype(np.float64)
    noise = compare_noise(before, hu, mask)
    inside = noise_core(mask)
    ghosts = {
        f"ghost_{low:g}_{high:g}": band_correlation(before, hu, inside, host.spacing_mm, (low, high))
        for low, high in GHOST_SIZES_MM
        if high >= _RESOLVED_VOXELS * min(host.spacing_mm)
    }
    return {"host_sd_ratio": noise.sd_ratio, "host_skew_difference": noise.skew_difference, **ghosts}
