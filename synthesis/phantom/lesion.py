"""A lesion model of the phantom's own, the stand-in for a real tumour.

The lesion grows within the anatomy, before noise and point spread are added, by a proliferation–invasion
equation (Fisher–KPP, as in Swanson's models of glioma) on an isotropic lattice:

    ∂u/∂t = ∇·(D ∇u) + ρ u (1 − u)

with cell density u, diffusivity D and proliferation ρ that vary smoothly from place to place, and no flux
through the organ's surface. It shares no code or idea with the synthesis engines: those take contrast away
from a finished image; this one is imaged with the rest of its patient.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.errors import UnusableInput
from synthesis.phantom.canvas import LABELS, Canvas
from synthesis.phantom.geometry import Field, Region, smooth_field, stream
from synthesis.phantom.parameters import LesionParameters, PatientParameters

ORGAN_LABELS: Mapping[str, tuple[int, ...]] = {
    "liver": (LABELS["liver"],),
    "pancreas": (LABELS["pancreas"],),
    "kidney": (LABELS["right kidney"], LABELS["left kidney"]),
}
_TISSUE = {"liver": "liver", "pancreas": "pancreas", "kidney": "cortex"}

CELLS_ACROSS = 18
"""Lattice cells along the diameter that is asked for."""
FRONT_CELLS = 6
"""Width of the growing front, from full density to none; the image shows it as narrow as the margin asked for."""
REACH = 1.2
"""Half the lattice's width, in diameters: how far a lesion may spread from where it starts."""
MAX_STEPS = 600


class LesionFitError(UnusableInput):
    """No place in the organ can hold a lesion of the size that was asked for."""


@dataclass(frozen=True)
class _Uptake:
    """Ranges that a kind of lesion's brightness is drawn from: before contrast, and share of enhancement."""

    unenhanced_hu: tuple[float, float]
    uptake: tuple[float, float]
    texture_hu: tuple[float, float]


# Liver: metastases and washed-out HCC, 20–65 HU below the liver in the portal venous phase, less in the
# others; half of those seen in the arterial phase take up more than the liver instead, as HCC does.
# Pancreas: ductal adenocarcinoma, best seen in the late arterial phase. Kidney: renal cell carcinoma, uneven.
_KINDS = {
    "liver": _Uptake((-16.0, -6.0), (0.2, 0.62), (3.0, 8.0)),
    "pancreas": _Uptake((-6.0, 0.0), (0.2, 0.5), (2.0, 6.0)),
    "kidney": _Uptake((-4.0, 6.0), (0.28, 0.58), (6.0, 14.0)),
}
_HYPERVASCULAR = _Uptake((-14.0, -4.0), (2.2, 3.8), (4.0, 9.0))

CLEARANCE = 0.36
"""How far, in diameters, a lesion starts from its organ's surface: less than half, so that growth may flatten
against the surface, and enough to stay round."""


def organ_mask(labels: npt.NDArray[np.uint8], organ: str) -> npt.NDArray[np.bool_]:
    """Voxels of an organ.

    Raises
    ------
    UnusableInput
        When the phantom grows no lesions in that organ.
    """
    if organ not in ORGAN_LABELS:
        raise UnusableInput(f"No lesion model for organ {organ!r}: use one of {', '.join(ORGAN_LABELS)}.")
    return np.isin(labels, ORGAN_LABELS[organ])


def draw_lesion(
    patient: PatientParameters,
    labels: npt.NDArray[np.uint8],
    *,
    organ: str,
    diameter_mm: tuple[float, float],
    rng: np.random.Generator,
) -> LesionParameters:
    """Draw a lesion and a place in an organ where it fits.

    Raises
    ------
    LesionFitError
        With the largest diameter that fits.
    """
    diameter = float(rng.uniform(*diameter_mm))
    center = _draw_place(patient, organ_mask(labels, organ), organ, diameter, rng)
    hypervascular = organ == "liver" and patient.phase == "arterial" and rng.random() < 0.5
    kind = _HYPERVASCULAR if hypervascular else _KINDS[organ]
    necrosis = float(rng.uniform(0.25, 0.7)) if rng.random() < np.clip((diameter - 12) / 25, 0, 0.7) else 0.0
    return LesionParameters(
        organ=organ,
        seed=int(rng.integers(2**32)),
        center_x_mm=float(center[0]),
        center_y_mm=float(center[1]),
        center_z_mm=float(center[2]),
        diameter_mm=diameter,
        irregularity=float(rng.uniform(0.25, 0.55)),
        margin_mm=float(rng.uniform(1.2, 4.0)),
        displacement=float(rng.uniform(0.15, 0.45)),
        unenhanced_hu=float(rng.uniform(*kind.unenhanced_hu)),
        uptake=float(rng.uniform(*kind.uptake)),
        texture_hu=float(rng.uniform(*kind.texture_hu)),
        texture_mm=float(rng.uniform(3, 6)),
        necrosis=necrosis,
        necrosis_hu=float(rng.uniform(18, 42)),
        rim_hu=float(rng.normal(0, 6)) if organ != "pancreas" else 0.0,
    )


def _draw_place(
    patient: PatientParameters,
    mask: npt.NDArray[np.bool_],
    organ: str,
    diameter: float,
    rng: np.random.Generator,
) -> npt.NDArray[np.float64]:
    """A point, in RAS+ mm, of an organ's voxels that are clear enough of its surface."""
    box = ndimage.find_objects(mask.astype(np.uint8))
    clearance = np.zeros(1)
    if box:
        clearance = ndimage.distance_transform_edt(np.pad(mask[box[0]], 1), sampling=patient.spacing_mm)
    places = np.argwhere(clearance >= CLEARANCE * diameter)
    if not len(places):
        raise LesionFitError(
            f"The {organ} of this phantom patient holds no lesion of {diameter:.1f} mm: "
            f"ask for at most {clearance.max() / CLEARANCE:.1f} mm."
        )
    corner = np.array([extent.start - 1 for extent in box[0]])
    voxel = places[rng.integers(len(places))] + rng.uniform(-0.5, 0.5, 3) + corner
    return np.asarray(voxel * patient.spacing_mm + patient.origin_mm)


def grow(free: Field, irregularity: float, target_cells: float, rng: np.random.Generator, region: Region) -> Field:
    """Cell density, 0 to 1, when the lesion has reached a volume.

    Parameters
    ----------
    free : array [n, n, n]
        1 where there is tissue of the organ, 0 where there is none.
    irregularity : float
        Standard deviation of the logarithm of D and ρ.
    target_cells : float
        Volume to reach, in lattice cells above half density.
    region : Region
        The lattice, for the random fields.

    Notes
    -----
    Lengths in cells, one step as unit of time: D = 0.12, ρ = 0.25, a front of some 0.35 cells a step.
    """
    width = region.axes[0][-1] - region.axes[0][0]
    coarse, fine = smooth_field(region, float(width) / 5, rng), smooth_field(region, float(width) / 11, rng)
    rate = np.exp(irregularity * np.clip(0.8 * coarse + 0.8 * fine, -1.6, 1.6))
    diffusivity = 0.12 * np.clip(rate, 0.2, 1.35)
    proliferation = 0.25 * np.clip(rate, 0.2, 2.2)
    faces = [
        np.minimum(diffusivity[_upper(axis)], diffusivity[_lower(axis)]) * free[_upper(axis)] * free[_lower(axis)]
        for axis in range(3)
    ]
    middle = free.shape[0] // 2
    squared = np.square(np.arange(free.shape[0], dtype=np.float32) - middle)
    density: Field = free * np.exp(-(squared[:, None, None] + squared[:, None] + squared) / np.float32(4.5))
    for _ in range(MAX_STEPS):
        if np.count_nonzero(density > 0.5) >= target_cells:
            break
        growth = proliferation * density * (1 - density)
        for axis, face in enumerate(faces):
            flux = face * (density[_upper(axis)] - density[_lower(axis)])
            growth[_lower(axis)] += flux
            growth[_upper(axis)] -= flux
        density += growth
    return density


def _upper(axis: int) -> tuple[slice, ...]:
    return tuple(slice(1, None) if n == axis else slice(None) for n in range(3))


def _lower(axis: int) -> tuple[slice, ...]:
    return tuple(slice(None, -1) if n == axis else slice(None) for n in range(3))


def center_in_frame(lesion: LesionParameters, patient: PatientParameters) -> npt.NDArray[np.float64]:
    """The lesion's origin in frame mm."""
    center = np.array([lesion.center_x_mm, lesion.center_y_mm, lesion.center_z_mm])
    return center / patient.build


def add_lesion(canvas: Canvas, patient: PatientParameters, lesion: LesionParameters) -> npt.NDArray[np.bool_]:
    """Grow a lesion and paint it.

    Returns
    -------
    bool array [i, j, k]
        The lesion's voxels: those above the cell density at which its volume is the one asked for.
    """
    rng = stream(lesion.seed, "lesion")
    center = center_in_frame(lesion, patient)
    diameter = lesion.diameter_mm / patient.build
    reach = REACH * diameter
    box = canvas.region.around(center, (reach, reach, reach), margin=0.0)
    inside = organ_mask(canvas.labels[box.slices], lesion.organ)
    spacing = np.array(patient.spacing_mm) / patient.build
    surface = _signed_distance(inside, spacing)

    cell = diameter / CELLS_ACROSS
    offsets = np.arange(-round(reach / cell), round(reach / cell) + 1) * cell
    axes = [(c + offsets).astype(np.float32) for c in center]
    lattice = Region((axes[0], axes[1], axes[2]), box.slices, box.low, box.high)
    first = np.array([axis[0] for axis in box.axes])
    onto_voxels = np.meshgrid(*[(a - f) / s for a, f, s in zip(axes, first, spacing, strict=True)], indexing="ij")
    free = (ndimage.map_coordinates(surface, onto_voxels, order=1, mode="nearest") < 0).astype(np.float32)
    target_cells = np.pi / 6 * CELLS_ACROSS**3
    density = grow(free, lesion.irregularity, target_cells, rng, lattice)
    onto_cells = np.meshgrid(*[(a - b[0]) / cell for a, b in zip(box.axes, axes, strict=True)], indexing="ij")
    here = ndimage.map_coordinates(density, onto_cells, order=1, mode="constant")

    wanted = max(1, round(np.pi / 6 * diameter**3 / float(np.prod(spacing))))
    ranked = np.sort(here[inside])[::-1]
    level = float(ranked[wanted - 1]) if wanted <= ranked.size else 0.0
    if level < 0.05:
        raise LesionFitError(
            f"The {lesion.organ} holds no lesion of {lesion.diameter_mm:.1f} mm where it was placed: "
            "draw another place or a smaller diameter."
        )
    mask = (here >= level) & inside
    steeper = FRONT_CELLS * cell * patient.build / lesion.margin_mm
    share = np.clip(0.5 + steeper * (here - level), 0, 1)
    share *= np.clip(0.5 - surface / np.float32(canvas.edge), 0, 1)
    painted = canvas.hu[box.slices]
    painted += share * (_lesion_hu(box, patient, lesion, mask, rng) - painted)
    whole = np.zeros(canvas.labels.shape, dtype=np.bool_)
    whole[box.slices] = mask
    return whole


def _signed_distance(mask: npt.NDArray[np.bool_], spacing: npt.NDArray[np.float64]) -> Field:
    """Distance to a mask's surface, negative inside, in the unit of the spacing."""
    outside = ndimage.distance_transform_edt(~mask, sampling=spacing)
    inside = ndimage.distance_transform_edt(mask, sampling=spacing)
    half = 0.5 * float(np.min(spacing))
    return np.where(mask, half - inside, outside - half).astype(np.float32)


def _lesion_hu(
    region: Region,
    patient: PatientParameters,
    lesion: LesionParameters,
    mask: npt.NDArray[np.bool_],
    rng: np.random.Generator,
) -> Field:
    """The lesion's own HU: uneven tumour, a margin, and a necrotic core."""
    tissue = _TISSUE[lesion.organ]
    tumor = patient.unenhanced_hu(tissue) + lesion.unenhanced_hu + lesion.uptake * patient.enhancement_hu(tissue)
    coarse, fine = smooth_field(region, 2 * lesion.texture_mm, rng), smooth_field(region, lesion.texture_mm, rng)
    spacing = np.array(patient.spacing_mm) / patient.build
    depth = -_signed_distance(mask, spacing)
    enhancing = 0.0 if patient.phase == "none" else 1.0
    hu = tumor + lesion.texture_hu * (0.8 * coarse + 0.6 * fine)
    hu += enhancing * lesion.rim_hu * np.exp(-(((depth - 1.5) / 1.5) ** 2))
    if lesion.necrosis:
        core = depth / max(float(depth.max()), 1e-3) - (1 - lesion.necrosis) + 0.18 * coarse
        core_hu = min(lesion.necrosis_hu, tumor - 4)
        hu += np.clip(core * 4 + 0.5, 0, 1) * (core_hu + 3 * fine - hu)
    return hu
