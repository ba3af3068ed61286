"""The hand-crafted engine: a deformed ellipsoid of smooth contrast, after Hu et al. (CVPR 2023).

What the paper does with textures of a whole volume and elastic deformation is done here implicitly, in a box
around the tumour:

1. *Shape.* A star-shaped body: its radius is a smooth function of direction, an ellipsoid times lobes. It
   takes as many voxels as the asked volume has, before the border of the organ cuts it.
2. *Edge.* The contrast falls off as a Gaussian-blurred step along the distance to the surface, with a width
   that varies round the contour, and with the blur that the voxels' own extent adds.
3. *Inside.* Lumps, and a darker core or a bright capsule where the tumour is large; all of this is smooth, so
   it is worked out on a coarse lattice and spread to the voxels.
4. *Around.* A large tumour pushes the organ's vessels aside.

`synthesis.blending` puts it into the host.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from synthesis.blending import (
    PUSHED_REACH,
    capsule,
    fat_around,
    least_visible_hu,
    one_piece,
    push_aside,
    sample_edge_sigma_mm,
    sample_noise_offset,
    sample_surroundings,
    soft_edge,
)
from synthesis.errors import UnusableInput
from synthesis.host import Host
from synthesis.masks import Box, bounding_box, sphere_volume_mm3
from synthesis.methods.lattice import Field, Lattice
from synthesis.methods.lumps import TILE, lumps
from synthesis.methods.star_shape import StarShape, Vector, sample_star_shape, unit_vectors
from synthesis.placement import Occupied, place
from synthesis.recipe import InvalidRecipe, Recipe
from synthesis.replacement import replace_tissue
from synthesis.tumor import SyntheticTumor, merge

VERSION = 4

_LARGEST_STEP_MM = 3.0  # of the lattice
_STEP_RADII = 0.25
_LUMP_STEP = 0.8  # of their length
_DEEPEST = 8.0  # standard deviations of the edge from which a voxel is simply inside, or outside
_EDGE_REACH = 2.3  # standard deviations of the edge that are worked out outside the surface
_GAP_MM = 4.0  # between the spheres of neighbouring tumours
_SMALLER = (0.3, 0.9)  # the diameter of further tumours over the first's


@dataclass(frozen=True)
class Focus:
    """Every number of one tumour.

    Attributes
    ----------
    diameter_mm : float
        Of the sphere with its volume, before the organ's border cuts it.
    kind : str
        Of the organ's `lesions`.
    contrast_hu : float
        How far it lies below the parenchyma; negative where it is brighter.
    center_voxel : (i, j, k)
        The host's voxel that holds the centre.
    center_shift : vector
        From that voxel's centre to the tumour's, in voxels.
    shape : StarShape
    edge_sigma_mm : (low, high)
        Width of the edge where it is sharpest and most blurred, and
    edge_direction : vector
        the unit direction in which it is most blurred.
    core_hu : float
        How much darker the core is.
    lump_hu, lump_length_mm : float
        Standard deviation of the unevenness, and its correlation length.
    lump_offset : vector
        Where in the periodic tile the lumps begin, in tile voxels.
    noise_offset : (i, j, k)
        The same for the noise; see `synthesis.replacement.replace_tissue`.
    capsule_hu : float
        How far a rim stands out.
    push : float
        How strongly the surroundings are pushed aside; see `synthesis.blending.push_aside`.
    into_fat : bool
        Whether the tumour grows out of its organ into the fat.
    """

    diameter_mm: float
    kind: str
    contrast_hu: float
    center_voxel: tuple[int, int, int]
    center_shift: Vector
    shape: StarShape
    edge_sigma_mm: tuple[float, float]
    edge_direction: Vector
    core_hu: float
    lump_hu: float
    lump_length_mm: float
    lump_offset: Vector
    noise_offset: tuple[int, int, int]
    capsule_hu: float
    push: float
    into_fat: bool

    @property
    def center(self) -> npt.NDArray[np.float64]:
        """The centre, in voxels of the host."""
        return np.add(self.center_voxel, self.center_shift)


class NoTumors(UnusableInput):
    """The number of tumours is none."""


def sample_parameters(
    host: Host, *, diameter_mm: float, rng: np.random.Generator, lesions: int = 1, into_fat: bool = False
) -> Mapping[str, Any]:
    """Draw a tumour's numbers; see `Focus` for their meaning and `synthesis.registry.Method`.

    Parameters
    ----------
    diameter_mm : float
        Of the first tumour, the largest.
    lesions : int
        How many tumours; those after the first have 0.3 to 0.9 of its diameter.
    into_fat : bool
        Place them so that they bulge out of the organ into the fat around, where there is any.

    Raises
    ------
    OrganTooSmall, NoRoom
        If the organ does not hold them.
    NotIntoFat
        If the organ's tumours do not grow there.
    NoTumors
        If `lesions` is not positive.
    """
    if lesions < 1:
        raise NoTumors(f"A case cannot have {lesions} tumours; ask for one or more.")
    if into_fat:
        host.organ.check_into_fat()
    smallest = 2 * max(host.ct.spacing_mm)
    further = [max(diameter_mm * float(rng.uniform(*_SMALLER)), min(smallest, diameter_mm)) for _ in range(lesions - 1)]
    kind = None
    foci: list[Focus] = []
    for diameter in [diameter_mm, *sorted(further, reverse=True)]:
        occupied = [Occupied(other.center_voxel, other.diameter_mm / 2 + _GAP_MM) for other in foci]
        center = place(host, diameter_mm=diameter, rng=rng, at_surface=into_fat, occupied=occupied)
        foci.append(_sample_focus(host, diameter, center, rng, kind=kind, into_fat=into_fat))
        kind = foci[0].kind
    return {"lesions": [dataclasses.asdict(focus) for focus in foci]}


def apply_recipe(host: Host, recipe: Recipe) -> SyntheticTumor:
    """Make the tumours of a recipe; nothing here is random.

    Voxels outside the organ's mask (and, where a tumour grows into fat, the fat around) are never changed.

    Raises
    ------
    InvalidRecipe
        If the parameters are not this version's.
    """
    return merge(host.ct, [_make(host, focus, recipe) for focus in _foci(recipe)], recipe)


def _sample_focus(
    host: Host,
    diameter_mm: float,
    center: tuple[int, int, int],
    rng: np.random.Generator,
    *,
    kind: str | None,
    into_fat: bool,
) -> Focus:
    lesion = host.organ.sample_lesion(
        host.phase, host.parenchyma_hu, rng, kind=kind, least_hu=least_visible_hu(host, diameter_mm)
    )
    around = sample_surroundings(host, diameter_mm, lesion.kind, rng)
    cored = rng.random() < min(diameter_mm / 50.0, 0.7)
    return Focus(
        diameter_mm=diameter_mm,
        kind=lesion.kind,
        contrast_hu=lesion.contrast_hu,
        center_voxel=center,
        center_shift=_vector(rng.uniform(-0.5, 0.5, 3)),
        shape=sample_star_shape(rng),
        edge_sigma_mm=sample_edge_sigma_mm(host, diameter_mm, rng),
        edge_direction=_vector(unit_vectors(rng, 1)[0]),
        core_hu=float(rng.uniform(0.2, 0.6)) * abs(lesion.contrast_hu) if cored else 0.0,
        lump_hu=float(rng.uniform(0.06, 0.16)) * max(abs(lesion.contrast_hu), 20.0),
        lump_length_mm=float(rng.uniform(2.5, 5.0)) * (1 + diameter_mm / 60.0),
        lump_offset=_vector(rng.uniform(0, TILE, 3)),
        noise_offset=sample_noise_offset(rng),
        capsule_hu=around.capsule_hu,
        push=around.push,
        into_fat=into_fat,
    )


def _foci(recipe: Recipe) -> list[Focus]:
    try:
        return [Focus(**{**fields, "shape": StarShape(**fields["shape"])}) for fields in recipe.parameters["lesions"]]
    except (KeyError, TypeError) as error:
        raise InvalidRecipe(
            f"The recipe's parameters are not those of hand-crafted, version {VERSION}; "
            "use a recipe.json as it was written."
        ) from error


class _Body(NamedTuple):
    """A tumour's smooth fields at the voxels of a box, which may reach beyond the volume."""

    depth: Field
    contrast_hu: Field
    reach: Field | None


def _make(host: Host, focus: Focus, recipe: Recipe) -> SyntheticTumor:
    """Make one tumour."""
    around = _box_around(focus, host.ct.spacing_mm)
    body = _body(focus, Lattice.over(around, host.ct.spacing_mm, step_mm=_step_mm(focus)))
    surface = _surface(body.depth, sphere_volume_mm3(focus.diameter_mm) / math.prod(host.ct.spacing_mm))
    box, within = _clipped(_touched(around, body, surface), around, host.ct.shape)
    depth = body.depth[within] - np.float32(surface)
    habitat = host.organ_mask[box]
    if focus.into_fat:
        habitat = habitat | fat_around(host, box)
    mask, habitat = one_piece(depth, habitat)
    share = soft_edge(depth)
    contrast = body.contrast_hu[within]
    if focus.capsule_hu:
        contrast = contrast - capsule(share, focus.capsule_hu)
    hu = None
    if body.reach is not None:
        center = focus.center - [axis.start for axis in box]
        hu = push_aside(host, box, body.reach[within], center, focus.push)
    return SyntheticTumor(
        origin=(box[0].start, box[1].start, box[2].start),
        hu=replace_tissue(
            host, box, share, contrast, mask=mask, noise_offset=focus.noise_offset, habitat=habitat, hu=hu
        ),
        mask=mask,
        recipe=recipe,
    )


def _step_mm(focus: Focus) -> float:
    return min(_STEP_RADII * focus.diameter_mm / 2, _LARGEST_STEP_MM)


def _box_around(focus: Focus, spacing_mm: Vector) -> Box:
    """Return the voxels that a tumour may change, its volume's limits not counted."""
    reach = PUSHED_REACH if focus.push else 1.0
    slices = []
    for center, extent, s in zip(focus.center, focus.shape.extents, spacing_mm, strict=True):
        # On coarse voxels an edge is blurred by their own extent, too.
        margin_mm = _EDGE_REACH * math.hypot(focus.edge_sigma_mm[1], s / math.sqrt(12))
        margin = max(reach * extent * focus.diameter_mm / 2, extent * focus.diameter_mm / 2 + margin_mm) / s
        slices.append(slice(math.floor(center - margin), math.ceil(center + margin) + 1))
    return slices[0], slices[1], slices[2]


def _touched(around: Box, body: _Body, surface: float) -> Box:
    """Return the part of a box that a body changes, in voxels of the volume."""
    if body.reach is not None:
        return around
    tight = bounding_box(body.depth > surface - _EDGE_REACH)
    i, j, k = (slice(a.start + t.start, a.start + t.stop) for a, t in zip(around, tight, strict=True))
    return i, j, k


def _clipped(box: Box, around: Box, shape: tuple[int, int, int]) -> tuple[Box, Box]:
    """Return the part of a box that lies in a volume, in voxels of the volume and of the box around it."""
    inner = [slice(max(axis.start, 0), min(axis.stop, length)) for axis, length in zip(box, shape, strict=True)]
    within = [slice(i.start - axis.start, i.stop - axis.start) for i, axis in zip(inner, around, strict=True)]
    return (inner[0], inner[1], inner[2]), (within[0], within[1], within[2])


def _body(focus: Focus, lattice: Lattice) -> _Body:
    """Work out a tumour's fields.

    The distance to the surface is, to first order, ``(1 - reach) / |gradient of reach|``. A voxel's own extent
    adds the variance of a uniform distribution, ``(spacing * normal)² / 12`` an axis, to the edge's.
    """
    offsets_mm = lattice.offsets_mm(focus.center)
    reach = focus.shape.reach(offsets_mm / np.float32(focus.diameter_mm / 2))
    gradient = np.array(np.gradient(reach, *lattice.step_mm))
    steepness = np.sqrt(np.einsum("a...,a...->...", gradient, gradient)) + np.float32(1e-6)
    normal = gradient / steepness
    sharpest, softest = focus.edge_sigma_mm
    toward = np.einsum("a,a...->...", np.array(focus.edge_direction, dtype=np.float32), normal)
    voxel_variance = np.array(np.square(lattice.spacing_mm) / 12, dtype=np.float32)
    variance = np.square(sharpest + (softest - sharpest) * (1 + toward) / 2)
    variance += np.einsum("a,a...->...", voxel_variance, np.square(normal))
    depth = np.clip((1 - reach) / (steepness * np.sqrt(variance)), -_DEEPEST, _DEEPEST)
    return _Body(
        depth=lattice.spread(depth.astype(np.float32)),
        contrast_hu=_contrast_hu(focus, lattice.box, lattice.spacing_mm),
        reach=lattice.spread(reach) if focus.push else None,
    )


def _contrast_hu(focus: Focus, box: Box, spacing_mm: Vector) -> Field:
    """Work out how far a tumour lies below the parenchyma, on a lattice as coarse as its lumps."""
    lattice = Lattice.over(box, spacing_mm, step_mm=max(_LUMP_STEP * focus.lump_length_mm, _step_mm(focus)))
    offsets_mm = lattice.offsets_mm(focus.center)
    uneven = lumps(offsets_mm, length_mm=focus.lump_length_mm, offset=focus.lump_offset)
    contrast = focus.contrast_hu + focus.lump_hu * uneven
    if focus.core_hu:
        reach = focus.shape.reach(offsets_mm / np.float32(focus.diameter_mm / 2))
        contrast += focus.core_hu * (0.5 + 0.5 * np.tanh((0.5 - reach + 0.12 * uneven) / 0.15))
    return lattice.spread(contrast.astype(np.float32))


def _surface(depth: Field, n_voxels: float) -> float:
    """Return the depth above which a body has the asked number of voxels, one at the least."""
    last = max(depth.size - max(round(n_voxels), 1), 1)
    return float(np.partition(depth, (last - 1, last), axis=None)[[last - 1, last]].mean())


def _vector(values: npt.NDArray[np.float64]) -> Vector:
    x, y, z = values.tolist()
    return x, y, z
