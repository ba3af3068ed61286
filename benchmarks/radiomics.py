"""Time the radiomics experiment on 300 tumours, and compare its features with the same library's own extractor.

    python -m benchmarks.radiomics                # 300 tumours, two processes; some three minutes
    python -m benchmarks.radiomics --tumors 30    # a quick look

Tumours are balls of 5 to 20 mm in noise, cut out of CTs of 0.8 x 0.8 x 2.5 mm; reading files is not counted.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is imported: tumours are measured side by side

import argparse
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import SimpleITK
from radiomics.featureextractor import RadiomicsFeatureExtractor
from scipy import ndimage

from readerstudy.analysis.radiomics.experiment import run_experiment
from synthesis.masks import Spacing
from synthesis.radiomics.dictionary import CLASSES
from synthesis.radiomics.extraction import extract
from synthesis.radiomics.region import tumor_region
from synthesis.radiomics.settings import Settings
from synthesis.radiomics.table import row

SPACING_MM: Spacing = (0.8, 0.8, 2.5)
ORGANS = ("liver", "pancreas", "kidney")
SETTINGS = Settings()


def draw(seed: int) -> tuple[Any, Any]:
    """Return a CT of 128 x 128 x 48 voxels and a mask that is drawn 1.5 mm too wide."""
    rng = np.random.default_rng(seed)
    shape = (128, 128, 48)
    radius_mm = rng.uniform(2.5, 10.0)
    places = np.indices(shape) * np.reshape(SPACING_MM, (3, 1, 1, 1))
    middle = np.reshape([(n - 1) / 2 * s for n, s in zip(shape, SPACING_MM, strict=True)], (3, 1, 1, 1))
    away = np.sqrt(((places - middle) ** 2).sum(axis=0))
    noise = ndimage.gaussian_filter(rng.standard_normal(shape), (0.7, 0.7, 0.4))
    hu = 110 - 50 / (1 + np.exp((away - radius_mm) / 0.8)) + 12 * noise / noise.std()
    return np.rint(hu).astype(np.int16), away <= radius_mm + 1.5


def measure(seed: int) -> tuple[dict[str, Any], dict[str, float]]:
    """Return a tumour's row and the seconds that its parts took; drawing is not counted."""
    hu, mask = draw(seed)
    seconds: dict[str, float] = {}
    started = time.perf_counter()
    region = tumor_region(hu, mask, SPACING_MM, cube_mm=SETTINGS.spacing_mm)
    seconds["edge, resampling"] = time.perf_counter() - started
    for name in CLASSES:
        started = time.perf_counter()
        extract(region, SETTINGS, classes=(name,))
        seconds[name] = time.perf_counter() - started
    started = time.perf_counter()
    cells = row(region, extract(region, SETTINGS))
    seconds["all classes"] = time.perf_counter() - started
    organ = ORGANS[seed % 3]
    described = {"case_id": f"t{seed}", "patient_id": f"p{seed}", "organ": organ, "origin": "real", "generator": ""}
    return {**described, **cells}, seconds


def timed(seed: int, *, own: bool) -> float:
    """Return the seconds that a tumour takes, by this project's way or by the library's extractor on the same mask."""
    hu, mask = draw(seed)
    if own:
        started = time.perf_counter()
        region = tumor_region(hu, mask, SPACING_MM, cube_mm=SETTINGS.spacing_mm)
        row(region, extract(region, SETTINGS))
        return time.perf_counter() - started
    image, label = (SimpleITK.GetImageFromArray(array.T) for array in (hu, mask.astype(np.uint8)))
    for one in (image, label):
        one.SetSpacing(SPACING_MM)
    started = time.perf_counter()
    extractor = RadiomicsFeatureExtractor(
        binWidth=SETTINGS.bin_width_hu, resampledPixelSpacing=[SETTINGS.spacing_mm] * 3, interpolator="sitkLinear"
    )
    extractor.execute(image, label)
    return time.perf_counter() - started


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tumors", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args(arguments)
    logging.getLogger("radiomics").setLevel(logging.ERROR)
    seeds = range(options.tumors)
    side_by_side = _seconds(partial(timed, own=True), seeds, options.jobs)
    print(f"features of {options.tumors} tumours, {options.jobs} processes: {side_by_side:.1f} s (to be below 60)")
    theirs = [timed(seed, own=False) for seed in seeds[:: max(1, options.tumors // 60)]]
    alone = float(np.mean(theirs)) * options.tumors
    print(
        f"pyradiomics' own extractor, one process, no half-contrast edge: {alone:.1f} s ({len(theirs)} tumours timed)"
    )
    rows, seconds = zip(*(measure(seed) for seed in seeds), strict=True)
    for name, mean in pd.DataFrame(list(seconds)).mean().items():
        print(f"  {name}: {1000 * mean:.1f} ms a tumour, one process")
    started = time.perf_counter()
    found = run_experiment(pd.DataFrame(list(rows)))
    answer = found["questions"][0] if found["questions"] else None
    print(f"classifier and map: {time.perf_counter() - started:.1f} s, one process (to be below 60)")
    if answer:
        recall = answer["machines"]["tuned"]["test"]["macro_recall"]
        known = answer["machines"]["fixed"]["training"]["macro_recall"]
        print(f"organs drawn alike: test recall {recall:.3f}, p {answer['p_value']:.3f}; fixed C, training {known:.3f}")


def _seconds(work: Callable[[int], float], seeds: Sequence[int], jobs: int) -> float:
    """Return the seconds that tumours take side by side: what the processes worked, over their number."""
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        return sum(pool.map(work, seeds, chunksize=5)) / jobs


if __name__ == "__main__":
    main()
