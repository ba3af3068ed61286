"""Tiny networks and cases, so that a whole training takes a second."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from synthesis.io import write_nifti
from synthesis.methods.latent_diffusion import library
from synthesis.methods.latent_diffusion.model import write_model
from synthesis.methods.latent_diffusion.networks import (
    Autoencoder,
    AutoencoderSizes,
    DenoiserSizes,
    FilterSizes,
    build_denoiser,
    build_filter,
)
from tests.synthesis.conftest import build_host

STAGE = """
patch_voxels = 8
batch = {batch}
accumulate = 2
steps = {steps}
warm_up = 2
decay = 100
learning_rate = {rate}
weight_decay = 1e-4
ema = 0.9
check_every = {every}
checks = 3
patience = {patience}
"""


def config_text(
    *,
    steps: int = 4,
    every: int = 2,
    rate: float = 1e-3,
    patience: int = 0,
    batch: int = 2,
    noise_hu: float = 4.0,
    name: str = "tiny",
) -> str:
    stage = STAGE.format(steps=steps, every=every, rate=rate, patience=patience, batch=batch)
    return f"""
name = "{name}"
licence = "CC0-1.0"
seed = 3
[data]
voxel_mm = 2.0
window_hu = [-175.0, 250.0]
region_voxels = 16
regions_per_host = 2
held_out = 0.4
[augmentation]
shift_voxels = 1
mirror = true
level_hu = 4.0
noise_hu = {noise_hu}
contrast = 0.1
[autoencoder]
kl_weight = 1e-4
[autoencoder.network]
channels = [4, 8]
res_blocks = 1
latent_channels = 2
groups = 4
[autoencoder.training]{stage}
[diffusion]
views = 3
healthy_weight = 0.1
[diffusion.network]
channels = [8, 16]
res_blocks = 1
head_channels = 8
groups = 4
[diffusion.training]{stage}
[filter]
accepted_share = 0.0
[filter.network]
channels = [4, 8]
groups = 4
[filter.training]{stage}
"""


@pytest.fixture
def write_config(tmp_path):
    def write(**numbers) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(config_text(**numbers), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def manifest(tmp_path_factory) -> Path:
    """Four patients' CTs, three of them with a dark ball in the liver."""
    folder = tmp_path_factory.mktemp("cases")
    rows = []
    for number in range(4):
        host = build_host(shape=(40, 40, 30), organ_hu=100.0 + 5 * number)
        grid = np.indices(host.ct.shape) * np.reshape(host.ct.spacing_mm, (3, 1, 1, 1))
        middle = np.array([n * s / 2 for n, s in zip(host.ct.shape, host.ct.spacing_mm, strict=True)])
        ball = ((grid - middle.reshape(3, 1, 1, 1)) ** 2).sum(axis=0) < (6.0 + number) ** 2
        hu = host.ct.hu.copy()
        if number < 3:
            hu[ball] -= 40
            write_nifti(folder / f"{number}_tumor.nii.gz", ball.astype(np.uint8), host.ct.affine)
        write_nifti(folder / f"{number}_ct.nii.gz", hu, host.ct.affine)
        write_nifti(folder / f"{number}_organ.nii.gz", host.organ_mask.astype(np.uint8), host.ct.affine)
        rows.append(
            {
                "case_id": f"case-{number}",
                "patient_id": f"patient-{number}",
                "organ": "liver",
                "ct": f"{number}_ct.nii.gz",
                "organ_mask": f"{number}_organ.nii.gz",
                "tumor_mask": f"{number}_tumor.nii.gz" if number < 3 else "",
            }
        )
    path = folder / "manifest.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def models(tmp_path, monkeypatch) -> Path:
    """The folder of the user's own models, empty."""
    folder = tmp_path / "models"
    monkeypatch.setenv("SYNTHESIS_MODELS", str(folder))
    return folder


@pytest.fixture
def tiny_model(models) -> Path:
    """A model of tiny, untrained networks whose filter takes everything."""
    return make_tiny_model(models / "tiny")


def make_tiny_model(folder: Path, *, accepted_share: float = 0.0, texture_gain: float = 1.0, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    sizes = (
        AutoencoderSizes(channels=(4, 8), res_blocks=1, latent_channels=2, groups=4),
        DenoiserSizes(channels=(8, 16), res_blocks=1, head_channels=8, groups=4),
        FilterSizes(channels=(4, 8), groups=4),
    )
    networks = {
        "autoencoder": Autoencoder(sizes[0]),
        "denoiser": build_denoiser(sizes[1], latent_channels=2),
        "filter": build_filter(sizes[2]),
    }
    config = library.ModelConfig(
        format=library.FORMAT,
        name="tiny",
        voxel_mm=2.0,
        window_hu=(-175.0, 250.0),
        autoencoder=sizes[0].model_dump(mode="json"),
        denoiser=sizes[1].model_dump(mode="json"),
        filter=sizes[2].model_dump(mode="json"),
        patch_voxels=8,
        latent_mean=[0.0, 0.0],
        latent_sd=[1.0, 1.0],
        steps=2,
        texture_gain=texture_gain,
        called_from=0.5,
        accepted_share=accepted_share,
        organs=["liver"],
        training={},
        metrics={},
        licence="CC0-1.0",
        weights_sha256="",
    )
    write_model(folder, config, {name: network.state_dict() for name, network in networks.items()}, "# tiny\n")
    return folder
