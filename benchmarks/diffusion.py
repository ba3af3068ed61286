"""Time latent diffusion beside the published generator, and compare its samples with tumours of a known texture law.

    python -m benchmarks.diffusion                  # time and memory of one early tumour, by threads
    python -m benchmarks.diffusion --texture 40     # instead, of so many phantom tumours, statistics beside samples'
                                   --first 1000     # of other patients
                                   --model NAME     # by another model than the starter model

The published figure (8.2 s and 4.1 GB for one crop of 96³ at T = 4) was measured on two shared cores where four steps
of a small U-Net (12³, one thread) took 0.29 s; it is carried to this machine by the time which such steps take here.

The texture law is the phantom's (`synthesis.phantom.lesion`). Each phantom patient is imaged twice: with its own
lesion, the reference, and without, as a host that the model puts a tumour of the same size into. The patients are none
of those that the starter model was trained on.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "2")

import argparse
import math
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from monai.networks.nets.diffusion_model_unet import DiffusionModelUNet

from benchmarks.synthesis import build_host
from synthesis import Host, apply_recipe, sample_recipe
from synthesis.masks import Mask, eroded
from synthesis.methods.latent_diffusion import devices
from synthesis.methods.latent_diffusion.engine import AllRejected
from synthesis.methods.latent_diffusion.evaluation import autocorrelation, two_sample_auc
from synthesis.methods.latent_diffusion.library import STARTER, find
from synthesis.methods.latent_diffusion.model import load
from synthesis.methods.latent_diffusion.region import Region
from synthesis.organs import organ
from synthesis.phantom import ORGAN_LABELS, LesionFitError, render_patient, sample_lesion, sample_patient
from synthesis.volume import Volume

PUBLISHED_S, PUBLISHED_MB = 8.2, 4100.0
SMALL_STEPS_S = 0.29  # four steps of a small U-Net at 12³, where the published code was measured
GOAL_S, GOAL_MB = 0.8, 1000.0
DIAMETERS_MM = (8.0, 14.0, 20.0)
REPEATS = 7
LAGS_MM = (3.0, 6.0)
CORE_MM = 3  # from the mask inwards: within, neither arm's edge (10 to 90 % over some 3 mm, half of it inside) reaches


def small_steps_s() -> float:
    """Return the time of four steps of a small U-Net at 12³, on one thread."""
    network = DiffusionModelUNet(
        spatial_dims=3,
        in_channels=17,
        out_channels=8,
        channels=(32, 64, 128),
        num_res_blocks=1,
        attention_levels=(False, False, True),
        num_head_channels=32,
        norm_num_groups=16,
    )
    x, t = torch.randn(1, 17, 12, 12, 12), torch.tensor([500.0])
    durations = []
    with torch.inference_mode():
        for _ in range(REPEATS):
            start = time.perf_counter()
            for _ in range(4):
                network(x, timesteps=t)
            durations.append(time.perf_counter() - start)
    return min(durations)


def memory_mb(field: str) -> float:
    """Return what the system says of this process's memory: ``VmRSS`` now, ``VmHWM`` at most."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{field}:"):
            return float(line.split()[1]) / 1024
    return math.nan


def print_speed() -> None:
    """Print time and memory of one tumour, by diameter and threads."""
    torch.set_num_threads(1)
    carried = small_steps_s() / SMALL_STEPS_S
    host = build_host()
    stored = find(STARTER)
    load(stored)
    for _ in (host.noise, host.overview, host.phase, host.point_spread_mm, host.ct_hash, host.mask_hash):
        pass
    idle = memory_mb("VmRSS")
    print(f"four steps of a small U-Net: {1000 * carried * SMALL_STEPS_S:.0f} ms; {1000 * SMALL_STEPS_S:.0f} ms there")
    print(f"published, carried: {PUBLISHED_S * carried:.2f} s for a crop of 96³, {PUBLISHED_MB:.0f} MB\n")
    print(
        "| diameter | threads | ours | goal | published, carried | ratio |\n| ---: | ---: | ---: | ---: | ---: | ---: |"
    )
    for diameter in DIAMETERS_MM:
        for count in (1, 2):
            seconds = _tumor_s(host, diameter, count)
            print(
                f"| {diameter:g} mm | {count} | {seconds:.2f} s | {GOAL_S} s | {PUBLISHED_S * carried:.1f} s "
                f"| {PUBLISHED_S * carried / seconds:.0f} |"
            )
    print(f"\nmemory over the idle process, model loaded: {memory_mb('VmHWM') - idle:.0f} MB (goal {GOAL_MB:.0f})")


def _tumor_s(host: Host, diameter_mm: float, threads: int) -> float:
    """Return the shortest time of one tumour, from its place to its voxels, with rejected samples among it."""
    devices.THREADS = threads
    durations = []
    for seed in range(REPEATS):
        start = time.perf_counter()
        recipe = sample_recipe(host, method="latent-diffusion", diameter_mm=diameter_mm, seed=seed)
        apply_recipe(host, recipe)
        durations.append((time.perf_counter() - start) / (1 + recipe.parameters["rejected"]))
    return float(np.median(durations))


class Texture(NamedTuple):
    """A tumour's statistics in its core, on a grid of 1 mm: HU and correlations."""

    contrast_hu: float
    sd_hu: float
    short: float
    long: float


class Imaged(NamedTuple):
    """A phantom patient: as a host, and the size and the statistics of its own lesion."""

    host: Host
    diameter_mm: float
    lesion: Texture


def imaged(seed: int) -> Imaged | None:
    """Render a patient with its lesion and without; None where the liver is too small for it."""
    rng = np.random.default_rng([seed, 77])
    patient = sample_patient(rng, phase="portal")
    try:
        lesion = sample_lesion(patient, organ="liver", diameter_mm=(12.0, 20.0), rng=rng)
    except LesionFitError:
        return None
    with_lesion, without = render_patient(patient, lesion=lesion), render_patient(patient)
    host = Host(without.ct, np.isin(without.labels, ORGAN_LABELS["liver"]), organ("liver"))
    return Imaged(host, lesion.diameter_mm, _texture(with_lesion.ct, with_lesion.tumor_mask, host))


def sampled(patient: Imaged, seed: int, model: str) -> tuple[Texture, int]:
    """Put a model's tumour into a patient; return its statistics and how many samples were rejected for it."""
    host = patient.host
    recipe = sample_recipe(
        host, method="latent-diffusion", diameter_mm=patient.diameter_mm, seed=seed, model=model, device="cpu"
    )
    made = apply_recipe(host, recipe)
    return _texture(made.apply_to(host.ct), made.full_mask(host.ct.shape), host), recipe.parameters["rejected"]


def _pair(seed: int, model: str) -> tuple[Texture, Texture, int] | None:
    """Return a lesion's texture, a sample's and its rejected samples; None where either arm has none."""
    patient = imaged(seed)
    try:
        return (patient.lesion, *sampled(patient, seed, model)) if patient else None
    except AllRejected as error:
        print(f"patient {seed}: {error}")
        return None


def print_texture(count: int, first: int, model: str) -> None:
    """Print the texture of phantom lesions beside that of samples in the same patients."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        pairs = [pair for pair in pool.map(partial(_pair, model=model), range(first, first + count)) if pair]
    if not pairs:
        raise SystemExit("No patient has both a lesion and a sample; ask for more.")
    reference, samples, rejected = zip(*pairs, strict=True)
    _print_statistics(np.array(reference), np.array(samples), sum(rejected))


def _print_statistics(reference: np.ndarray, samples: np.ndarray, rejected: int) -> None:
    print(f"\n{len(samples)} tumours of each; {rejected} samples rejected by the filter")
    print(
        "\n| mean ± SD | phantom lesions | samples | samples' / lesions' | difference ± standard error |\n"
        "| --- | ---: | ---: | ---: | ---: |"
    )
    for column, name in enumerate(Texture._fields):
        first, second = (float(np.nanmean(values[:, column])) for values in (reference, samples))
        spread = [float(np.nanstd(values[:, column])) for values in (reference, samples)]
        differences = samples[:, column] - reference[:, column]
        error = float(np.nanstd(differences, ddof=1)) / math.sqrt(max(np.isfinite(differences).sum(), 1))
        print(
            f"| {name} | {first:.2f} ± {spread[0]:.2f} | {second:.2f} ± {spread[1]:.2f} | {second / first:.2f} "
            f"| {second - first:+.2f} ± {error:.2f} |"
        )
    print(f"\ntwo-sample classifier on these four: AUC {two_sample_auc(reference, samples, 1):.2f} (goal 0.75 at most)")


def _texture(ct: Volume, tumor: Mask, host: Host) -> Texture:
    """Measure a tumour in its core, where neither its edge nor the difference of two outlines counts."""
    middle = [float(at.mean()) for at in np.nonzero(tumor)]
    region = Region((middle[0], middle[1], middle[2]), (40, 40, 40), 1.0, ct.spacing_mm)
    hu = region.gathered(ct.hu)
    core = eroded(region.gathered(tumor) >= 0.5, iterations=CORE_MM)
    values = hu[core]
    short, long = (autocorrelation(hu, core, round(lag)) for lag in LAGS_MM)
    return Texture(host.parenchyma_hu - float(values.mean()), float(values.std()), short, long)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texture", type=int, default=0, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="with --texture: of the first patient")
    parser.add_argument("--model", default=STARTER, metavar="NAME", help="with --texture")
    options = parser.parse_args()
    if options.texture:
        print_texture(options.texture, options.first, options.model)
    else:
        print_speed()
