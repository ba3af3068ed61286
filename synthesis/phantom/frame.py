"""The patient's outside and scaffold: table, skin, fat, muscle, lungs, heart and bones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from synthesis.phantom.canvas import Canvas, image_region
from synthesis.phantom.geometry import (
    Field,
    Region,
    curve,
    ellipsoid,
    path_region,
    rotation,
    smooth_field,
    stream,
    tube,
)
from synthesis.phantom.parameters import PatientParameters

AIR_HU = -1000.0
LUNG_HU = -850.0
TABLE_SHELL_HU = 250.0
FOAM_HU = -920.0
WALL_MM = 12.0
SPINE_Y = -44.0
VERTEBRA_MM = 36.0
DIAPHRAGM_MM = 3.0


def _column(region: Region) -> Region:
    """The region's axial plane alone, for shapes that do not vary along z."""
    return Region((*region.axes[:2], np.zeros(1, dtype=np.float32)), region.slices, region.low, region.high)


def _outline(region: Region, patient: PatientParameters) -> tuple[Field, Field]:
    """Distance of each axial point from the midline's center, and that over the muscular outline there."""
    half_width = 143 * patient.girth
    half_depth = np.where(region.y > 0, 96 * patient.belly, 90.0)
    level = ((np.abs(region.x) / half_width) ** 2.3 + (np.abs(region.y) / half_depth) ** 2.3) ** (1 / 2.3)
    return np.sqrt(region.x**2 + region.y**2), np.maximum(level, 1e-3).astype(np.float32)


def _subcutaneous_fat(region: Region, patient: PatientParameters) -> Field:
    """Thickness of the fat under the skin at each axial point, in frame mm."""
    angle = np.arctan2(region.y / 96, region.x / 143)
    front, back, side = np.sin(angle).clip(0) ** 2, np.sin(angle).clip(None, 0) ** 2, np.cos(angle) ** 2
    thickness = (front * patient.fat_front_mm + back * patient.fat_back_mm + side * patient.fat_side_mm) / patient.build
    return thickness.astype(np.float32)


def _table(region: Region, top: float, edge: float) -> Field:
    """HU of the air and the scanner's table in an axial plane: foam in a thin shell.

    The table's upper face is a shallow trough, lowest at `top`.
    """
    trough = top + (region.x / 240) ** 2 * 26
    below, above = trough - region.y, region.y - (top - 24)
    outside = np.maximum(np.maximum(-below, -above), np.abs(region.x) - 205)
    share = np.clip(0.5 - outside / edge, 0, 1)
    foam = np.clip(0.5 - (outside + 2.8) / edge, 0, 1)
    hu: Field = AIR_HU + share * (TABLE_SHELL_HU - AIR_HU) + foam * (FOAM_HU - TABLE_SHELL_HU)
    return hu


def start(patient: PatientParameters) -> Canvas:
    """A canvas with table, skin, fat, the muscles of the wall, and the cavity full of fat."""
    region = image_region(patient)
    plane = _column(region)
    radius, level = _outline(plane, patient)
    waist = 1 + 0.045 * np.cos((region.z + 30) / 75) + 0.0002 * region.z  # narrower under the ribs
    ripple = smooth_field(region, 75, stream(patient.seed, "outline"))
    muscle = radius - radius / level * waist + 2.6 * ripple
    fat = _subcutaneous_fat(plane, patient)
    back = -90 * float(np.max(waist)) - patient.fat_back_mm / patient.build + 2
    skin = np.maximum(muscle - fat, back - region.y)
    cavity = muscle + WALL_MM

    edge = max(patient.pixel_mm, 0.8) / patient.build
    table = _table(plane, back - patient.table_gap_mm / patient.build, edge)
    canvas = Canvas(
        region=region,
        hu=np.broadcast_to(table, region.shape).copy(),
        labels=np.zeros(region.shape, dtype=np.uint8),
        cavity=cavity,
        edge=edge,
    )
    canvas.paint(region, skin, 35.0)
    septa = smooth_field(region, 7, stream(patient.seed, "fat"))
    fat_hu = patient.fat_hu + np.float32(3) * septa
    canvas.paint(region, skin + 2, fat_hu)
    canvas.paint(region, np.maximum(muscle, skin + 3), _wall_hu(plane, muscle, patient) + 3 * septa)
    canvas.paint(region, cavity, fat_hu)
    return canvas


def _wall_hu(plane: Region, muscle: Field, patient: PatientParameters) -> Field:
    """HU of the body wall: three sheets of muscle at the sides, two straight muscles in front."""
    angle = np.arctan2(plane.y / 96, plane.x / 143)
    sides = np.clip(1.3 * np.abs(np.cos(angle)) - 0.2, 0, 1)
    midline = np.exp(-((plane.x / 5) ** 2)) * (plane.y > 0)
    edge_of_straight = np.exp(-(((np.abs(plane.x) - 62) / 5) ** 2)) * (plane.y > 0)
    sheets = np.exp(-(((muscle + 4) / 0.8) ** 2)) + np.exp(-(((muscle + 8) / 0.8) ** 2))
    fatness = np.clip(0.55 * sides * sheets + 0.8 * midline + 0.7 * edge_of_straight, 0, 1)
    hu = patient.tissue_hu("muscle")
    return np.asarray(hu + fatness * np.float32(patient.fat_hu - hu))


def diaphragm(region: Region) -> Field:
    """Level of the diaphragm in the axial plane, in frame mm: two domes and a saddle under the heart."""
    domes = [
        top - ((region.x - x) / spread) ** 2 * 34 - ((region.y - y) / 84) ** 2 * 42
        for x, y, spread, top in ((62.0, -2.0, 62.0, 98.0), (-62.0, -2.0, 58.0, 86.0), (0.0, 52.0, 60.0, 76.0))
    ]
    return np.asarray(np.maximum(np.maximum.reduce(domes), 24))


def add_chest(canvas: Canvas, patient: PatientParameters) -> None:
    """Heart, lung bases with their vessels, and the diaphragm under them."""
    region = canvas.region.crop((-150, -110, -30), (150, 120, 170))
    cavity = canvas.cavity[region.slices]
    above = np.maximum(cavity, (diaphragm(region) - region.z) * np.float32(0.8))
    mediastinum = ellipsoid(region, (-4, -28, 130), (30, 34, 400))
    lungs = np.maximum(np.maximum(above + DIAPHRAGM_MM, 6 - mediastinum), above)
    canvas.paint(region, above, patient.tissue_hu("muscle"))
    canvas.paint(region, above + DIAPHRAGM_MM, patient.fat_hu)
    vessels = smooth_field(region, 6, stream(patient.seed, "lung"))
    texture = 700 * np.clip(vessels - 2.0, 0, 0.8) + 18 * vessels
    canvas.paint(region, lungs, LUNG_HU + texture)
    heart_box = region.around((-22, 30, 128), (68, 56, 50))
    heart = ellipsoid(heart_box, (-22, 30, 128), (64, 50, 44), rotation(0, 0.25, 0.5))
    within = np.maximum(heart, above[_relative(heart_box, region)])
    canvas.paint(heart_box, within, patient.fat_hu)
    muscle = 0.6 * patient.enhancement_hu("heart") + patient.unenhanced_hu("heart")
    canvas.paint(heart_box, within + 4, muscle)
    chambers = np.maximum(within + 13, smooth_field(heart_box, 30, stream(patient.seed, "heart")) * 7 - 4)
    canvas.paint(heart_box, chambers, patient.tissue_hu("heart"))


def _relative(inner: Region, outer: Region) -> tuple[slice, slice, slice]:
    """Where a region lies in the arrays of another that holds it."""
    i, j, k = (slice(a.start - b.start, a.stop - b.start) for a, b in zip(inner.slices, outer.slices, strict=True))
    return i, j, k


def add_back_muscles(canvas: Canvas, patient: PatientParameters) -> None:
    """Erector spinae, quadratus lumborum, psoas and crura beside the spine."""
    hu = patient.tissue_hu("muscle")
    for side in (-1.0, 1.0):
        for name, center, radii, turn in (
            ("erector", (28 * side, -75, 0), (28, 15, 2000), 0.12 * side),
            ("quadratus", (58 * side, -66, -110), (22, 9, 100), 0.5 * side),
            ("psoas", (35 * side, -43, -150), (20, 19, 130), 0.0),
            ("crus", (19 * side, -18, 60), (6, 22, 90), 0.35 * side),
        ):
            region = canvas.region.around(center, (max(radii[:2]), max(radii[:2]), radii[2]))
            ripple = smooth_field(region, 26, stream(patient.seed, f"{name}{side}"))
            shape = ellipsoid(region, center, radii, rotation(0, 0, turn)) + 1.5 * ripple
            strands = smooth_field(region, 5, stream(patient.seed, f"{name} strands{side}"))
            canvas.paint(region, shape - 1, patient.fat_hu)
            canvas.paint(region, shape, (hu - 22 * np.clip(strands - 1, 0, 3)))


def add_spine(canvas: Canvas, patient: PatientParameters) -> None:
    """Vertebrae with cortex, end plates, arches and processes, discs between them, and the spinal canal."""
    region = canvas.region.crop((-52, -112, -1000), (52, -8, 1000))
    y, z = region.y - SPINE_Y, region.z
    from_middle = np.abs((z + VERTEBRA_MM / 2) % VERTEBRA_MM - VERTEBRA_MM / 2)
    height = VERTEBRA_MM / 2 - 4.5
    waist = 1 - 0.1 * np.cos(np.clip(from_middle / height, 0, 1) * np.pi / 2)
    around = np.sqrt((region.x / 24) ** 2 + (y / 17.5) ** 2 + 1e-6)
    radial = (around - waist) * np.float32(19)
    concave_back = np.float32(-13.5) - y + (region.x / 24) ** 2 * 2
    bodies = np.maximum(radial, concave_back)
    grain = smooth_field(region, 3.5, stream(patient.seed, "spine"))
    marrow = patient.bone_density * (170 + 26 * grain)

    canvas.paint(region, bodies, 90.0)
    vertebra = np.maximum(bodies, from_middle - height)
    canvas.paint(region, (vertebra), 430.0 * patient.bone_density)
    canvas.paint(region, (vertebra + 2.2), marrow)

    canal = np.sqrt((region.x / 1.25) ** 2 + (y + 24.5) ** 2) - 8.5
    arch_level = np.abs((z + VERTEBRA_MM / 2 + 8) % VERTEBRA_MM - VERTEBRA_MM / 2)
    lamina = np.maximum(canal - 6, np.maximum(arch_level - 13, y + 19))
    pedicles = np.maximum(
        np.sqrt((np.abs(region.x) - 13.5) ** 2 + (arch_level - 1) ** 2 * 0.5) - 5, np.abs(y + 16) - 10
    )
    spinous = np.maximum(np.abs(region.x) - 3.2, np.maximum(arch_level - 10, np.abs(y + 37) - 11))
    transverse = np.maximum(
        np.sqrt((y + 24 + np.abs(region.x) * 0.12) ** 2 + (arch_level - 1) ** 2) - 5.2, np.abs(region.x) - 38
    )
    facets = np.sqrt((np.abs(region.x) - 18) ** 2 + (y + 27) ** 2 + (arch_level - 14) ** 2 * 0.2) - 6.5
    arch = np.minimum.reduce(np.broadcast_arrays(lamina, pedicles, spinous, transverse, facets))
    arch = np.maximum(arch, 1 - canal).astype(np.float32)
    canvas.paint(region, arch, 480.0 * patient.bone_density)
    canvas.paint(region, arch + 2.5, 1.3 * marrow)
    canvas.paint(region, np.maximum(canal, bodies * -1 + 1), patient.fat_hu)
    canvas.paint(region, (canal + 2.5) + 0 * z, 28.0)


def _rib_path(rank: int, side: float, patient: PatientParameters) -> npt.NDArray[np.float64]:
    """Center line of a rib, counted from the lowest, along the muscular outline and down towards the front."""
    reach = (1.5, 1.9, 2.2, 2.35, 2.4, 2.4, 2.4)[rank]
    angle = np.linspace(0.42, reach, 26)  # from the spine, 0 at the back, π in front
    x, y = np.sin(angle), -np.cos(angle)
    half_width, half_depth = 143 * patient.girth, np.where(y > 0, 96 * patient.belly, 90.0)
    outline = (np.abs(x / half_width) ** 2.3 + np.abs(y / half_depth) ** 2.3) ** (-1 / 2.3)
    depth = 6 + 9 * np.exp(-((angle / 0.6) ** 2))
    z = 26 + 29 * rank - 36 * (angle - 0.42)
    radius = np.full_like(angle, 4.6)
    return curve(np.stack([side * x * (outline - depth), y * (outline - depth), z, radius], axis=1), 2.0)


def add_ribs(canvas: Canvas, patient: PatientParameters) -> None:
    """Ribs as marrow in a shell of dense bone."""
    for side in (-1.0, 1.0):
        for rank in range(7):
            path = _rib_path(rank, side, patient)
            region = path_region(canvas.region, path)
            distance, _ = tube(region, path)
            canvas.paint(region, distance, 520.0 * patient.bone_density)
            canvas.paint(region, distance + 2.0, 190.0 * patient.bone_density)
