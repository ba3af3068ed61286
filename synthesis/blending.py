"""What every method's tumour has: an edge, one piece, a capsule, a push on its surroundings.

`synthesis.replacement` then puts its tissue in the place of the organ's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.host import Host
from synthesis.masks import Box, Mask, component_at
from synthesis.noise import TILE_SHAPE, anatomy
from synthesis.organs import CAPSULE_HU

Field = npt.NDArray[np.float32]

PUSHED_REACH = 1.3  # radii: as far as a lesion pushes its surroundings
SOFTEST_EDGE_MM = 2.3  # standard deviation: 10 to 90 % over 5.9 mm, as infiltrating lesions have

_LARGE_MM = 20.0  # diameter from which a tumour pushes its surroundings and may have a capsule
_ENCAPSULATED = 0.6  # share of those whose kind shows capsules
_PUSH = (0.2, 0.4)  # 0.3 in Hu et al.
_CAPSULE_PEAK = 0.593  # of share * 4 share (1 - share)
_LOGISTIC = 0.851  # tanh(0.851 x) comes within 0.02 of erf(x / sqrt 2)
_CORE_REACH = 0.6  # further in, a lesion has replaced what it would push


def sample_edge_sigma_mm(host: Host, diameter_mm: float, rng: np.random.Generator) -> tuple[float, float]:
    """Draw the width of a lesion's edge where it is sharpest and where it is softest.

    Standard deviations of the Gaussian that a step would be blurred with; 10 to 90 % takes 2.56 of them. Real
    liver lesions take 1.7 mm where they are 9 mm wide, most of them 2.9-3.7 mm, and up to 5.8 mm where they
    infiltrate. No edge is sharper than the scanner's own point spread.
    """
    middle = 0.63 * np.clip(diameter_mm / 9.0, 0.9, 2.1) ** 0.85 * rng.lognormal(0.0, 0.15)
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
