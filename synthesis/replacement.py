"""Putting lesion tissue in the place of an organ's, so that the scanner's part of the image stays."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.host import Host
from synthesis.masks import Box, Mask
from synthesis.noise import TILE_SHAPE, anatomy, blurred
from synthesis.organs import LESION_FLOOR_HU
from synthesis.realism import FEWEST_IN_CORE, NoiseComparison, compare_residuals, noise_core, noise_residual

Field = npt.NDArray[np.float32]


class Cut(NamedTuple):
    """Where noise and anatomy part.

    Attributes
    ----------
    coarser : float
        Scale in the image from which structure is anatomy, over that of `synthesis.noise.anatomy`.
    dark_limit : float
        Depth below the level from which a place is no parenchyma, over that of the first cut.
    """

    coarser: float
    dark_limit: float


_CUTS = (Cut(1.0, 1.0), Cut(1.5, 1.5), Cut(2.2, 2.0), Cut(3.0, 3.0), Cut(4.0, math.inf))
_SD_LIMIT, _SKEW_LIMIT = 1.1, 0.2  # of the noise after over, and less, that before in the same voxels
_STRENGTHS = (0.7, 1.2)  # of the noise, where the contrast's own bend adds to it
_DRAWS = 4  # of new noise that are tried: in few voxels, its spread and skew are chance
_SURE = 0.9  # share of these limits that is aimed at
_BORDER_MM = 0.8  # standard deviation of the blur that mixes tissue and fat at an organ's border
_NEGLIGIBLE_SHARE = 0.01
_LEVEL_SAMPLE = 4096  # voxels from which the parenchyma near a lesion is told
_FEWEST_VOXELS = 30
_RESIDUAL_SLICES = 6
_FEWEST_RESIDUALS = 12
_ENOUGH_VOXELS = 3000  # for a standard deviation and a skew
_NOISE_LIMIT = 2.5  # standard deviations of the noise beyond which a deviation from the level is anatomy
_VESSEL_SHARE = 0.5  # of the organ's vessel margin, from which it may be
_EVEN_SHARE, _EVEN_SIZE = 0.35, 0.454  # 35 % of normal values are smaller than 0.454 standard deviations
_LARGEST_STRENGTH = 1.15  # of the noise in one place over that in another: what is more is anatomy
_LEVEL_LIMIT_HU = 80.0  # from the level: beyond, a voxel is no parenchyma whatever the noise


def replace_tissue(
    host: Host,
    box: Box,
    share: Field,
    contrast_hu: Field,
    *,
    mask: Mask,
    noise_offset: tuple[int, int, int],
    habitat: Mask | None = None,
    hu: Field | None = None,
) -> npt.NDArray[np.int16]:
    """Return a box of the host with a lesion's tissue in the place of its own.

    Inside the lesion, ``HU = level - contrast + noise``: the level is that of the parenchyma near by; the noise
    is the host's own where that is fine, and new noise of the host's spectrum at the scales which
    `synthesis.noise.anatomy` takes out. Where anatomy stands out (a vessel, fat), its fine structure goes too.
    The contrast has the edge that `share` describes; anatomy ends a little further out (see `cleared`), so that
    none shines through the edge. At the habitat's border, where voxels are part tissue and part fat, only the
    contrast is taken off, in the proportion of the tissue.

    On coarse voxels, or where the organ is lobulated, that would change the noise: its standard deviation by more
    than 10 %, or its skew by more than 0.2, in the same voxels. As little more of the host's own structure stays,
    step by step from the fine to the coarse, as keeps both; but no vessel, and no fat that the lesion grew into.

    Parameters
    ----------
    host : Host
    box : Box
        In the volume.
    share : ndarray of float32, shape of the box
        The lesion's share of each voxel; see `soft_edge`.
    contrast_hu : ndarray of float32, broadcast to the box
        How far the lesion lies below the parenchyma; negative where it is brighter.
    mask : ndarray of bool, shape of the box
        The lesion's voxels, in which the noise is kept.
    noise_offset : (i, j, k)
        Where in the noise tiles its noise begins.
    habitat : ndarray of bool, optional
        Where the lesion may change the host; the organ by default.
    hu : ndarray of float32, optional
        The tissue to replace, where that is not the host's own.
    """
    lesion = _Lesion(host, box, share, contrast_hu, noise_offset, habitat=habitat, hu=hu)
    noise = _NoiseKept(host.ct.hu[box], noise_core(mask), lesion.vessels)
    tried: list[_Attempt] = []
    for cut in _CUTS[:1] if lesion.grows_out else _CUTS:
        for attempt in _attempts(lesion, noise, cut):
            tried.append(attempt)
            if attempt.change <= _SURE:
                return attempt.hu
        if any(attempt.tissue_change <= _SURE for attempt in tried):
            break  # what differs are vessels, and these have to go
    return min(tried, key=_by_change).hu


def _attempts(lesion: _Lesion, noise: _NoiseKept, cut: Cut) -> Iterator[_Attempt]:
    """Try new noise, and again the best of it with as much less as the contrast's own bend adds."""
    draws: list[_Attempt] = []
    for draw in range(_DRAWS if noise.is_small else 1):
        draws.append(noise.attempt(lesion.blended(cut, draw)))
        yield draws[-1]
    if noise.is_small:
        least = min(range(_DRAWS), key=lambda draw: draws[draw].change)
        strength = float(np.clip(1 / draws[least].sd_ratio, *_STRENGTHS))
        yield noise.attempt(lesion.blended(cut, least, strength))


class _Attempt(NamedTuple):
    """A box with the lesion in it, and by how much its noise differs, as a share of the limits.

    Attributes
    ----------
    hu : ndarray of int16
    change : float
        In the lesion's voxels.
    tissue_change : float
        In those that held no vessel.
    sd_ratio : float
        Of the noise there, after over before.
    """

    hu: npt.NDArray[np.int16]
    change: float
    tissue_change: float
    sd_ratio: float


def _by_change(attempt: _Attempt) -> float:
    return attempt.change


class _Lesion:
    """A lesion's tissue in a box, for any cut between noise and anatomy."""

    def __init__(
        self,
        host: Host,
        box: Box,
        share: Field,
        contrast_hu: Field,
        noise_offset: tuple[int, int, int],
        *,
        habitat: Mask | None,
        hu: Field | None,
    ) -> None:
        self._host, self._share, self._noise_offset = host, share, noise_offset
        self._organ = organ = host.organ_mask[box]
        self._original = host.ct.hu[box]
        self._habitat = organ if habitat is None else habitat
        self._hu = self._original.astype(np.float32) if hu is None else hu
        self._coarse = anatomy(self._hu, host.ct.spacing_mm)
        self._level = np.float32(_level_hu(host, self._coarse, organ))
        self._strength = np.float32(_noise_strength(host, self._hu, organ, float(self._level)))
        self._darker = np.maximum(-contrast_hu, np.float32(LESION_FLOOR_HU) - self._level) * share
        self._cleared = cleared(share)
        self._inner_share, self._tissue_hu = share, self._hu
        if not (self._habitat | (share < _NEGLIGIBLE_SHARE)).all():
            self._draw_border()

    @property
    def grows_out(self) -> bool:
        """Whether the lesion takes the place of other tissue than its organ's."""
        return bool((self._habitat & ~self._organ).any())

    @property
    def vessels(self) -> Mask:
        """Where the residual holds tissue that stands out brightly; its structure is to go, whatever the scale."""
        bright = self._coarse > self._level + self._limit_hu
        return np.asarray(ndimage.maximum_filter(bright, size=(3, 3, 1)))

    @property
    def _limit_hu(self) -> float:
        """How far anatomy stands out from the parenchyma, as noise does not."""
        by_noise = _NOISE_LIMIT * float(self._strength) * self._host.noise.coarse_sd
        return max(by_noise, _VESSEL_SHARE * self._host.organ.vessel_margin_hu)

    def blended(self, cut: Cut, draw: int, strength: float = 1.0) -> npt.NDArray[np.int16]:
        """Return the box with the lesion in it; each draw has new noise of its own.

        The contrast bends at a small lesion's edge as noise does: `strength` lets the noise make room for it.
        """
        change = self._noise(cut, draw)
        change *= np.float32(strength)
        change -= np.float32(_in_sixteenths(_mean(change, self._inner_share)))  # the contrast stays the recipe's
        change += self._level
        change -= self._hu
        change *= self._cleared
        change += self._darker
        change += self._hu
        blended = np.rint(change, out=change).astype(np.int16)
        return blended if self._habitat.all() else np.where(self._habitat, blended, self._original)

    def _draw_border(self) -> None:
        """Give voxels at the habitat's border their part of it, and keep what lies outside from being noise."""
        spacing_mm = self._host.ct.spacing_mm
        tissue = blurred(self._habitat.astype(np.float32), spacing_mm, sigma_mm=_BORDER_MM)
        self._cleared *= np.clip(4 * tissue - 3, 0, 1)
        self._darker *= tissue
        self._inner_share = self._share * self._habitat
        self._tissue_hu = np.where(self._habitat, self._hu, self._level)
        self._coarse = anatomy(self._tissue_hu, spacing_mm)

    def _noise(self, cut: Cut, draw: int) -> Field:
        """Return the host's noise, new noise in the place of the scales that are taken out, and none of anatomy."""
        host, noise = self._host, self._host.noise
        offset = [start + draw * n // _DRAWS for start, n in zip(self._noise_offset, TILE_SHAPE, strict=True)]
        fine, coarse = (noise.window(tile, self._hu.shape, offset) for tile in (noise.fine, noise.coarse))
        removed = self._coarse
        if cut.coarser > 1:
            removed = anatomy(self._tissue_hu, host.ct.spacing_mm, coarser=cut.coarser)
            whole = fine + coarse
            coarse = anatomy(whole, host.ct.spacing_mm, coarser=cut.coarser)
            fine = whole - coarse
        result = self._tissue_hu - removed
        height = removed - self._level
        anatomical = (height > self._limit_hu) | (height < -self._limit_hu * cut.dark_limit)
        np.multiply(fine, self._strength, out=result, where=anatomical)
        coarse *= self._strength
        result += coarse
        return result


class _NoiseKept:
    """The noise in a lesion's voxels: in all slices of a small one, in some of a large one."""

    def __init__(self, before: npt.NDArray[np.int16], core: Mask, vessels: Mask) -> None:
        count = np.count_nonzero(core)
        self.is_small = count < _ENOUGH_VOXELS
        self._every = max(1, min(core.shape[2] // _RESIDUAL_SLICES, count // _ENOUGH_VOXELS))
        self._core = core[:, :, :: self._every]
        self._tissue = ~vessels[:, :, :: self._every][self._core]
        self._before = self._residual(before)

    def attempt(self, after: npt.NDArray[np.int16]) -> _Attempt:
        """Compare the noise of a box with the lesion in it."""
        residual = self._residual(after)
        overall = tissue = _compared(self._before, residual)
        if FEWEST_IN_CORE <= np.count_nonzero(self._tissue) < self._tissue.size:
            tissue = _compared(self._before[self._tissue], residual[self._tissue])
        return _Attempt(after, _change(overall), _change(tissue), tissue.sd_ratio)

    def _residual(self, hu: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
        return noise_residual(hu[:, :, :: self._every])[self._core]


def _compared(before: npt.NDArray[np.float64], after: npt.NDArray[np.float64]) -> NoiseComparison:
    """Compare residuals; where they are too few to have a spread, nothing differs."""
    known = before.size >= _FEWEST_RESIDUALS and before.std() > 0 and after.std() > 0
    return compare_residuals(before, after) if known else NoiseComparison(1.0, 0.0)


def _change(compared: NoiseComparison) -> float:
    """Return how much the noise differs, as a share of the limits."""
    by_sd = abs(math.log(compared.sd_ratio)) / math.log(_SD_LIMIT)
    return max(by_sd, abs(compared.skew_difference) / _SKEW_LIMIT)


def _mean(values: Field, weights: Field) -> float:
    total = float(np.sum(weights, dtype=np.float64))
    return float(np.sum(values * weights, dtype=np.float64)) / total if total > 0 else 0.0


def _in_sixteenths(hu: float) -> float:
    """Round so that the order in which a processor sums does not matter."""
    return round(16 * hu) / 16


def cleared(share: Field) -> Field:
    """Return how much of the host's anatomy a lesion's share of each voxel takes away: ``1 - (1 - share)³``.

    Half of it is gone where the share is one fifth, some 0.8 standard deviations of the edge outside the surface.
    """
    rest = 1 - share
    cleared = rest * rest
    cleared *= rest
    return np.asarray(np.subtract(1, cleared, out=cleared))


def _level_hu(host: Host, coarse: Field, organ: Mask) -> int:
    """Return the median of the parenchyma in a box, told from a sample of its voxels.

    A whole number, so that it can be put into an image that is filtered exactly.
    """
    every = max(1, coarse.size // _LEVEL_SAMPLE)
    values, inside = coarse.ravel()[::every], organ.ravel()[::every]
    low, high = host.organ.tissue_hu[0], host.parenchyma_hu + host.organ.vessel_margin_hu
    tissue = values[inside & (values >= low) & (values <= high)]
    level = np.median(tissue) if tissue.size >= _FEWEST_VOXELS else host.parenchyma_hu
    return round(float(level))


def _noise_strength(host: Host, hu: Field, organ: Mask, level: float) -> float:
    """Return how strong the noise in a box is, over the host's; told from parenchyma in some slices.

    A low quantile of the residuals' size is what noise alone would have; borders and vessels swell the rest.
    """
    every = max(1, hu.shape[2] // _RESIDUAL_SLICES)
    residual = noise_residual(hu[:, :, ::every])
    inside = organ[:, :, ::every]
    sample = residual[inside & (np.abs(hu[:, :, ::every] - level) < _LEVEL_LIMIT_HU)]
    if sample.size < _FEWEST_VOXELS:
        return 1.0
    sd = float(np.quantile(np.abs(sample), _EVEN_SHARE)) / _EVEN_SIZE
    return min(sd / host.noise.residual_sd, _LARGEST_STRENGTH)
