"""Stomach, duodenum, colon and small bowel, with what is in them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from synthesis.phantom.canvas import LABELS, Canvas
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
    union,
)
from synthesis.phantom.parameters import PatientParameters

GAS_HU = -960.0
FLUID_HU = 14.0


def _path(points: list[tuple[float, float, float, float]]) -> npt.NDArray[np.float64]:
    return curve(points, 3.0)


def _paint_gut(
    canvas: Canvas,
    patient: PatientParameters,
    region: Region,
    distance: Field,
    *,
    wall_mm: float,
    content: Field | float,
    gas: Field | None,
    label: int | None = None,
) -> None:
    """Wall, content, and gas where its signed distance is negative, inside the body's cavity."""
    within = np.maximum(distance, canvas.cavity[region.slices] + 2)
    canvas.paint(region, within - 1, patient.fat_hu)
    canvas.paint(region, within, patient.tissue_hu("bowel wall"), label)
    canvas.paint(region, within + wall_mm, content)
    if gas is not None:
        canvas.paint(region, np.maximum(within + wall_mm, gas), GAS_HU)


def add_small_bowel(canvas: Canvas, patient: PatientParameters) -> None:
    """Loops of small bowel that wander below the pancreas, some collapsed, some with fluid or gas."""
    rng = stream(patient.seed, "small bowel")
    for loop in range(20):
        jejunum = loop < 5
        low = np.array([-92.0, 2.0, -60.0] if jejunum else [-86.0, -4.0, -165.0])
        high = np.array([-25.0 if jejunum else 78.0, 64.0 * patient.belly, -8.0 if jejunum else -48.0])
        point = rng.uniform(low, high)
        heading = rng.normal(size=3)
        points = []
        for _ in range(10):
            heading = 0.55 * heading / np.linalg.norm(heading) + 0.7 * rng.normal(size=3)
            heading += 1.6 * ((point < low).astype(float) - (point > high))
            point = point + 24 * heading / np.linalg.norm(heading)
            points.append((*point, 9.5 + 2.5 * rng.random()))
        path = _path(points)
        region = path_region(canvas.region, path)
        distance, height = tube(region, path)
        folds = smooth_field(region, 4, rng)
        fluid = FLUID_HU + 16 + 16 * folds
        gas = 5.0 - height + 3 * smooth_field(region, 40, rng) if rng.random() < 0.3 else None
        _paint_gut(canvas, patient, region, distance, wall_mm=2.8, content=fluid, gas=gas)


def add_colon(canvas: Canvas, patient: PatientParameters) -> None:
    """Ascending, transverse and descending colon with stool, gas and haustra."""
    rng = stream(patient.seed, "colon")
    front = 66.0 * patient.belly
    sag = float(rng.uniform(-85, -48))
    wide, narrow = rng.uniform(16, 22), rng.uniform(10, 15)
    courses = (
        ("transverse", [(84, 20, -62), (58, front - 14, sag + 8), (0, front, sag), (-52, front - 8, sag + 22),
                        (-92, 22, -12)], wide),
        ("ascending", [(92, -12, -170), (94, -16, -120), (93, -14, -82), (84, 20, -62)], wide + 2),
        ("descending", [(-92, 22, -12), (-108, -18, -18), (-107, -32, -60), (-102, -30, -120),
                        (-96, -22, -170)], narrow),
    )  # fmt: skip
    for name, points, radius in courses:
        path = _path([(*point, float(radius)) for point in points])
        path[:, 3] *= 1 + 0.16 * np.sin(np.arange(len(path)) * 3.0 / 7.0) * (radius > 15)
        region = path_region(canvas.region, path)
        distance, height = tube(region, path)
        distance = distance + 1.2 * smooth_field(region, 14, rng)
        stool = smooth_field(region, 5, rng)
        content = np.where(stool > 1.1, -320.0, 42 + 26 * stool).astype(np.float32)
        level = float(rng.uniform(-10, 8)) if name != "descending" else 4.0
        gas = level - height + 2.5 * stool
        _paint_gut(canvas, patient, region, distance, wall_mm=2.0, content=content, gas=gas)


def add_duodenum(canvas: Canvas, patient: PatientParameters) -> None:
    """The duodenum round the head of the pancreas and on to the left."""
    rng = stream(patient.seed, "duodenum")
    shift = rng.normal(0, 2.5, size=3)
    path = _path([
        (36, 40, -2, 11), (54, 28, -6, 11.5), (61, 10, -24, 12), (56, 0, -48, 12),
        (34, -2, -62, 11), (0, 4, -64, 10), (-28, 12, -50, 10),
    ])  # fmt: skip
    path[:, :3] += shift
    region = path_region(canvas.region, path)
    distance, height = tube(region, path)
    folds = smooth_field(region, 4.5, rng)
    content = FLUID_HU + 14 + 15 * folds
    gas = 6.0 - height + 3 * smooth_field(region, 30, rng) if rng.random() < 0.5 else None
    _paint_gut(canvas, patient, region, distance, wall_mm=2.6, content=content, gas=gas)


def add_stomach(canvas: Canvas, patient: PatientParameters) -> None:
    """The stomach: thick folded wall, fluid and food below, gas in front."""
    rng = stream(patient.seed, "stomach")
    size = patient.stomach_size
    region = canvas.region.crop((-125, -70, -60), (60, 105, 125))
    fundus = ellipsoid(region, (-58, 4, 60), (40 * size, 38 * size, 36))
    body = ellipsoid(region, (-52, 36, 26), (32 * size, 26 * size, 46), rotation(0.25, 0.2, 0.2))
    antrum, _ = tube(region, _path([(-46, 42, -2, 20 * size), (-14, 50, -14, 17 * size), (16, 47, -8, 14),
                                    (36, 40, -2, 11)]))  # fmt: skip
    shape = union(union(fundus, body, 30), antrum, 14)
    folds = smooth_field(region, 9, rng)
    shape = shape + 3 * smooth_field(region, 40, rng) + 0.8 * folds
    shape = np.maximum(shape, (region.z - 88) * np.float32(0.8))
    food = smooth_field(region, 7, rng)
    content = FLUID_HU + 14 * np.clip(food, 0, 3) * rng.uniform(0, 1.5)
    level = float(rng.uniform(24, 52))
    gas = level - region.y + 0 * shape
    wall = 4.5 + 1.2 * folds
    within = np.maximum(shape, canvas.cavity[region.slices] + 3)
    canvas.paint(region, within - 1.2, patient.fat_hu)
    canvas.paint(region, within, patient.tissue_hu("bowel wall"), LABELS["stomach"])
    canvas.paint(region, within + wall, content)
    canvas.paint(region, np.maximum(within + wall, gas), GAS_HU)
