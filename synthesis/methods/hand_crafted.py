"""The hand-crafted engine: a deformed ellipsoid of smooth contrast, after Hu et al. (CVPR 2023).

What the paper does with textures of a whole volume and elastic deformation is done here implicitly, in a box
around the tumour:

1. *Shape.* A star-shaped body: its radius is a smooth function of direction, an ellipsoid times lobes. The
   tumour takes the organ's voxels in the order of their relative distance from the centre until it has the
   asked volume, so that its size is right however the organ's border cuts it.
2. *Edge.* The contrast falls off as a Gaussian-blurred step along the distance to the surface, with a width
   that varies round the contour, and with the blur that the voxels' own extent adds.
3. *Inside.* The host's anatomy of vessel size is taken out and the parenchyma's level put in, the contrast
   subtracted, noise of the removed scale put back; the finest structure, which is the scanner's noise,
   stays as it was.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage, special

from synthesis.host import Host
from synthesis.masks import Box, Mask, bounding_box, component_at, sphere_volume_mm3
from synthesis.methods.star_shape import Field, StarShape, Vector, sample_star_shape, spread_directions, unit_vectors
from synthesis.organs import LESION_FLOOR_HU
from synthesis.placement import place
from synthesis.realism import noise_residual
from synthesis.recipe import InvalidRecipe, Recipe
from synthesis.tumor import SyntheticTumor

VERSION = 1

_ANATOMY_MM = 0.9  # standard deviation that parts the scanner's noise from vessels, 3 mm and thicker
_ANATOMY_VOXELS = 0.6  # the same where voxels are too coarse for that
_ORGAN_EDGE_MM = 1.0  # the contrast fades over this towards the organ's border
_LARGEST_GROWTH = 1.5  # of the radius, where the organ's border cuts the shape
_NOISE_WINDOW = (7, 7, 3)  # voxels in which the noise's standard deviation is taken
_EVEN_TISSUE = 0.35  # quantile of them: above it, borders and vessels add to the noise
_NOISE_LIMIT = 3.0  # standard deviations beyond which the finest structure is no noise
_FEWEST_VOXELS = 30  # from which the parenchyma near a tumour can be told
_TILE = 64  # edge of the periodic noise tile, in voxels
_LUMP_TILE_SIGMA = 2.5  # of the tile's smoothed version, in voxels


@dataclass(frozen=True)
class Parameters:
    """Every number of a hand-crafted tumour beside its organ and diameter.

    Attributes
    ----------
    center_voxel : (i, j, k)
        The host's voxel that holds the centre.
    center_shift : vector
        From that voxel's centre to the tumour's, in voxels.
    shape : StarShape
    contrast_hu : float
        How far the tumour lies below the parenchyma.
    edge_sigma_mm : (low, high)
        Width of the edge where it is sharpest and most blurred, and
    edge_direction : vector
        the unit direction in which it is most blurred.
    core_contrast : float
        Fraction by which the contrast is stronger at the centre.
    lump_contrast, lump_length_mm : float
        Relative standard deviation of the contrast within the tumour, and its correlation length.
    lump_offset : vector
        Where in the periodic tile the lumps begin, in tile voxels.
    noise_offset : (i, j, k)
        The same for the noise that replaces the removed anatomy's scale.
    """

    center_voxel: tuple[int, int, int]
    center_shift: Vector
    shape: StarShape
    contrast_hu: float
    edge_sigma_mm: tuple[float, float]
    edge_direction: Vector
    core_contrast: float
    lump_contrast: float
    lump_length_mm: float
    lump_offset: Vector
    noise_offset: tuple[int, int, int]

    @classmethod
    def of(cls, recipe: Recipe) -> Parameters:
        """Read the parameters of a recipe.

        Raises
        ------
        InvalidRecipe
            If one is missing or unknown.
        """
        try:
            shape = StarShape(**recipe.parameters["shape"])
            return cls(**{**recipe.parameters, "shape": shape})
        except (KeyError, TypeError) as error:
            raise InvalidRecipe(
                f"The recipe's parameters are not those of hand-crafted, version {VERSION}; "
                "use a recipe.json as it was written."
            ) from error


def sample_parameters(host: Host, *, diameter_mm: float, rng: np.random.Generator) -> Mapping[str, Any]:
    """Draw a tumour's numbers; see `Parameters` for their meaning and `synthesis.registry.Method`.

    Raises
    ------
    OrganTooSmall
        If the organ does not hold the diameter.
    """
    center = place(host, diameter_mm=diameter_mm, rng=rng)
    sharpest = rng.uniform(0.65, 1.0) + 0.02 * min(diameter_mm, 30.0)  # larger tumours have softer edges
    drawn = Parameters(
        center_voxel=center,
        center_shift=_vector(rng.uniform(-0.5, 0.5, 3)),
        shape=sample_star_shape(rng),
        contrast_hu=rng.uniform(*host.organ.contrast_range_hu(host.parenchyma_hu)),
        edge_sigma_mm=(sharpest, min(sharpest * rng.uniform(1.0, 1.8), 2.3)),
        edge_direction=_vector(unit_vectors(rng, 1)[0]),
        core_contrast=rng.uniform(0.0, 0.35) * min(diameter_mm / 20.0, 1.0),
        lump_contrast=rng.uniform(0.08, 0.2),
        lump_length_mm=rng.uniform(3.0, 6.0),
        lump_offset=_vector(rng.uniform(0, _TILE, 3)),
        noise_offset=_voxel(rng.integers(0, _TILE, 3)),
    )
    return dataclasses.asdict(drawn)


def apply_recipe(host: Host, recipe: Recipe) -> SyntheticTumor:
    """Make the tumour of a recipe; nothing here is random.

    Voxels outside the organ's mask are never changed.

    Raises
    ------
    InvalidRecipe
        If the parameters are not this version's.
    """
    parameters = Parameters.of(recipe)
    spacing_mm = host.ct.spacing_mm
    search = _search_box(host, parameters, recipe.diameter_mm)
    offsets_mm = _offsets_mm(host, parameters, search)
    reach = parameters.shape.reach(offsets_mm / np.float32(recipe.diameter_mm / 2))
    center = _voxel(np.subtract(parameters.center_voxel, [axis.start for axis in search]))
    n_voxels = max(round(sphere_volume_mm3(recipe.diameter_mm) / math.prod(spacing_mm)), 1)
    grown, surface = _grow(reach, host.organ_mask[search], center, n_voxels)

    near = bounding_box(grown, margin=_voxel(np.ceil(3 * parameters.edge_sigma_mm[1] / np.array(spacing_mm))))
    box = _within(search, near)
    relative = reach[near] / np.float32(surface)
    organ = host.organ_mask[box]
    share = _edge(relative, parameters, spacing_mm)
    share *= ndimage.gaussian_filter(organ.astype(np.float32), [_ORGAN_EDGE_MM / s for s in spacing_mm], mode="nearest")
    hu = host.ct.hu[box]
    inside = _tumor_hu(host, box, parameters, relative, offsets_mm[:, *near])
    blended = np.rint(hu + share * (inside - hu)).astype(np.int16)
    return SyntheticTumor(
        origin=(box[0].start, box[1].start, box[2].start),
        hu=np.where(organ, blended, hu),
        mask=grown[near],
        recipe=recipe,
    )


def _vector(values: npt.NDArray[np.float64]) -> Vector:
    x, y, z = values.tolist()
    return x, y, z


def _voxel(values: npt.NDArray[np.integer | np.floating]) -> tuple[int, int, int]:
    i, j, k = (int(value) for value in values)
    return i, j, k


def _search_box(host: Host, parameters: Parameters, diameter_mm: float) -> Box:
    """Return the part of the volume that the tumour may reach."""
    longest = 1 / float(parameters.shape.reach(spread_directions()).min())
    radius_mm = diameter_mm / 2 * longest * _LARGEST_GROWTH
    slices = [
        slice(max(center - math.ceil(radius_mm / s) - 1, 0), min(center + math.ceil(radius_mm / s) + 2, length))
        for center, s, length in zip(parameters.center_voxel, host.ct.spacing_mm, host.ct.shape, strict=True)
    ]
    return slices[0], slices[1], slices[2]


def _within(outer: Box, inner: Box) -> Box:
    """Return where in the volume a box lies that is given within another."""
    i, j, k = (slice(o.start + n.start, o.start + n.stop) for o, n in zip(outer, inner, strict=True))
    return i, j, k


def _offsets_mm(host: Host, parameters: Parameters, box: Box) -> Field:
    """Return each voxel's place relative to the tumour's centre along the array's axes; (3, ...) mm."""
    center = np.add(parameters.center_voxel, parameters.center_shift)
    axes = [
        ((np.arange(axis.start, axis.stop) - c) * s).astype(np.float32)
        for axis, c, s in zip(box, center, host.ct.spacing_mm, strict=True)
    ]
    return np.stack(np.meshgrid(*axes, indexing="ij"))


def _grow(reach: Field, organ: Mask, center: tuple[int, int, int], n_voxels: int) -> tuple[Mask, float]:
    """Take the organ's `n_voxels` voxels nearest to the centre by `reach`, as one connected piece.

    Returns the mask, and the reach at which its surface lies. Where the organ's border parts the piece, the
    part away from the centre is given up and the rest grows on.
    """
    free = organ.copy()
    while True:
        reaches = reach[free]
        last, beyond = (min(n, reaches.size - 1) for n in (n_voxels - 1, n_voxels))
        surface = float(np.partition(reaches, (last, beyond))[[last, beyond]].mean())
        taken = free & (reach <= surface)
        mask = component_at(taken, center)
        if np.array_equal(mask, taken):
            return mask, surface
        free &= mask | ~taken


def _edge(relative: Field, parameters: Parameters, spacing_mm: Vector) -> Field:
    """Return the tumour's share of each voxel: 1 inside, 0 outside, one half on the surface.

    The distance to the surface is, to first order, ``(relative - 1) / |gradient of relative|``; a voxel's own
    extent adds the variance of a uniform distribution, ``(spacing * normal)^2 / 12`` an axis.
    """
    gradient = np.array(np.gradient(relative, *spacing_mm))
    steepness = np.sqrt(np.einsum("a...,a...->...", gradient, gradient)) + np.float32(1e-6)
    normal = gradient / steepness
    sharpest, softest = parameters.edge_sigma_mm
    toward = np.einsum("a,a...->...", np.array(parameters.edge_direction, dtype=np.float32), normal)
    sigma = sharpest + (softest - sharpest) * (1 + toward) / 2
    variance = sigma**2 + np.einsum("a,a...->...", np.square(spacing_mm) / 12, normal**2)
    share = special.ndtr((1 - relative) / steepness / np.sqrt(variance))
    return np.asarray(share, dtype=np.float32)


def _tumor_hu(host: Host, box: Box, parameters: Parameters, relative: Field, offsets_mm: Field) -> Field:
    """Return what the voxels would be if the whole box were tumour, in HU."""
    hu = host.ct.hu[box].astype(np.float32)
    sigmas = [max(_ANATOMY_MM / s, _ANATOMY_VOXELS) for s in host.ct.spacing_mm]
    anatomy = ndimage.gaussian_filter(hu, sigmas, mode="nearest")
    low, high = host.organ.tissue_hu[0], host.parenchyma_hu + host.organ.vessel_margin_hu
    tissue = host.organ_mask[box] & (anatomy >= low) & (anatomy <= high)
    if np.count_nonzero(tissue) < _FEWEST_VOXELS:
        tissue = host.organ_mask[box]
    level = np.median(anatomy[tissue])
    core = 1 + parameters.core_contrast * np.clip(1 - relative, 0, 1)
    contrast = parameters.contrast_hu * (core + parameters.lump_contrast * _lumps(offsets_mm, parameters))
    lesion = np.maximum(level - contrast, LESION_FLOOR_HU)
    return np.asarray(lesion + _noise(hu, anatomy, tissue, sigmas, parameters), dtype=np.float32)


def _noise(hu: Field, anatomy: Field, tissue: Mask, sigmas: list[float], parameters: Parameters) -> Field:
    """Return the host's noise without its anatomy, in HU.

    Three parts: the host's own finest structure, cut off where it stands out of the noise (edges of vessels,
    fat, stones); new noise of the anatomy's scale, as strong as the host's; and, between the two, as much
    as is missing to the standard deviation of the host's `noise_residual`.
    """
    core = ndimage.binary_erosion(tissue, np.ones((5, 5, 1), dtype=bool))
    if np.count_nonzero(core) >= _FEWEST_VOXELS:
        tissue = core
    limit = _NOISE_LIMIT * _noise_sd(hu - anatomy, tissue)
    fine = np.clip(hu - anatomy, -limit, limit)
    white = _white_noise(hu.shape, parameters.noise_offset)
    coarse = ndimage.gaussian_filter(white, sigmas, mode="nearest")
    coarse *= _noise_sd(anatomy, tissue) / coarse.std()
    other = white[::-1, ::-1, ::-1]
    between = ndimage.gaussian_filter(other, [sigma / 2 for sigma in sigmas], mode="nearest")
    between -= ndimage.gaussian_filter(other, sigmas, mode="nearest")
    wanted, held = (_noise_sd(noise_residual(part), tissue) for part in (hu, fine + coarse))
    missing = math.sqrt(max(wanted**2 - held**2, 0.0))
    return np.asarray(fine + coarse + between * (missing / noise_residual(between).std()), dtype=np.float32)


def _noise_sd(values: npt.NDArray[np.floating], tissue: Mask) -> float:
    """Return the standard deviation where the tissue is even: a low quantile of the local ones."""
    share = ndimage.uniform_filter(tissue.astype(np.float32), _NOISE_WINDOW) + np.float32(1e-6)
    mean = ndimage.uniform_filter(values * tissue, _NOISE_WINDOW) / share
    variance = ndimage.uniform_filter(np.square(values) * tissue, _NOISE_WINDOW) / share - np.square(mean)
    return math.sqrt(max(float(np.quantile(variance[tissue], _EVEN_TISSUE)), 0.0))


def _lumps(offsets_mm: Field, parameters: Parameters) -> Field:
    """Return smooth noise of unit variance with the recipe's correlation length."""
    scale = _LUMP_TILE_SIGMA / parameters.lump_length_mm
    offset = np.array(parameters.lump_offset, dtype=np.float32).reshape(3, 1, 1, 1)
    places = offsets_mm * scale + offset
    return np.asarray(ndimage.map_coordinates(smooth_tile(), places, order=1, mode="grid-wrap"))


def _white_noise(shape: tuple[int, ...], offset: tuple[int, int, int]) -> Field:
    """Return white noise of unit variance: the periodic tile from an offset on."""
    wrapped = np.ix_(*[(np.arange(n) + start) % _TILE for n, start in zip(shape, offset, strict=True)])
    return np.asarray(_white_tile()[wrapped])


@cache
def _white_tile() -> Field:
    return np.random.default_rng(20260101).standard_normal((_TILE, _TILE, _TILE), dtype=np.float32)


@cache
def smooth_tile() -> Field:
    """Return the periodic tile of smooth noise of unit variance, made on first use."""
    tile = ndimage.gaussian_filter(_white_tile(), _LUMP_TILE_SIGMA, mode="wrap")
    return np.asarray(tile / tile.std())
