"""How many tumours of each method look, in quantiles beside what is known of real ones."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np

from synthesis import Host, apply_recipe, sample_recipe
from synthesis.inspection.cases import Case
from synthesis.inspection.features import FEATURES, HOST_FEATURES, NothingAround, measure
from synthesis.organs import ORGANS, organ
from synthesis.phantom import PHASES, render_patient, sample_patient
from synthesis.phantom.lesion import organ_mask
from synthesis.registry import METHODS

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
DIAMETERS_MM = (8.0, 40.0)
SHAPE = (448, 448, 72)  # of the phantoms: voxels of some 0.8 x 0.8 x 3.4 mm
LEAST_CONTRAST_HU = 20.0  # from which an edge is seen in the noise: that of the real lesions whose edges are known
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
