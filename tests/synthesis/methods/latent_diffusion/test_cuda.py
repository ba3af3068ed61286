"""Training and sampling on a GPU: run where there is one, left out where there is none."""

import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from synthesis import apply_recipe, sample_recipe
from synthesis.methods.latent_diffusion import engine, library
from synthesis.methods.latent_diffusion.devices import NoDevice
from synthesis.recipe import Recipe
from tests.synthesis.conftest import build_host
from tests.synthesis.methods.latent_diffusion.test_training import (
    ROOT,
    assert_equal,
    assert_refused,
    call,
    killed_after_a_checkpoint,
    train,
    weights,
)

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")

STAGES = ("autoencoder", "diffusion", "filter")


@pytest.fixture
def small_memory():
    """Leave torch as little of the GPU's memory as it holds now, and a few megabytes."""
    torch.cuda.empty_cache()
    whole = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 4e6) / whole)
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)


def test_a_model_trained_on_cuda_makes_tumors_on_either_device(write_config, manifest, models, tmp_path):
    for stage in STAGES:
        assert train(stage, write_config(), manifest, tmp_path / "run", "--device", "cuda") == 0
    assert call("models", "import", tmp_path / "run" / "model") == 0
    for device in ("cuda", "cpu"):
        host = build_host()
        drawn = sample_recipe(host, method="latent-diffusion", diameter_mm=12.0, seed=5, model="tiny", device=device)
        assert drawn.parameters["device"] == device
        assert (apply_recipe(host, drawn).apply_to(host.ct).hu != host.ct.hu).any()


@pytest.mark.parametrize("stage", STAGES)
def test_going_on_on_cuda_gives_the_weights_of_a_training_that_was_not_interrupted(
    stage, write_config, manifest, tmp_path
):
    config, ran = write_config(steps=6), {}
    for name, first in (("whole", []), ("parted", ["--max-minutes", 1e-6])):
        out = ran[name] = tmp_path / name
        if stage == "diffusion":
            assert train("autoencoder", config, manifest, out) == 0
        assert train(stage, config, manifest, out, "--device", "cuda", *first) == 0
    assert train(stage, config, manifest, ran["parted"], "--device", "cuda", "--resume") == 0
    assert_equal(weights(ran["whole"], stage), weights(ran["parted"], stage))


@pytest.mark.crash
def test_kill_9_on_cuda_loses_nothing_beyond_the_last_checkpoint(write_config, manifest, tmp_path):
    config, out, whole = write_config(steps=3000, every=3), tmp_path / "run", tmp_path / "whole"
    command = [sys.executable, "-m", "synthesis", "train", "autoencoder", config, "--manifest", manifest, "--out", out]
    reached = killed_after_a_checkpoint([*command, "--device", "cuda"], out, os.environ)
    assert 0 < reached < 3000
    assert (
        train("autoencoder", write_config(steps=reached + 3, every=3), manifest, out, "--device", "cuda", "--resume")
        == 0
    )
    assert train("autoencoder", write_config(steps=reached + 3, every=3), manifest, whole, "--device", "cuda") == 0
    assert_equal(weights(out), weights(whole))


def test_a_seed_gives_the_same_bits_on_cuda_and_nearly_those_of_the_processor(host, tiny_model):
    drawn = sample_recipe(host, method="latent-diffusion", diameter_mm=12.0, seed=5, model="tiny", device="cuda")
    first = apply_recipe(host, drawn)
    engine._sampled_once.cache_clear()
    again = apply_recipe(build_host(), Recipe.from_json(drawn.to_json()))
    assert np.array_equal(first.hu, again.hu)

    there = sample_recipe(host, method="latent-diffusion", diameter_mm=12.0, seed=5, model="tiny", device="cpu")
    other = apply_recipe(host, there)
    assert np.abs(first.hu.astype(int) - other.hu).max() <= 1


def test_a_gpu_whose_memory_is_too_small_to_train_is_said_and_a_smaller_batch_goes_on(
    write_config, manifest, tmp_path, capsys, small_memory
):
    """16 patches of 16³ voxels do not fit; two do."""
    out = tmp_path / "run"
    assert train("autoencoder", write_config(batch=512), manifest, out, "--device", "cuda") == 2
    assert_refused(capsys, "The GPU's memory is too small for 512 patches of 8³ voxels at a time; lower autoencoder.")
    assert train("autoencoder", write_config(batch=2), manifest, out, "--device", "cuda", "--resume") == 0


def test_a_gpu_whose_memory_is_too_small_to_sample_is_said(tiny_model, small_memory):
    host = build_host(shape=(160, 160, 80), spacing_mm=(1.0, 1.0, 2.0))
    with pytest.raises(NoDevice, match="make it on the processor"):
        sample_recipe(host, method="latent-diffusion", diameter_mm=60.0, seed=5, model="tiny", device="cuda")


def test_a_forked_worker_uses_the_gpu(host, tiny_model, tmp_path):
    """Celery's workers are forked from a process that has imported all of this."""
    code = """
import os, sys
from synthesis import sample_recipe
from tests.synthesis.conftest import build_host
host = build_host()
child = os.fork()
if child == 0:
    drawn = sample_recipe(host, method="latent-diffusion", diameter_mm=12.0, seed=5, model="tiny", device="auto")
    os._exit(0 if drawn.parameters["device"] == "cuda" else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    environment = {**os.environ, "SYNTHESIS_MODELS": str(library.own_folder())}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
