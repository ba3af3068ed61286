"""How many tumours of each method look, beside what is known of real ones, and whether the noise is kept."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from synthesis import Host, apply_recipe, sample_recipe
from synthesis.errors import UnusableInput
from synthesis.inspection.cases import Case
from synthesis.inspection.features import FEATURES, HOST_FEATURES, NothingAround, measure
from synthesis.organs import ORGANS, organ
from synthesis.phantom import PHASES, render_patient, sample_patient
from synthesis.phantom.lesion import organ_mask
from synthesis.realism import compare_noise
from synthesis.registry import METHODS

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
DIAMETERS_MM = (8.0, 40.0)
SHAPE = (448, 448, 72)  # of the phantoms: voxels of some 0.8 x 0.8 x 3.4 mm
LEAST_CONTRAST_HU = 20.0  # from which an edge is seen in the noise: that of the real lesions whose edges are known
NOISE_DIAMETERS_MM = (10.0, 24.0)  # of the tumours whose noise is compared with the host's
SD_RATIO, SKEW_DIFFERENCE = (0.9, 1.1), 0.2
EDGE_FEATURES = ("edge_mm", "half_contrast_mm")


def print_statistics(count: int) -> None:
    """Make tumours of each method in phantoms of every phase, and print what they measure."""
    hosts = build_hosts()
    for method in METHODS:
        values = defaultdict(list)
        for number in range(count):
            host = hosts[number % len(hosts)]
            for name, value in measure_one(host, method, seed=number).items():
                values[name].append(value)
        print(f"\n{method}: {count} tumours of {DIAMETERS_MM[0]:.0f} to {DIAMETERS_MM[1]:.0f} mm in phantoms")
        print(f"{'':42s}" + "".join(f"{100 * q:7.0f} %" for q in QUANTILES) + "     of   real lesions")
        for name, feature in {**FEATURES, **HOST_FEATURES}.items():
            measured = [value for value in values[name] if math.isfinite(value)]
            if measured:
                row = "".join(f"{value:9.2f}" for value in np.quantile(measured, QUANTILES))
                print(f"{feature.name:42s}{row}{len(measured):6d}   {feature.real}")


def print_noise_kept(host: Host, methods: Sequence[str], seeds: Sequence[int]) -> None:
    """Make tumours of each method in a host, and print for how many the noise is kept within both limits."""
    largest = min(NOISE_DIAMETERS_MM[1], host.largest_diameter_mm)
    diameter_mm = (min(NOISE_DIAMETERS_MM[0], largest - 1), largest)
    spacing = " x ".join(f"{s:.2f}" for s in host.ct.spacing_mm)
    print(
        f"\n{host.organ.name}, {spacing} mm, {diameter_mm[0]:.0f} to {largest:.0f} mm, "
        f"{len(seeds)} tumours of each method"
    )
    for method in methods:
        compared = []
        for seed in seeds:
            try:
                tumor = apply_recipe(host, sample_recipe(host, method=method, diameter_mm=diameter_mm, seed=seed))
            except UnusableInput as error:
                print(f"{method} {seed}: {error}")
                continue
            compared.append(compare_noise(host.ct.hu, tumor.apply_to(host.ct).hu, tumor.full_mask(host.ct.shape)))
        if not compared:
            continue
        sd, skew = np.array(compared).T
        kept = (sd >= SD_RATIO[0]) & (sd <= SD_RATIO[1]) & (np.abs(skew) < SKEW_DIFFERENCE)
        print(
            f"{method:20s} SD ratio {_spread(sd)}   skew difference {_spread(skew)}   "
            f"both within the limits: {np.count_nonzero(kept)} of {len(kept)}"
        )


def _spread(values: npt.NDArray[np.float64]) -> str:
    low, median, high = np.quantile(values, (0.05, 0.5, 0.95))
    return f"{median:5.2f} ({low:5.2f} … {high:5.2f})"


def build_hosts() -> list[Host]:
    """Return the liver, pancreas and kidneys of a phantom patient in each contrast phase."""
    hosts = []
    for number, phase in enumerate(PHASES):
        phantom = render_patient(sample_patient(np.random.default_rng(300 + number), phase=phase, shape=SHAPE))
        hosts += [Host(phantom.ct, organ_mask(phantom.labels, name), organ(name)) for name in ORGANS]
    return hosts


def measure_one(host: Host, method: str, seed: int) -> dict[str, float]:
    """Make one tumour and measure it: its edge only where that is seen, nothing where no soft tissue lies around."""
    recipe = sample_recipe(host, method=method, diameter_mm=DIAMETERS_MM, seed=seed)
    tumor = apply_recipe(host, recipe)
    case = Case(f"{method} {seed}", tumor.apply_to(host.ct), tumor.full_mask(host.ct.shape), recipe, host.ct)
    try:
        features = measure(case).features
    except NothingAround:
        return {}
    seen = abs(features["contrast_hu"]) >= LEAST_CONTRAST_HU
    return {name: value for name, value in features.items() if seen or name not in EDGE_FEATURES}
