"""Time the hand-crafted engine, beside a calibration that carries the figures to another machine.

    python benchmarks/hand_crafted.py

The host is a 256 x 256 x 128 volume at 1 mm with an ellipsoid liver of 1.2 million voxels at 110 +/- 10 HU,
2.2 % of it vessels.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from statistics import median

import numpy as np
from scipy import ndimage

from synthesis import Host, Volume, apply_recipe, sample_recipe
from synthesis.methods import hand_crafted
from synthesis.organs import organ

SHAPE = (256, 256, 128)
RADII_MM = (4, 8, 16, 32)
REPEATS = 7


def build_host() -> Host:
    """Build the reference volume."""
    rng = np.random.default_rng(1)
    place = (np.indices(SHAPE, dtype=np.float32).T - np.array(SHAPE) / 2).T
    liver = sum((place[axis] / semi) ** 2 for axis, semi in enumerate((75.0, 75.0, 51.0))) < 1
    smooth = ndimage.gaussian_filter(rng.standard_normal(SHAPE, dtype=np.float32), 2.0)
    vessels = smooth > np.quantile(smooth[liver], 1 - 0.022)
    hu = np.where(liver, 110 + 60 * vessels, -100) + 10 * rng.standard_normal(SHAPE, dtype=np.float32)
    return Host(Volume(np.rint(hu).astype(np.int16), np.eye(4)), np.asarray(liver), organ("liver"))


def milliseconds(action: Callable[[], object]) -> float:
    """Return the median duration of an action over some repeats."""
    durations = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        action()
        durations.append(1000 * (time.perf_counter() - start))
    return median(durations)


def main() -> None:
    """Print every figure in ms, and as a share of the calibration."""
    image = np.random.default_rng(0).standard_normal(SHAPE, dtype=np.float32)
    unit = milliseconds(partial(ndimage.gaussian_filter, image, 3.0))
    print(f"calibration: gaussian_filter, sigma 3, of {SHAPE} float32: {unit:.0f} ms")

    tracemalloc.start()
    start = time.perf_counter()
    hand_crafted.smooth_tile()
    setup = 1000 * (time.perf_counter() - start)
    print(f"set-up: {setup:.1f} ms, {tracemalloc.get_traced_memory()[1] / 1e6:.1f} MB at its peak")
    tracemalloc.stop()

    host = build_host()
    start = time.perf_counter()
    sample_recipe(host, method="hand-crafted", diameter_mm=8.0, seed=0)
    print(f"first recipe of a host, with placement: {1000 * (time.perf_counter() - start):.0f} ms")
    for radius_mm in RADII_MM:
        recipe = sample_recipe(host, method="hand-crafted", diameter_mm=2.0 * radius_mm, seed=1)
        duration = milliseconds(partial(apply_recipe, host, recipe))
        print(f"tumour of radius {radius_mm:2d} mm: {duration:6.1f} ms = {duration / unit:.4f} calibrations")


if __name__ == "__main__":
    main()
