"""What goes wrong in a training, and that nothing beyond the last checkpoint is lost; with tiny networks."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from synthesis import cli
from synthesis.methods.latent_diffusion import library
from synthesis.methods.latent_diffusion.training.autoencoder import AutoencoderTask
from synthesis.methods.latent_diffusion.training.checkpoint import load_tensors
from tests.synthesis.methods.latent_diffusion.conftest import config_text

ROOT = Path(__file__).parents[4]


def call(*arguments) -> int:
    return cli.main([str(argument) for argument in arguments])


def train(stage, config, manifest, out, *more) -> int:
    return call("train", stage, config, "--manifest", manifest, "--out", out, *more)


def weights(out, stage="autoencoder", file="checkpoint.safetensors"):
    return load_tensors(out / stage / file)[0]


def killed_after_a_checkpoint(command, out, environment) -> int:
    """Start a training of the autoencoder, kill it soon after a checkpoint; return the step of the last one."""
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    checkpoint = out / "autoencoder" / "checkpoint.safetensors"
    while not checkpoint.exists():
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(0.2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    return int(load_tensors(checkpoint)[1]["progress"]["step"])


def assert_equal(first, second):
    assert first.keys() == second.keys()
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


def assert_refused(capsys, cause):
    captured = capsys.readouterr()
    assert captured.out == ""
    last = captured.err.splitlines()[-1]
    assert last.startswith("error: ")
    assert cause in last


def test_three_stages_make_a_model_that_makes_a_tumor(write_config, manifest, models, tmp_path, files, capsys):
    config, out = write_config(), tmp_path / "run"
    for stage in ("autoencoder", "diffusion", "filter"):
        assert train(stage, config, manifest, out) == 0
        assert (out / stage / "samples.png").read_bytes().startswith(b"\x89PNG")
        with (out / stage / "losses.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert [row["step"] for row in rows] == ["2", "4"]
        assert all(float(row["loss"]) > 0 and float(row["held_out"]) >= 0 for row in rows)
    assert "the model is in" in capsys.readouterr().out

    assert call("models", "import", out / "model") == 0
    stored = library.find("tiny")
    assert stored.config.training["tumors"] == 2
    assert stored.config.training["held_out_patients"] == 1
    assert 0.2 <= stored.config.texture_gain <= 2
    assert f"texture is scaled by {stored.config.texture_gain:g}." in (stored.folder / library.CARD).read_text()
    assert "CC0-1.0" in (stored.folder / library.CARD).read_text()
    made = ["--ct", files / "ct.nii.gz", "--organ-mask", files / "mask.nii.gz", "--diameter-mm", 10, 10]
    assert (
        call(
            "generate",
            "--method",
            "latent-diffusion",
            "--organ",
            "liver",
            "--model",
            "tiny",
            *made,
            "--out",
            tmp_path / "t",
        )
        == 0
    )
    assert (tmp_path / "t" / "0000" / "recipe.json").is_file()


def test_going_on_gives_the_weights_of_a_training_that_was_not_interrupted(write_config, manifest, tmp_path, capsys):
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    assert train("autoencoder", write_config(steps=6), manifest, whole) == 0

    assert train("autoencoder", write_config(steps=6), manifest, parted, "--max-minutes", 1e-6) == 0
    assert "out of time; go on with --resume" in capsys.readouterr().out
    assert load_tensors(parted / "autoencoder" / "checkpoint.safetensors")[1]["progress"]["step"] == 1
    assert train("autoencoder", write_config(steps=6), manifest, parted, "--resume") == 0

    assert_equal(weights(whole), weights(parted))
    assert_equal(weights(whole, file="best.safetensors"), weights(parted, file="best.safetensors"))


@pytest.mark.crash
def test_kill_9_loses_nothing_beyond_the_last_checkpoint(write_config, manifest, tmp_path):
    config = write_config(steps=60, every=3)
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    command = [sys.executable, "-m", "synthesis", "train", "autoencoder", config, "--manifest", manifest, "--out"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    assert 0 < killed_after_a_checkpoint([*command, killed], killed, environment) < 60

    for out, more in ((killed, ["--resume"]), (whole, [])):
        subprocess.run([*command, out, *more], cwd=ROOT, env=environment, check=True, capture_output=True)

    assert_equal(weights(killed), weights(whole))
    assert_equal(weights(killed, file="best.safetensors"), weights(whole, file="best.safetensors"))


def test_a_full_disk_is_said_and_the_last_checkpoint_is_kept(write_config, manifest, tmp_path, capsys):
    out = tmp_path / "run"
    assert train("autoencoder", write_config(), manifest, out, "--max-minutes", 1e-6) == 0
    before = (out / "autoencoder" / "checkpoint.safetensors").read_bytes()
    capsys.readouterr()
    (out / "autoencoder" / ".checkpoint.safetensors.partial").symlink_to("/dev/full")  # every write: no space left

    assert train("autoencoder", write_config(), manifest, out, "--resume") == 2

    assert_refused(capsys, "could not be written (No space left on device), the one before it is kept")
    assert (out / "autoencoder" / "checkpoint.safetensors").read_bytes() == before
    assert train("autoencoder", write_config(), manifest, out, "--resume") == 0


@pytest.mark.parametrize("every", [50, 3])  # a look at once after the step that went wrong would keep its weights
def test_a_loss_that_is_no_number_stops_the_training_and_keeps_the_checkpoint(
    write_config, manifest, tmp_path, capsys, every
):
    out = tmp_path / "run"
    assert train("autoencoder", write_config(steps=2), manifest, out) == 0
    capsys.readouterr()
    assert train("autoencoder", write_config(steps=40, every=every, rate=1e30), manifest, out, "--resume") == 2
    assert_refused(capsys, "the checkpoint of step 2 is kept: lower learning_rate and go on with --resume")
    assert all(one.isfinite().all() for one in weights(out).values())
    assert train("autoencoder", write_config(steps=6, rate=1e-4), manifest, out, "--resume") == 0
    assert "trained, after 6 steps" in capsys.readouterr().out


def test_a_corrupt_case_is_left_out_by_name(write_config, manifest, tmp_path, capsys):
    folder = tmp_path / "cases"
    folder.mkdir()
    for path in manifest.parent.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    broken = folder / "1_ct.nii.gz"
    broken.write_bytes(broken.read_bytes()[:3000])

    assert train("autoencoder", write_config(), folder / manifest.name, tmp_path / "run", "--json") == 0

    captured = capsys.readouterr()
    assert "warning: case-1 is left out: 1_ct.nii.gz" in captured.err
    assert '"left_out": ["case-1"]' in captured.out


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_cuda_that_is_not_there_is_said(write_config, manifest, tmp_path, capsys):
    assert train("autoencoder", write_config(), manifest, tmp_path / "run", "--device", "cuda") == 2
    assert_refused(capsys, "torch finds no CUDA device here; leave out --device cuda")
    assert not (tmp_path / "run").exists()


def test_too_little_memory_is_said_with_what_to_change(write_config, manifest, tmp_path, capsys, monkeypatch):
    """Where there is no GPU (`test_cuda.py` has one), torch's own error is raised in its place."""

    def loss(_self, _rng):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    config, out = write_config(steps=2), tmp_path / "run"
    assert train("autoencoder", config, manifest, out) == 0
    capsys.readouterr()
    with monkeypatch.context() as patched:
        patched.setattr(AutoencoderTask, "loss", loss)
        assert train("autoencoder", write_config(steps=4), manifest, out, "--resume") == 2
    assert_refused(capsys, "small for 2 patches of 8³ voxels at a time; lower autoencoder.training.batch and raise acc")
    assert train("autoencoder", write_config(steps=4, batch=1), manifest, out, "--resume") == 0
    assert "trained, after 4 steps" in capsys.readouterr().out


def test_what_is_there_already_is_not_overwritten(write_config, manifest, tmp_path, capsys):
    config, out = write_config(), tmp_path / "run"
    assert train("autoencoder", config, manifest, out) == 0
    capsys.readouterr()
    assert train("autoencoder", config, manifest, out) == 2
    assert_refused(capsys, "holds a training already; go on with --resume, or name another folder")
    assert train("autoencoder", write_config(noise_hu=5.0), manifest, out, "--resume") == 2
    assert_refused(capsys, "was made with another config, other cases or another autoencoder")
    assert train("diffusion", config, manifest, tmp_path / "other") == 2
    assert_refused(capsys, "train the autoencoder first")


def test_a_damaged_checkpoint_is_said(write_config, manifest, tmp_path, capsys):
    out = tmp_path / "run"
    assert train("autoencoder", write_config(), manifest, out) == 0
    capsys.readouterr()
    path = out / "autoencoder" / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:500])
    assert train("autoencoder", write_config(), manifest, out, "--resume") == 2
    assert_refused(capsys, "is no whole checkpoint")


def test_training_stops_early_when_held_out_cases_improve_no_more(write_config, manifest, tmp_path, capsys):
    config = write_config(steps=400, every=1, rate=1e-12, patience=3)
    assert train("autoencoder", config, manifest, tmp_path / "run") == 0
    assert "stopped, as held-out cases improved no more" in capsys.readouterr().out
    before = weights(tmp_path / "run")
    assert train("autoencoder", config, manifest, tmp_path / "run", "--resume") == 0
    assert_equal(before, weights(tmp_path / "run"))


def test_what_was_changed_on_the_way_stands_in_the_model(write_config, manifest, tmp_path, models):
    out = tmp_path / "run"
    assert train("autoencoder", write_config(steps=2), manifest, out) == 0
    for stage in ("autoencoder", "diffusion", "filter"):
        assert train(stage, write_config(steps=4, rate=5e-4), manifest, out, "--resume") == 0
    found = library.read_stored(out / "model").config.training["changed"]
    assert list(found) == ["autoencoder"]
    assert [(one["from_step"], one["learning_rate"]) for one in found["autoencoder"]] == [(0, 1e-3), (2, 5e-4)]


def test_stages_that_do_not_belong_together_make_no_model(write_config, manifest, tmp_path, capsys):
    config, out = write_config(), tmp_path / "run"
    for stage in ("autoencoder", "diffusion"):
        assert train(stage, config, manifest, out) == 0
    assert train("autoencoder", write_config(steps=8), manifest, out, "--resume") == 0
    capsys.readouterr()

    assert train("diffusion", config, manifest, out, "--resume") == 2
    assert_refused(capsys, "was made with another config, other cases or another autoencoder")
    assert train("filter", config, manifest, out) == 2
    assert_refused(capsys, f"{out / 'diffusion'} was trained with another config, other cases or another autoencoder")
    assert not (out / "model").exists()
    assert train("diffusion", write_config(noise_hu=5.0), manifest, tmp_path / "run", "--resume") == 2
    assert_refused(capsys, f"{out / 'autoencoder'} was trained with another config")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("name = ", "is no TOML"),
        (config_text() + "more = 1\n", "filter.training.more: Extra inputs are not permitted"),
        (config_text().replace("patch_voxels = 8", "patch_voxels = 10"), "must be a multiple of 4"),
        (
            config_text().replace("steps = 4", 'steps = "many"'),
            "autoencoder.training.steps: Input should be a valid integer",
        ),
    ],
)
def test_a_config_that_cant_be_used_is_refused(tmp_path, manifest, capsys, text, cause):
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    assert train("autoencoder", tmp_path / "config.toml", manifest, tmp_path / "run") == 2
    assert_refused(capsys, cause)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("case_id\nx\n", "has no column ct"),
        ("case_id,ct\n", "has no rows"),
        ("case_id,ct\nx,nowhere.nii.gz\n", "names no case with a tumour that can be used (x: "),
        ("case_id,ct,tumor_mask,tumor_label\nx,a.nii.gz,b.nii.gz,one\n", "names no case with a tumour"),
    ],
)
def test_a_manifest_that_cant_be_used_is_refused(write_config, tmp_path, capsys, text, cause):
    path = tmp_path / "cases.csv"
    path.write_text(text, encoding="utf-8")
    assert train("autoencoder", write_config(), path, tmp_path / "run") == 2
    assert_refused(capsys, cause)


def test_one_tumor_is_enough_to_train_on(write_config, manifest, tmp_path):
    lines = manifest.read_text(encoding="utf-8").splitlines()
    alone = manifest.parent / "alone.csv"
    alone.write_text("\n".join(lines[:2]) + "\n", encoding="utf-8")
    for stage in ("autoencoder", "diffusion", "filter"):
        assert train(stage, write_config(), alone, tmp_path / "run") == 0


@pytest.mark.crash
def test_two_processes_train_and_stop_together(write_config, manifest, tmp_path):
    """Also when they go on with what had stopped early: one that stopped alone would leave the other waiting."""
    config, out = write_config(steps=400, every=1, rate=1e-12, patience=3), tmp_path / "run"
    command = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc-per-node",
        "2",
        "-m",
        "synthesis",
    ]
    for more in ([], ["--resume"]):
        done = subprocess.run(
            [*command, "train", "autoencoder", config, "--manifest", manifest, "--out", out, *more],
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("stopped, as held-out cases improved no more") == 1
    assert 3 < load_tensors(out / "autoencoder" / "checkpoint.safetensors")[1]["progress"]["step"] < 400
