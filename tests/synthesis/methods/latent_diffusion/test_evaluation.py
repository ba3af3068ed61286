import csv
import math

import numpy as np
import pytest

from synthesis import cli
from synthesis.methods.latent_diffusion import library
from synthesis.methods.latent_diffusion.evaluation import (
    Compared,
    autocorrelation,
    compare,
    copies,
    diversity,
    frechet_distance,
    two_sample_auc,
)
from synthesis.methods.latent_diffusion.model import load
from synthesis.methods.latent_diffusion.training.cases import TrainingCase

WHOLE = np.ones((24, 24, 24), dtype=bool)


def textured(seed, correlation=0.8):
    """A field whose neighbours along i are correlated by so much, and along j and k not at all."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((24, 24, 24))
    for i in range(1, 24):
        values[i] = correlation * values[i - 1] + math.sqrt(1 - correlation**2) * values[i]
    return values.astype(np.float32)


def test_autocorrelation_is_the_known_one_over_the_three_axes():
    assert autocorrelation(textured(1), WHOLE, 1) == pytest.approx(0.8 / 3, abs=0.03)
    assert autocorrelation(textured(1), WHOLE, 2) == pytest.approx(0.64 / 3, abs=0.03)
    assert math.isnan(autocorrelation(textured(1), np.zeros_like(WHOLE) | (np.indices(WHOLE.shape) == 0).all(0), 1))


def test_the_distance_of_features_is_that_of_normal_distributions():
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, (4000, 2)), rng.normal(0, 1, (4000, 2))
    assert frechet_distance(first, second) == pytest.approx(0, abs=0.06)
    assert frechet_distance(first, second + np.array([3, 4])) == pytest.approx(5, rel=0.03)
    assert frechet_distance(first, 2 * second) == pytest.approx(math.sqrt(2), rel=0.05)
    assert math.isnan(frechet_distance(first[:1], second))


def test_the_classifier_tells_what_differs_and_not_what_does_not():
    rng = np.random.default_rng(0)
    real, alike = rng.normal(0, 1, (60, 4)), rng.normal(0, 1, (120, 4))
    assert two_sample_auc(real, alike, 2) == pytest.approx(0.5, abs=0.12)
    assert two_sample_auc(real, alike + np.array([3, 0, 0, 0]), 2) > 0.95
    assert math.isnan(two_sample_auc(real[:3], alike[:6], 2))


def compared(samples):
    return Compared("x", samples[0], samples[0], samples, WHOLE, 0.0, [1.0] * len(samples))


def test_diversity_is_one_of_independent_samples_and_none_of_copies():
    assert diversity([compared([textured(1), textured(2)])]) == pytest.approx(1, abs=0.1)
    assert diversity([compared([textured(1), textured(1)])]) == 0
    assert math.isnan(diversity([compared([textured(1)])]))


@pytest.mark.parametrize("middle", [12, 3])
def test_a_tumor_is_compared_in_the_region_in_which_one_like_it_is_sampled(tiny_model, middle):
    """A ball of 10 mm: 2 mm of margin to the next multiple of 4 voxels of 2 mm, within the cube."""
    ball = np.square(np.indices(WHOLE.shape) - middle).sum(axis=0) < 2.6**2
    hu = textured(1) * 20
    case = TrainingCase("t", "t", "liver", hu.astype(np.int16), WHOLE, ball, 50.0)

    found = compare(load(library.find("tiny")), case, samples=1, seed=3)

    assert found.hu.shape == found.real.shape == found.samples[0].shape == (12, 12, 12)
    assert np.array_equal(found.hu[found.mask], case.hu[ball])


def test_samples_that_copy_a_training_tumor_are_found():
    level = 50.0
    known = [textured(seed) * 20 + level for seed in range(6)]
    cases = [TrainingCase("t", "t", "liver", hu.astype(np.int16), WHOLE, WHOLE, level) for hu in known]
    fresh = [
        Compared("x", hu, hu, [hu], WHOLE, level, [1.0]) for hu in (textured(s) * 20 + level for s in range(50, 70))
    ]
    mirrored = [np.flip(np.rot90(one), 2) for one in known]
    copied = [Compared("x", one.hu, one.hu, [mirrored[n % 6]], WHOLE, level, [1.0]) for n, one in enumerate(fresh)]

    assert copies(fresh, cases, (-175.0, 250.0))["copy_share"] == pytest.approx(0.05, abs=0.01)
    found = copies(copied, cases, (-175.0, 250.0))
    assert found["copy_share"] == 1
    assert found["copy_nearest_synthetic"] > 0.95 > found["copy_nearest_real"]


def test_the_command_writes_figures_tumors_and_a_picture(tiny_model, manifest, tmp_path, capsys):
    out = tmp_path / "evaluation"
    arguments = [
        "evaluate",
        "--model",
        "tiny",
        "--manifest",
        str(manifest),
        "--training",
        str(manifest),
        "--out",
        str(out),
    ]
    assert cli.main(arguments) == 0

    assert "reconstruction_error_hu: " in capsys.readouterr().out
    with (out / "figures.csv").open() as file:
        figures = {row["figure"]: float(row["value"]) for row in csv.DictReader(file)}
    assert figures["reconstruction_error_hu"] > 0
    assert 0 <= figures["accepted_share"] <= 1
    with (out / "tumors.csv").open() as file:
        assert [row["origin"] for row in csv.DictReader(file)] == ["real"] * 3 + ["synthetic"] * 6
    assert (out / "samples.png").read_bytes().startswith(b"\x89PNG")
    assert cli.main(arguments) == 2
    assert "is not an empty folder" in capsys.readouterr().err


def test_a_manifest_without_tumors_is_refused(tiny_model, manifest, tmp_path, capsys):
    lines = manifest.read_text(encoding="utf-8").splitlines()
    none = manifest.parent / "none.csv"
    none.write_text("\n".join([lines[0], lines[-1]]) + "\n", encoding="utf-8")
    assert cli.main(["evaluate", "--model", "tiny", "--manifest", str(none), "--out", str(tmp_path / "out")]) == 2
    assert "names no case with a tumour that can be used" in capsys.readouterr().err
