"""The solid organs: liver, gallbladder, spleen, kidneys, adrenals and pancreas."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from synthesis.phantom.canvas import LABELS, Canvas
from synthesis.phantom.frame import diaphragm
from synthesis.phantom.geometry import (
    Field,
    Point,
    Region,
    curve,
    ellipsoid,
    intersection,
    path_region,
    rotation,
    smooth_field,
    stream,
    tube,
    union,
)
from synthesis.phantom.parameters import PatientParameters

PANCREAS_COURSE = (
    # x, y, z and radius: head, neck, body, tail
    (36.0, 4.0, -44.0, 13.0),
    (38.0, 8.0, -30.0, 16.5),
    (34.0, 14.0, -16.0, 16.0),
    (20.0, 22.0, -6.0, 12.0),
    (4.0, 28.0, 0.0, 11.0),
    (-16.0, 26.0, 6.0, 11.0),
    (-40.0, 14.0, 14.0, 12.0),
    (-62.0, -4.0, 22.0, 11.5),
    (-82.0, -20.0, 30.0, 9.0),
)


@dataclass(frozen=True)
class Shape:
    """An organ's signed distance in frame mm, in the region that it was evaluated in."""

    region: Region
    distance: Field


def _clear_of_spine(region: Region) -> Field:
    """Signed distance to what lies outside the spine, the great vessels and the muscles beside them."""
    column = np.sqrt((region.x / 40) ** 2 + ((region.y + 46) / 42) ** 2)
    return (1 - column) * 40 + 0 * region.z


def _texture(region: Region, patient: PatientParameters, name: str, hu: float, amount: float) -> Field:
    """A parenchyma's HU: its mean, slow drifts, and a fine grain."""
    rng = stream(patient.seed, f"{name} texture")
    drift, grain = smooth_field(region, 32, rng), smooth_field(region, 4.5, rng)
    return hu + amount * (0.7 * drift + grain)


def add_liver(canvas: Canvas, patient: PatientParameters) -> Shape:
    """The liver: right and left lobe under the diaphragm, with a hollow visceral face and a fissure."""
    rng = stream(patient.seed, "liver")
    size = patient.liver_size
    region = canvas.region.crop((-95, -95, -90), (150, 125, 115))
    tip = rng.normal(0, 5)
    right = ellipsoid(region, (76, -4, 24 + tip / 2), (78 * size, 92, 84 * size + tip))
    reach = size * rng.uniform(54, 76)
    left = ellipsoid(region, (2 + tip, 44, 46), (reach, 44, 40 * size), rotation(0, -0.18, 0.1))
    shape = union(right, left, 30) + 5 * smooth_field(region, 60, rng) + 1.2 * smooth_field(region, 22, rng)
    # The visceral face looks down, back and to the left, and is hollow.
    outward = -0.52 * (region.x - 46) - 0.42 * (region.y + 4) - 0.74 * (region.z + 8)
    hollow = 6 * smooth_field(region, 45, rng) - 3
    shape = intersection(shape, (outward + hollow), 26)
    cleft = region.x - rng.uniform(6, 22) - rng.uniform(-0.1, 0.35) * region.y
    cleft = np.abs(cleft + 4 * smooth_field(region, 32, rng)) - np.clip(40 - region.z, 0, 60) * 0.1
    ends = np.maximum(rng.uniform(24, 48) - region.y, region.z - 56)
    fissure = np.maximum(cleft - rng.uniform(0.2, 1.2), ends)
    shape = intersection(shape, -fissure, 8)
    shape = intersection(shape, _clear_of_spine(region), 14)
    within = np.maximum(canvas.cavity[region.slices] + 1.5, (region.z - diaphragm(region)) * np.float32(0.8))
    shape = intersection(shape, (within), 10)
    canvas.paint(region, shape - 1, patient.fat_hu)
    hu = _texture(region, patient, "liver", patient.tissue_hu("liver"), 1.8)
    canvas.paint(region, shape, hu, LABELS["liver"])
    return Shape(region, shape)


def add_gallbladder(canvas: Canvas, patient: PatientParameters) -> None:
    """A bag of bile under the liver."""
    rng = stream(patient.seed, "gallbladder")
    center = np.array([54, 36, 0]) + rng.normal(0, 4, size=3)
    radii = np.array([12, 26, 15]) * rng.uniform(0.7, 1.2)
    region = canvas.region.around(center, (28, 28, 28))
    shape = ellipsoid(region, center, radii, rotation(0.5, 0, 0.2)) + smooth_field(region, 25, rng)
    canvas.paint(region, shape - 1.8, patient.tissue_hu("bowel wall"))
    canvas.paint(region, shape, 8.0, LABELS["gallbladder"])


def add_spleen(canvas: Canvas, patient: PatientParameters) -> Shape:
    """The spleen: against the wall and the diaphragm, hollow towards stomach and kidney.

    In the arterial phase its pulp enhances in bands.
    """
    rng = stream(patient.seed, "spleen")
    size = patient.spleen_size
    region = canvas.region.crop((-150, -110, -50), (-20, 60, 115))
    shape = ellipsoid(region, (-95, -34, 40), (46 * size, 56 * size, 58 * size), rotation(0.35, 0, -0.35))
    inner = ellipsoid(region, (-54, -14, 36), (36, 52, 66))
    shape = intersection(shape + 3 * smooth_field(region, 34, rng), 4 - inner, 12)
    within = np.maximum(canvas.cavity[region.slices] + 1.5, (region.z - diaphragm(region)) * np.float32(0.8))
    shape = intersection(shape, (within), 10)
    bands = smooth_field(region, 11, rng) * (28.0 if patient.phase == "arterial" else 0.0)
    canvas.paint(region, shape - 1, patient.fat_hu)
    hu = _texture(region, patient, "spleen", patient.tissue_hu("spleen"), 1.5) + bands
    canvas.paint(region, shape, (hu), LABELS["spleen"])
    return Shape(region, shape)


def add_kidneys(canvas: Canvas, patient: PatientParameters) -> dict[str, Point]:
    """Both kidneys in perirenal fat: cortex, pyramids, and the fat and collecting system of the sinus.

    Returns
    -------
    dict
        Where each kidney's hilum lies.
    """
    hila = {}
    for label, side, level in (("right kidney", 1.0, -34.0), ("left kidney", -1.0, -14.0)):
        rng = stream(patient.seed, label)
        size = patient.kidney_size
        center = np.array([60 * side, -40, level]) + rng.normal(0, 3, size=3)
        turn = rotation(0.18, 0.2 * side, (0.55 + rng.normal(0, 0.12)) * -side)
        region = canvas.region.around(center, (46, 46, 64))
        shape = ellipsoid(region, center, (28 * size, 23 * size, 52 * size), turn)
        shape = shape + 1.6 * smooth_field(region, 20, rng)
        medial = turn @ np.array([-side, 0.0, 0.0])
        middle = center + 12 * medial
        sinus = ellipsoid(region, middle, (15 * size, 8.5 * size, 25 * size), turn)
        mouth = ellipsoid(region, center + 26 * medial, (15, 6.5, 13), turn)
        sinus = union(sinus, mouth, 5) + 1.8 * smooth_field(region, 9, rng)
        body = intersection(shape, -sinus, 4)
        canvas.paint(region, shape - 5, patient.fat_hu)
        canvas.paint(region, body, _kidney_hu(region, patient, shape, rng), LABELS[label])
        pelvis = ellipsoid(region, center + 16 * medial, (9, 4.5, 12), turn) + smooth_field(region, 9, rng)
        urine = 420.0 if patient.delay_s > 200 else 8.0
        canvas.paint(region, pelvis, urine, 0)
        x, y, z = center + 24 * medial
        hila[label] = (float(x), float(y), float(z))
    return hila


def _kidney_hu(region: Region, patient: PatientParameters, depth: Field, rng: np.random.Generator) -> Field:
    """HU of a kidney: a cortex some 6 mm thick that dips between the pyramids."""
    cortex, medulla = patient.tissue_hu("cortex"), patient.tissue_hu("medulla")
    columns = smooth_field(region, 13, rng)
    pyramid = np.clip((-depth - 6.5) / 2, 0, 1) * np.clip((columns + 0.6) / 0.5, 0, 1)
    grain = smooth_field(region, 4.5, rng)
    return np.asarray(cortex + pyramid * np.float32(medulla - cortex) + 2 * grain)


def add_adrenals(canvas: Canvas, patient: PatientParameters) -> None:
    """Both adrenals: two thin limbs each, above the kidneys."""
    for side, x, y, z in ((1.0, 36.0, -28.0, 24.0), (-1.0, -38.0, -20.0, 28.0)):
        for limb in (-1.0, 1.0):
            path = curve(
                [(x, y + 4, z, 2.6), (x + side * 4 + limb * 3, y - 8, z - 4, 2.4),
                 (x + side * 7 + limb * 6, y - 18, z - 12, 1.8)],
                1.5,
            )  # fmt: skip
            region = path_region(canvas.region, path)
            distance, _ = tube(region, path)
            canvas.paint(region, distance, patient.tissue_hu("pancreas"))


def add_pancreas(canvas: Canvas, patient: PatientParameters) -> Shape:
    """The pancreas, lobulated, with fat between its lobules and a fine duct."""
    rng = stream(patient.seed, "pancreas")
    course = np.array(PANCREAS_COURSE)
    course[:, :3] += np.cumsum(rng.normal(0, 1.3, size=(len(course), 3)), axis=0)
    course[:, 3] *= patient.pancreas_size
    path = curve(course, 3.0)
    region = path_region(canvas.region, path)
    shape, _ = tube(region, path)
    lobules = smooth_field(region, 8, rng)
    shape = shape + 1.5 * smooth_field(region, 18, rng) + (1.0 + 1.4 * patient.pancreas_fat) * lobules
    canvas.paint(region, shape - 1.6, patient.fat_hu)
    clefts = np.clip(smooth_field(region, 5, rng) - 1.5 + 0.9 * patient.pancreas_fat, 0, 1.4)
    hu = _texture(region, patient, "pancreas", patient.tissue_hu("pancreas"), 2.5) - 55 * clefts
    canvas.paint(region, shape, (hu), LABELS["pancreas"])
    duct = path.copy()
    duct[:, 3] = 0.5 + 0.5 * rng.random()
    distance, _ = tube(region, duct)
    canvas.paint(region, distance, 14.0)
    return Shape(region, shape)
