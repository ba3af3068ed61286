"""The cellular automaton engine: a tumour that grows cell by cell, after Lai et al. (MICCAI 2024).

1. *Tissue.* The organ round the tumour is laid on a grid of cubic cells. Percentiles of its own smoothed CT
   part it into three levels, which yield less and less, and barriers: the brightest, vessels above all.
2. *Growth.* `synthesis.methods.automaton` grows the tumour from its nuclei until it has the asked volume.
   Older tumours may die inside. `younger` gives the same tumour at an earlier age.
3. *Edge.* The cells' states, from 0 to 10, are the tumour's load, from none to full. It is blurred as real
   tumours' edges are, more on one side than on the other.
4. *Inside.* Lumps, dead tissue, and a bright capsule where the tumour is large.
5. *Around.* A large tumour pushes the organ's vessels aside.

`synthesis.blending` puts it into the host.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

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
)
from synthesis.host import Host
from synthesis.masks import Box, Mask, Spacing, bounding_box, component_at, sphere_volume_mm3
from synthesis.methods.automaton import BARRIER, FULL, INVADING, WALL, Automaton, States, Tissue, necrosis
from synthesis.methods.cell_grid import CellGrid
from synthesis.methods.lattice import Field, Lattice
from synthesis.methods.lumps import TILE, lumps
from synthesis.methods.nuclei import Nuclei, sample_nuclei
from synthesis.methods.star_shape import Vector, unit_vectors
from synthesis.organs import Organ
from synthesis.placement import place
from synthesis.recipe import InvalidRecipe, Recipe
from synthesis.replacement import replace_tissue
from synthesis.tumor import SyntheticTumor

VERSION = 3

_CELLS_A_RADIUS = 8  # at least this many, down to the smallest cell
_CELL_MM = (0.5, 1.0)  # smallest and largest edge of a cell
_REACH = 2.0  # half the grid's width, in radii of the ball with the tumour's volume
_CONTEXT_MM = 10.0  # the organ this far beyond the cells helps to tell its levels
_TISSUE_SMOOTHING_MM = 1.5  # standard deviation: noise averages out, vessels over 3 mm remain
_LEVELS_FROM, _BARRIERS_FROM = 25.0, 98.0  # percentiles of the smoothed organ
_RAMP_CELLS = 2.0  # over which the load falls from full to none at the growing surface
_ROOM_MM = 2.0  # standard deviation of the surroundings in which fat is looked at, and
_ROOM_SHARE = 0.85  # how much of them must be fat or organ for a tumour to grow there
_LEAST_SHARE = 0.25  # below it a voxel is not the tumour's, however little the tumour has grown
_NECROSIS_ROUNDS = 1 / 7  # of the steps
_NECROSIS_BLUR_MM = 1.5


@dataclass(frozen=True)
class Parameters:
    """Every number of a grown tumour beside its organ and diameter.

    Attributes
    ----------
    kind : str
        Of the organ's `lesions`.
    contrast_hu : float
        How far it lies below the parenchyma; negative where it is brighter.
    center_voxel : (i, j, k)
        The host's voxel at whose centre the middle of the grid lies.
    cell_mm : float
        Edge of a cell.
    nuclei : tuple of (i, j, k)
        Where the tumour begins, in cells from the middle of the grid.
    growth_seed : int
        From it alone the automaton draws.
    necrosis : bool
        Whether the tumour dies inside once it is old enough.
    necrosis_seeds : int
        In how many cells death begins.
    necrosis_hu : float
        What dead tissue measures, where the living is brighter.
    edge_sigma_mm : (low, high)
        Width of the edge where it is sharpest and most blurred, and
    edge_direction : vector
        the unit direction in which it is most blurred.
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
        Whether the tumour breaks out of its organ into the fat.
    """

    kind: str
    contrast_hu: float
    center_voxel: tuple[int, int, int]
    cell_mm: float
    nuclei: Nuclei
    growth_seed: int
    necrosis: bool
    necrosis_seeds: int
    necrosis_hu: float
    edge_sigma_mm: tuple[float, float]
    edge_direction: Vector
    lump_hu: float
    lump_length_mm: float
    lump_offset: Vector
    noise_offset: tuple[int, int, int]
    capsule_hu: float
    push: float
    into_fat: bool

    @classmethod
    def of(cls, recipe: Recipe) -> Parameters:
        """Read the parameters of a recipe.

        Raises
        ------
        InvalidRecipe
            If one is missing or unknown.
        """
        try:
            return cls(**recipe.parameters)
        except TypeError as error:
            raise InvalidRecipe(
                f"The recipe's parameters are not those of cellular-automaton, version {VERSION}; "
                "use a recipe.json as it was written."
            ) from error


def sample_parameters(
    host: Host, *, diameter_mm: float, rng: np.random.Generator, into_fat: bool = False
) -> Mapping[str, Any]:
    """Draw a tumour's numbers; see `Parameters` for their meaning and `synthesis.registry.Method`.

    Parameters
    ----------
    into_fat : bool
        Place the tumour so that it breaks out of the organ into the fat around, where there is any.

    Raises
    ------
    OrganTooSmall
        If the organ does not hold the diameter.
    NotIntoFat
        If the organ's tumours do not grow into fat.
    """
    if into_fat:
        host.organ.check_into_fat()
    least_hu = least_visible_hu(host, diameter_mm)
    lesion = host.organ.sample_lesion(host.phase, host.parenchyma_hu, rng, least_hu=least_hu)
    growth_seed = int(rng.integers(2**32))
    cell_mm = _cell_mm(diameter_mm)
    drawn = Parameters(
        kind=lesion.kind,
        contrast_hu=lesion.contrast_hu,
        center_voxel=place(host, diameter_mm=diameter_mm, rng=rng, at_surface=into_fat),
        cell_mm=cell_mm,
        nuclei=sample_nuclei(rng, radius_cells=diameter_mm / 2 / cell_mm),
        growth_seed=growth_seed,
        necrosis=bool(rng.random() < 0.5),
        necrosis_seeds=int(rng.integers(1, 5)),
        necrosis_hu=float(rng.uniform(20.0, 50.0)),
        edge_direction=_vector(unit_vectors(rng, 1)[0]),
        lump_hu=float(rng.uniform(0.06, 0.16)) * max(abs(lesion.contrast_hu), 20.0),
        lump_length_mm=float(rng.uniform(2.5, 5.0)) * (1 + diameter_mm / 60.0),
        lump_offset=_vector(rng.uniform(0, TILE, 3)),
        noise_offset=sample_noise_offset(rng),
        into_fat=into_fat,
        **_of_its_size(host, diameter_mm, lesion.kind, growth_seed),
    )
    return dataclasses.asdict(drawn)


def younger(host: Host, recipe: Recipe, *, diameter_mm: float) -> Recipe:
    """Return the recipe of the same tumour when it was smaller.

    Its nuclei lay closer together by as much, so that it was one piece then, too, and its edge was sharper.
    """
    parameters = recipe.parameters
    cell_mm = _cell_mm(diameter_mm)
    closer = diameter_mm / recipe.diameter_mm * parameters["cell_mm"] / cell_mm
    before = {
        "cell_mm": cell_mm,
        "nuclei": tuple(_voxel(np.rint(np.multiply(nucleus, closer))) for nucleus in parameters["nuclei"]),
        **_of_its_size(host, diameter_mm, parameters["kind"], parameters["growth_seed"]),
    }
    return dataclasses.replace(recipe, diameter_mm=diameter_mm, parameters={**parameters, **before})


def _cell_mm(diameter_mm: float) -> float:
    return float(np.clip(diameter_mm / 2 / _CELLS_A_RADIUS, *_CELL_MM))


def _of_its_size(host: Host, diameter_mm: float, kind: str, seed: int) -> dict[str, Any]:
    """Draw those parameters that follow a tumour's size as it grows, by the same numbers at every size."""
    rng = np.random.default_rng(seed)
    edge_sigma_mm = sample_edge_sigma_mm(host, diameter_mm, rng)
    return {"edge_sigma_mm": edge_sigma_mm, **sample_surroundings(host, diameter_mm, kind, rng)._asdict()}


def apply_recipe(host: Host, recipe: Recipe) -> SyntheticTumor:
    """Make the tumour of a recipe; the automaton draws from the recipe's `growth_seed` alone.

    Voxels outside the organ's mask (and, where the tumour grows into fat, the fat around) are never changed.

    Raises
    ------
    InvalidRecipe
        If the parameters are not this version's.
    """
    parameters = Parameters.of(recipe)
    radius_mm = recipe.diameter_mm / 2
    rng = np.random.default_rng(parameters.growth_seed)
    cells, automaton = _grown(host, parameters, radius_mm, rng)
    near = _near(automaton.state, parameters, radius_mm)
    state, cells = automaton.state[near], cells.part(near)
    box = cells.voxels(host.ct.shape)
    share = cells.to_voxels(_blurred_load(state, parameters, host.ct.spacing_mm), box)
    dead = cells.to_voxels(_blurred_death(state, automaton.steps, host.organ, parameters, rng), box)

    habitat = _habitat(host, box, parameters)
    volume_voxels = sphere_volume_mm3(recipe.diameter_mm) / math.prod(host.ct.spacing_mm)
    mask, habitat = one_piece(share - _least_share(share, habitat, volume_voxels), habitat)
    hu = _pushed(host, box, parameters, radius_mm) if parameters.push else None
    contrast = _contrast_hu(host, box, parameters, share, dead)
    return SyntheticTumor(
        origin=(box[0].start, box[1].start, box[2].start),
        hu=replace_tissue(
            host, box, share, contrast, mask=mask, noise_offset=parameters.noise_offset, habitat=habitat, hu=hu
        ),
        mask=mask,
        recipe=recipe,
    )


def _grown(
    host: Host, parameters: Parameters, radius_mm: float, rng: np.random.Generator
) -> tuple[CellGrid, Automaton]:
    """Grow the tumour on its cells, in the host's own tissue, to the asked volume.

    Blurring by sigma draws the half-contrast surface of a ball of radius r in by ``sigma² / r``, to first
    order: the tumour grows to so much more.
    """
    farthest = int(np.abs(parameters.nuclei).max())
    reach = max(math.ceil(_REACH * radius_mm / parameters.cell_mm), farthest + _CELLS_A_RADIUS)
    cells = CellGrid.around(
        parameters.center_voxel, cell_mm=parameters.cell_mm, spacing_mm=host.ct.spacing_mm, reach=reach
    )
    automaton = Automaton(_tissue(host, cells, parameters), np.add(parameters.nuclei, reach), rng)
    drawn_in_mm = float(np.mean(parameters.edge_sigma_mm)) ** 2 / radius_mm
    automaton.grow_to(sphere_volume_mm3(2 * (radius_mm + drawn_in_mm)) / parameters.cell_mm**3)
    return cells, automaton


def _tissue(host: Host, cells: CellGrid, parameters: Parameters) -> Tissue:
    """Quantise the organ's smoothed CT at the cells; see `synthesis.methods.automaton`.

    Fat that the tumour may grow into is a barrier: it has to be broken. All else beyond the organ is wall.
    """
    i, j, k = (math.ceil(_CONTEXT_MM / s) for s in host.ct.spacing_mm)
    box = cells.voxels(host.ct.shape, margin=(i, j, k))
    organ = host.organ_mask[box]
    smoothing = [_TISSUE_SMOOTHING_MM / s for s in host.ct.spacing_mm]
    # The mean of the organ's own voxels alone: with the fat around it, its border would seem to yield the most.
    values, weights = (
        ndimage.gaussian_filter(part.astype(np.float32), smoothing) for part in (host.ct.hu[box] * organ, organ)
    )
    smooth = (values / np.maximum(weights, 1e-3)).astype(np.float32)
    low, out = np.percentile(smooth[organ], [_LEVELS_FROM, _BARRIERS_FROM])
    levels = np.digitize(cells.from_voxels(smooth, box), np.linspace(low, out, BARRIER + 1)[1:]).astype(np.uint8)
    outside = cells.from_voxels(organ.astype(np.float32), box) < 0.5
    levels[outside] = WALL
    if parameters.into_fat:
        open_fat = _habitat(host, box, parameters) & ~organ
        levels[outside & (cells.from_voxels(open_fat.astype(np.float32), box) >= 0.5)] = BARRIER
    return levels


def _habitat(host: Host, box: Box, parameters: Parameters) -> Mask:
    """Return the voxels that the tumour may change: the organ, and fat that is wide enough to grow into.

    A thin layer of fat between the organ and its neighbour stays: grown into, it would be left as a row of dots.
    """
    organ = host.organ_mask[box]
    if not parameters.into_fat:
        return organ
    with_fat = organ | fat_around(host, box)
    room = ndimage.gaussian_filter(with_fat.astype(np.float32), [_ROOM_MM / s for s in host.ct.spacing_mm])
    return organ | (with_fat & (room > _ROOM_SHARE))


def _near(state: States, parameters: Parameters, radius_mm: float) -> Box:
    """Return the box of the cells that the tumour's edge, or its push, may reach."""
    margin = math.ceil(3 * parameters.edge_sigma_mm[1] / parameters.cell_mm) + 1
    box = bounding_box(state > 0, margin=(margin, margin, margin))
    if not parameters.push:
        return box
    reach = math.ceil(PUSHED_REACH * radius_mm / parameters.cell_mm)
    i, j, k = (
        slice(max(min(axis.start, n // 2 - reach), 0), min(max(axis.stop, n // 2 + reach + 1), n))
        for axis, n in zip(box, state.shape, strict=True)
    )
    return i, j, k


def _blurred_load(state: States, parameters: Parameters, spacing_mm: Spacing) -> Field:
    """Return the tumour's share of each cell, with its edges as wide as they are to be.

    What the tumour encloses is its own. The load's own ramp, and a voxel's extent, are uniform distributions,
    with variances of their ``width² / 12``.
    """
    load = state.astype(np.float32) / FULL
    load[~component_at(state < INVADING, (0, 0, 0)) & (state < INVADING)] = 1.0
    ramp = (_RAMP_CELLS * parameters.cell_mm) ** 2 / 12
    sharp, soft = (
        ndimage.gaussian_filter(
            load, np.sqrt(max(sigma**2 - ramp, 0.0) + np.square(spacing_mm) / 12) / parameters.cell_mm
        )
        for sigma in parameters.edge_sigma_mm
    )
    offsets = np.indices(state.shape, dtype=np.float32) - (np.reshape(state.shape, (3, 1, 1, 1)) - 1) / 2
    offsets /= np.sqrt(np.einsum("a...,a...->...", offsets, offsets)) + np.float32(1e-6)
    toward = np.einsum("a,a...->...", np.array(parameters.edge_direction, dtype=np.float32), offsets)
    return np.asarray(sharp + (1 + toward) / 2 * (soft - sharp), dtype=np.float32)


def _blurred_death(state: States, steps: int, organ: Organ, parameters: Parameters, rng: np.random.Generator) -> Field:
    """Return the dead part of each cell: none in a tumour that is too young."""
    if not parameters.necrosis or steps < organ.necrosis_from_step:
        return np.zeros(state.shape, dtype=np.float32)
    dead = necrosis(state, n_seeds=parameters.necrosis_seeds, rounds=round(_NECROSIS_ROUNDS * steps), rng=rng)
    blurred = ndimage.gaussian_filter(dead.astype(np.float32), _NECROSIS_BLUR_MM / parameters.cell_mm)
    return np.asarray(blurred)


def _least_share(share: Field, habitat: Mask, volume_voxels: float) -> float:
    """Return the share from which a voxel is the tumour's, so that it has the asked volume: about one half.

    A tumour that is walled in stays smaller.
    """
    n_voxels = min(max(round(volume_voxels), 1), share.size - 1)
    inside = np.where(habitat, share, 0)
    last, next_one = np.partition(inside, (-n_voxels, -n_voxels - 1), axis=None)[[-n_voxels, -n_voxels - 1]]
    return max(float(last + next_one) / 2, _LEAST_SHARE)


def _contrast_hu(host: Host, box: Box, parameters: Parameters, share: Field, dead: Field) -> Field:
    """Return how far each voxel would lie below the parenchyma if it were all tumour."""
    lattice = Lattice.over(box, host.ct.spacing_mm, step_mm=parameters.lump_length_mm / 3)
    offsets_mm = lattice.offsets_mm(parameters.center_voxel)
    uneven = lumps(offsets_mm, length_mm=parameters.lump_length_mm, offset=parameters.lump_offset)
    contrast = parameters.contrast_hu + parameters.lump_hu * lattice.spread(uneven)
    contrast += dead * np.maximum(host.parenchyma_hu - parameters.necrosis_hu - contrast, 0)
    return np.asarray(contrast - capsule(share, parameters.capsule_hu), dtype=np.float32)


def _pushed(host: Host, box: Box, parameters: Parameters, radius_mm: float) -> Field:
    """Return a box of the host whose anatomy the tumour has pushed outwards, as a ball of its volume would."""
    lattice = Lattice(box, (1, 1, 1), host.ct.spacing_mm)
    offsets_mm = lattice.offsets_mm(parameters.center_voxel)
    reach = np.sqrt(np.einsum("a...,a...->...", offsets_mm, offsets_mm)) / np.float32(radius_mm)
    center = np.array(parameters.center_voxel, dtype=np.float64) - [axis.start for axis in box]
    return push_aside(host, box, reach, center, parameters.push)


def _vector(values: npt.NDArray[np.float64]) -> Vector:
    x, y, z = values.tolist()
    return x, y, z


def _voxel(values: npt.NDArray[np.floating]) -> tuple[int, int, int]:
    i, j, k = (int(value) for value in values)
    return i, j, k
