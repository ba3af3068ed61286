"""Putting lesion tissue in the place of an organ's, so that the scanner's part of the image stays.

What every method shares: the edge, the removal of the host's anatomy, the noise, the push on the surroundings.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.host import Host
from synthesis.masks import Box, Mask, component_at
from synthesis.noise import TILE_SHAPE, anatomy, blurred
from synthesis.organs import CAPSULE_HU, LESION_FLOOR_HU
from synthesis.realism import noise_residual

Field = npt.NDArray[np.float32]

PUSHED_REACH = 1.3  # radii: as far as a lesion pushes its surroundings
SOFTEST_EDGE_MM = 2.3  # standard deviation: 10 to 90 % over 5.9 mm, as infiltrating lesions have

_LARGE_MM = 20.0  # diameter from which a tumour pushes its surroundings and may have a capsule
_ENCAPSULATED = 0.6  # share of those whose kind shows capsules
_PUSH = (0.2, 0.4)  # 0.3 in Hu et al.
_CAPSULE_PEAK = 0.593  # of share * 4 share (1 - share)
_LOGISTIC = 0.851  # tanh(0.851 x) comes within 0.02 of erf(x / sqrt 2)
_BORDER_MM = 0.8  # standard deviation of the blur that mixes tissue and fat at an organ's border
_NEGLIGIBLE_SHARE = 0.01
_LEVEL_SAMPLE = 4096  # voxels from which the parenchyma near a lesion is told
_FEWEST_VOXELS = 30
_RESIDUAL_SLICES = 6
_NOISE_LIMIT = 2.5  # standard deviations of the noise beyond which a deviation from the level is anatomy
_VESSEL_SHARE = 0.5  # of the organ's vessel margin, from which it may be
_EVEN_SHARE, _EVEN_SIZE = 0.35, 0.454  # 35 % of normal values are smaller than 0.454 standard deviations
_LARGEST_STRENGTH = 1.15  # of the noise in one place over that in another: what is more is anatomy
_LEVEL_LIMIT_HU = 80.0  # from the level: beyond, a voxel is no parenchyma whatever the noise
_CORE_REACH = 0.6  # further in, a lesion has replaced what it would push


def sample_edge_sigma_mm(host: Host, diameter_mm: float, rng: np.random.Generator) -> tuple[float, float]:
    """Draw the width of a lesion's edge where it is sharpest and where it is softest.

    Standard deviations of the Gaussian that a step would be blurred with; 10 to 90 % takes 2.56 of them. Real
    liver lesions take 1.7 mm where they are 9 mm wide, most of them 2.9-3.7 mm, and up to 5.8 mm where they
    infiltrate. No edge is sharper than the scanner's own point spread.
    """
    middle = 0.66 * np.clip(diameter_mm / 9.0, 0.9, 2.1) ** 0.85 * rng.lognormal(0.0, 0.15)
    variation = rng.uniform(1.05, 1.5)
    sharpest = float(np.clip(middle / variation, max(0.6, host.point_spread_mm), SOFTEST_EDGE_MM))
    return sharpest, float(np.clip(middle * variation, sharpest, SOFTEST_EDGE_MM))


def sample_noise_offset(rng: np.random.Generator) -> tuple[int, int, int]:
    """Draw where in the noise tiles a lesion's noise begins."""
    i, j, k = (int(rng.integers(n)) for n in TILE_SHAPE)
    return i, j, k


class Surroundings(NamedTuple):
    """What a large tumour does at and beyond its surface, in the order of its parameters.

    Attributes
    ----------
    capsule_hu : float
        How far a rim stands out; 0 for none.
    push : float
        How strongly the surroundings are pushed aside; see `push_aside`.
    """

    capsule_hu: float
    push: float


def sample_surroundings(host: Host, diameter_mm: float, kind: str, rng: np.random.Generator) -> Surroundings:
    """Draw a tumour's capsule and push: none where it is small, a capsule where its kind shows one."""
    if diameter_mm < _LARGE_MM:
        return Surroundings(0.0, 0.0)
    encapsulated = host.phase in host.organ.lesions[kind].capsule_phases and rng.random() < _ENCAPSULATED
    capsule_hu = float(rng.uniform(*CAPSULE_HU)) if encapsulated else 0.0
    return Surroundings(capsule_hu, push=float(rng.uniform(*_PUSH)))


def least_visible_hu(host: Host, diameter_mm: float) -> float:
    """Return the contrast from which a lesion is seen in the host's noise: more where it is small.

    Lesions that were annotated, or sought by a reader, are those that can be seen at all.
    """
    return host.noise.residual_sd * float(np.clip(12.0 / diameter_mm, 1.0, 1.6))


def capsule(share: Field, capsule_hu: float) -> Field:
    """Return a rim just within a lesion's surface, which takes this much off its contrast.

    ``4 share (1 - share)`` is a band over the edge; scaled so that, multiplied by the share itself, its peak
    stands out by `capsule_hu`.
    """
    return np.asarray(share * (1 - share) * np.float32(4 * capsule_hu / _CAPSULE_PEAK))


def one_piece(depth: Field, habitat: Mask) -> tuple[Mask, Mask]:
    """Return a tumour's voxels, one piece of its habitat, and the habitat without the pieces given up.

    Parameters
    ----------
    depth : ndarray of float32
        Positive within the tumour. Its deepest voxel in the habitat is the tumour's in any case.
    habitat : ndarray of bool
        Where it may grow; not empty.
    """
    taken = (depth > 0) & habitat
    i, j, k = (int(n) for n in np.unravel_index(np.argmax(np.where(habitat, depth, -np.inf)), depth.shape))
    taken[i, j, k] = True
    mask = component_at(taken, (i, j, k))
    given_up = taken & ~mask
    if given_up.any():
        habitat = (habitat & ~ndimage.binary_dilation(given_up, iterations=2)) | mask
    return mask, habitat


def soft_edge(depth: Field) -> Field:
    """Return a lesion's share of each voxel: 1 inside, 0 outside, one half on the surface.

    Parameters
    ----------
    depth : ndarray of float32
        Distance to the surface, positive inside, in standard deviations of the edge.
    """
    return np.asarray(0.5 + 0.5 * np.tanh(np.float32(_LOGISTIC) * depth))


def fat_around(host: Host, box: Box) -> Mask:
    """Return the fat that borders on the organ, with the voxels in which the two mix.

    Never bone, gas or another organ: these are no fat, and lie behind a rim of their own.
    """
    smooth = ndimage.uniform_filter(host.ct.hu[box].astype(np.float32), 3)
    organ = host.organ_mask[box]
    fat = (smooth > -160) & (smooth < -50) & ~organ
    rim = ndimage.binary_dilation(fat, iterations=2) & ndimage.binary_dilation(organ, iterations=2)
    bright = host.ct.hu[box] > host.parenchyma_hu + host.organ.vessel_margin_hu
    return np.asarray((fat | rim) & ~organ & ~bright)


def replace_tissue(
    host: Host,
    box: Box,
    share: Field,
    contrast_hu: Field,
    *,
    noise_offset: tuple[int, int, int],
    habitat: Mask | None = None,
    hu: Field | None = None,
) -> npt.NDArray[np.int16]:
    """Return a box of the host with a lesion's tissue in the place of its own.

    Inside the lesion, ``HU = level - contrast + noise``: the level is that of the parenchyma near by; the noise
    is the host's own where that is fine, and new noise of the host's spectrum at the scales which
    `synthesis.noise.anatomy` takes out. Where anatomy stands out (a vessel, fat), its fine structure goes too.
    The contrast has the edge that `share` describes; anatomy ends a little further out (see `_cleared`), so that
    none shines through the edge. At the habitat's border, where voxels are part tissue and part fat, only the
    contrast is taken off, in the proportion of the tissue.

    Parameters
    ----------
    host : Host
    box : Box
        In the volume.
    share : ndarray of float32, shape of the box
        The lesion's share of each voxel; see `soft_edge`.
    contrast_hu : ndarray of float32, broadcast to the box
        How far the lesion lies below the parenchyma; negative where it is brighter.
    noise_offset : (i, j, k)
        Where in the noise tiles its noise begins.
    habitat : ndarray of bool, optional
        Where the lesion may change the host; the organ by default.
    hu : ndarray of float32, optional
        The tissue to replace, where that is not the host's own.
    """
    organ = host.organ_mask[box]
    habitat = organ if habitat is None else habitat
    hu = host.ct.hu[box].astype(np.float32) if hu is None else hu
    coarse = anatomy(hu, host.ct.spacing_mm)
    level = _level_hu(host, coarse, organ)
    strength = np.float32(_noise_strength(host, hu, organ, level))
    limit = max(_NOISE_LIMIT * float(strength) * host.noise.coarse_sd, _VESSEL_SHARE * host.organ.vessel_margin_hu)
    noise = hu - coarse
    coarse -= np.float32(level)
    new = host.noise.window(host.noise.fine, hu.shape, noise_offset)
    np.multiply(new, strength, out=noise, where=np.abs(coarse, out=coarse) > np.float32(limit))
    noise += host.noise.window(host.noise.coarse, hu.shape, noise_offset) * strength
    change = np.float32(level) + noise
    change -= hu
    change *= _cleared(share)
    darker = np.maximum(-contrast_hu, np.float32(LESION_FLOOR_HU - level)) * share
    if not (habitat | (share < _NEGLIGIBLE_SHARE)).all():
        tissue = blurred(habitat.astype(np.float32), host.ct.spacing_mm, sigma_mm=_BORDER_MM)
        change *= np.clip(4 * tissue - 3, 0, 1)
        darker *= tissue
    change += darker
    change += hu
    blended = np.rint(change, out=change).astype(np.int16)
    return blended if habitat.all() else np.where(habitat, blended, host.ct.hu[box])


def _cleared(share: Field) -> Field:
    """Return how much of the host's anatomy a lesion's share of each voxel takes away: ``1 - (1 - share)³``.

    Half of it is gone where the share is one fifth, some 0.8 standard deviations of the edge outside the surface.
    """
    rest = 1 - share
    cleared = rest * rest
    cleared *= rest
    return np.asarray(np.subtract(1, cleared, out=cleared))


def push_aside(host: Host, box: Box, reach: Field, center: npt.NDArray[np.float64], strength: float) -> Field:
    """Return a box of the host whose anatomy a growing lesion has pushed outwards; its noise stays in place.

    A place at the relative distance ρ from the centre (1 on the lesion's surface) shows what lay at ``k ρ``,
    with ``k = 1 - strength (1 - ρ / 1.3)²`` (Hu et al.); beyond 1.3 nothing moves. Only the organ changes.

    Parameters
    ----------
    reach : ndarray of float32, shape of the box
        Relative distance of each voxel.
    center : (i, j, k)
        The lesion's centre, in voxels of the box.
    strength : float
        0.3 in the source.
    """
    hu = host.ct.hu[box].astype(np.float32)
    moved = np.nonzero((reach < PUSHED_REACH) & (reach > _CORE_REACH) & host.organ_mask[box])
    before = anatomy(hu, host.ct.spacing_mm)
    k = 1 - np.float32(strength) * np.square(1 - reach[moved] / np.float32(PUSHED_REACH))
    sources = [(place - c) * k + c for place, c in zip(moved, center, strict=True)]
    hu[moved] += ndimage.map_coordinates(before, sources, order=1, mode="nearest") - before[moved]
    return np.rint(hu, out=hu)


def _level_hu(host: Host, coarse: Field, organ: Mask) -> float:
    """Return the median of the parenchyma in a box, told from a sample of its voxels."""
    every = max(1, coarse.size // _LEVEL_SAMPLE)
    values, inside = coarse.ravel()[::every], organ.ravel()[::every]
    low, high = host.organ.tissue_hu[0], host.parenchyma_hu + host.organ.vessel_margin_hu
    tissue = values[inside & (values >= low) & (values <= high)]
    return float(np.median(tissue)) if tissue.size >= _FEWEST_VOXELS else host.parenchyma_hu


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
