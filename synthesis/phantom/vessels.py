"""Great vessels of the abdomen, and the two trees in the liver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthesis.phantom.canvas import LABELS, Canvas
from synthesis.phantom.geometry import Point, curve, path_region, smooth_field, stream, tube
from synthesis.phantom.organs import PANCREAS_COURSE, Shape
from synthesis.phantom.parameters import PatientParameters

Path = npt.NDArray[np.float64]

HILUM = (30.0, 12.0, 22.0)
CAVAL_CONFLUENCE = (20.0, -14.0, 84.0)


@dataclass(frozen=True)
class Displacement:
    """How a growing lesion pushes the vessels of its organ aside.

    Attributes
    ----------
    center : array [3], frame mm
    radius : float, frame mm
    share : float
        Part of the radius by which a point at the center moves; it fades to nothing at 1.8 radii.
    """

    center: npt.NDArray[np.float64]
    radius: float
    share: float

    def move(self, path: Path) -> Path:
        """The same vessel with the lesion there."""
        offset = path[:, :3] - self.center
        distance = np.linalg.norm(offset, axis=1, keepdims=True) + 1e-6
        fade = np.clip(1 - distance / (1.8 * self.radius), 0, None) ** 2
        moved = path.copy()
        moved[:, :3] += offset / distance * fade * self.share * self.radius
        return moved


def _draw(canvas: Canvas, path: Path, hu: float, *, label: int | None = 0, fat_hu: float | None = None) -> None:
    region = path_region(canvas.region, path)
    distance, _ = tube(region, path)
    if fat_hu is not None:
        canvas.paint(region, distance - 1, fat_hu)
    canvas.paint(region, distance, hu, label)


def add_great_vessels(canvas: Canvas, patient: PatientParameters, hila: dict[str, Point]) -> None:
    """Aorta with its branches, inferior vena cava, renal vessels, portal, splenic and mesenteric veins."""
    rng = stream(patient.seed, "great vessels")
    artery, vein = patient.tissue_hu("artery"), patient.tissue_hu("cava")
    portal = patient.tissue_hu("portal vein")
    sway = rng.normal(0, 2.5, size=4)
    aorta = curve(
        [(-12, -24, 170, 12), (-10 + sway[0], -15, 60, 10.5), (-9 + sway[1], -13, 0, 9.5),
         (-7 + sway[2], -14, -80, 8.5), (-6, -16, -170, 8)], 3.0,
    )  # fmt: skip
    cava = curve(
        [(20, -8, 120, 11), (*CAVAL_CONFLUENCE, 12), (21, -18, 40, 11), (19 + sway[3], -17, -10, 10.5),
         (18, -16, -90, 9.5), (16, -18, -170, 9)], 3.0,
    )  # fmt: skip
    _draw(canvas, cava, vein)
    for label, hilum in hila.items():
        start, level = (18.0, -16.0) if "right" in label else (-4.0, 0.0), hilum[2] + 6
        middle = ((start[0] + hilum[0]) / 2, (start[1] + hilum[1]) / 2 + 4, level)
        _draw(canvas, curve([(*start, level, 5), (*middle, 5), (*hilum, 4)], 1.5), vein)
        root = (-9.0, -14.0, hilum[2] + 12)
        behind = (middle[0], middle[1] - 9, level + 2)
        _draw(canvas, curve([(*root, 3.2), (*behind, 2.8), (hilum[0], hilum[1] - 3, hilum[2], 2.2)], 1.2), artery)
    _draw(canvas, aorta, artery, fat_hu=patient.fat_hu)
    if patient.pancreas_fat > 0.55:  # the older half has calcified plaques
        region = path_region(canvas.region, aorta)
        distance, _ = tube(region, aorta)
        plaque = smooth_field(region, 9, rng)
        canvas.paint(region, np.maximum(np.abs(distance + 0.6) - 1.1, (1.9 - plaque) * 3), 620.0)

    _draw(canvas, curve([(-9, -6, 6, 4), (-7, 8, 2, 3.8), (-6, 12, -30, 3.6), (-2, 22, -100, 3)], 1.5), artery)
    celiac = [(-9, -6, 22, 3.8), (-8, 8, 25, 3.4)]
    _draw(canvas, curve([*celiac, (12, 14, 22, 2.8), (*HILUM, 2.0)], 1.5), artery)
    _draw(canvas, curve([*celiac, (-36, 4, 26, 2.6), (-66, -14, 30, 2.4), (-84, -26, 36, 1.8)], 1.5), artery)

    confluence = (12.0, 14.0, -4.0)
    _draw(canvas, curve([(*confluence, 7), (20, 12, 10, 7), (*HILUM, 6.5)], 2.0), portal)
    behind_pancreas = [(x, y - 11, z + 2, 4.0) for x, y, z, _ in PANCREAS_COURSE[4:]]
    _draw(canvas, curve([(*confluence, 5), *behind_pancreas], 2.0), portal)
    _draw(canvas, curve([(*confluence, 6), (11, 18, -40, 5.5), (8, 26, -110, 4)], 2.0), portal)
    _add_mesentery(canvas, patient, rng)


def _add_mesentery(canvas: Canvas, patient: PatientParameters, rng: np.random.Generator) -> None:
    """Small arteries and veins that fan out in the mesenteric fat."""
    for n in range(26):
        z = rng.uniform(-125, -35)
        end = np.array([rng.uniform(-80, 70), rng.uniform(25, 62), z + rng.normal(-10, 16)])
        root = np.array([4.0, 20.0, z])
        middle = (root + end) / 2 + rng.normal(0, 7, size=3)
        hu = patient.tissue_hu("portal vein" if n % 2 else "artery")
        _draw(canvas, curve([(*root, 2.4), (*middle, 1.9), (*end, 1.3)], 1.2), hu, label=None)


def _grow_tree(
    root: Point, targets: npt.NDArray[np.float64], smallest: float, largest: float, rng: np.random.Generator
) -> list[Path]:
    """Vessels from a root to every target, each joining the tree where that is shortest from the root.

    Targets join in the order of their distance from the root; the cost of joining at a node is the new
    vessel's length plus a part of the node's own distance along the tree, which gives direct trunks and short
    twigs. Radii follow Murray's law (the cubes of the children's radii sum to the parent's cube), scaled to
    the largest at the root.
    """
    order = np.argsort(np.linalg.norm(targets - root, axis=1))
    nodes = np.vstack([root, targets[order]])
    parent = np.zeros(len(nodes), dtype=int)
    along = np.zeros(len(nodes))
    for n in range(1, len(nodes)):
        steps = np.linalg.norm(nodes[:n] - nodes[n], axis=1)
        parent[n] = int(np.argmin(steps + 0.55 * along[:n]))
        along[n] = along[parent[n]] + steps[parent[n]]
    flow = np.ones(len(nodes))
    for n in range(len(nodes) - 1, 0, -1):
        flow[parent[n]] += flow[n]
    radius = np.maximum(smallest, largest * np.cbrt(flow / flow[0]))
    paths = []
    for n in range(1, len(nodes)):
        a, b = nodes[parent[n]], nodes[n]
        bend = rng.normal(0, 0.09, size=3) * np.linalg.norm(b - a)
        start = min(radius[parent[n]], 1.25 * radius[n])
        paths.append(
            curve([(*a, start), (*((a + b) / 2 + bend), radius[n]), (*b, radius[n])], max(1.0, 0.6 * radius[n]))
        )
    return paths


def add_liver_vessels(
    canvas: Canvas, patient: PatientParameters, liver: Shape, displacement: Displacement | None
) -> None:
    """Portal tree from the hilum and hepatic veins from below the diaphragm, tapering into the liver."""
    rng = stream(patient.seed, "liver vessels")
    low, high = np.array([-80.0, -90.0, -80.0]), np.array([140.0, 110.0, 100.0])
    for name, root, count, largest in (
        ("hepatic vein", CAVAL_CONFLUENCE, 330, 6.5),
        ("portal vein", HILUM, 420, 7.0),
    ):
        tissue = patient.tissue_hu(name)
        points = rng.uniform(low, high, size=(count * 4, 3))
        inside = points[_sample(liver, points) < -5][:count]
        paths = _grow_tree(root, inside, 0.75, largest, rng)
        if displacement is not None:
            paths = [displacement.move(path) for path in paths]
        path = np.vstack(paths)
        distance, _ = tube(liver.region, path)
        canvas.paint(liver.region, np.maximum(distance, liver.distance + 2), tissue, LABELS["liver"])


def _sample(shape: Shape, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """The signed distance at the voxels nearest to some points."""
    index = [np.clip(np.searchsorted(axis, points[:, n]), 0, axis.size - 1) for n, axis in enumerate(shape.region.axes)]
    return np.asarray(shape.distance[index[0], index[1], index[2]])
