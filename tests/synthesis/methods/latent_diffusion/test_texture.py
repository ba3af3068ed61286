import math

import numpy as np
import pytest
from scipy import ndimage

from synthesis.methods.latent_diffusion import library
from synthesis.methods.latent_diffusion.evaluation import compare
from synthesis.methods.latent_diffusion.model import load
from synthesis.methods.latent_diffusion.texture import texture_variance, tissue_variance, with_texture
from synthesis.methods.latent_diffusion.training.calibration import LIMITS, calibrate
from synthesis.methods.latent_diffusion.training.cases import TrainingCase

VOXEL_MM = 2.0
BALL = np.square(np.indices((24, 24, 24)) - 11.5).sum(axis=0) < 8.0**2
DEEP = ndimage.distance_transform_edt(BALL)


def textured(sd, seed=0):
    """A ball 40 HU below 100, of this much texture, with a sharp edge."""
    noise = np.random.default_rng(seed).standard_normal(BALL.shape)
    return (100.0 - 40 * BALL + sd * noise).astype(np.float32)


def case(sd, organ_sd, mask=BALL):
    """A tumour that varies by so much in an organ that does by so much."""
    hu = np.rint(np.where(mask, textured(sd), textured(organ_sd))).astype(np.int16)
    return TrainingCase("t", "t", "liver", hu, np.ones_like(mask), mask, 100.0)


def test_the_core_varies_by_the_gain_and_keeps_its_mean():
    found = with_texture(textured(10), BALL, 0.4, voxel_mm=VOXEL_MM)
    core = DEEP > 2
    assert found[core].mean() == pytest.approx(60, abs=1)
    assert found[core].std() == pytest.approx(4, rel=0.05)
    assert texture_variance(found, BALL, voxel_mm=VOXEL_MM) == pytest.approx(16, rel=0.1)


def test_nothing_changes_outside_nor_with_a_gain_of_one():
    hu = textured(10)
    assert np.array_equal(with_texture(hu, BALL, 0.4, voxel_mm=VOXEL_MM)[~BALL], hu[~BALL])
    assert np.array_equal(with_texture(hu, BALL, 1.0, voxel_mm=VOXEL_MM), hu)


def test_the_rise_of_the_contrast_at_the_edge_is_no_texture():
    """A contrast that depends on the depth alone stays as it is."""
    hu = (100 - 20 * np.minimum(np.rint(DEEP), 2)).astype(np.float32)
    np.testing.assert_allclose(with_texture(hu, BALL, 0.2, voxel_mm=VOXEL_MM), hu, atol=1e-4)


def test_a_tumor_without_a_core_has_no_measured_texture():
    small = np.square(np.indices((24, 24, 24)) - 11.5).sum(axis=0) < 2.0**2
    assert texture_variance(textured(10), small, voxel_mm=VOXEL_MM) is None


def test_the_organ_around_varies_by_its_noise_whatever_the_vessels_and_the_tumor():
    hu = textured(10)
    hu[BALL] = 500
    hu[4, 4] = 250
    assert tissue_variance(hu, BALL, np.ones_like(BALL), voxel_mm=VOXEL_MM) == pytest.approx(100, rel=0.1)
    assert tissue_variance(hu, BALL, BALL, voxel_mm=VOXEL_MM) is None


def test_the_gain_is_what_tumors_vary_by_beyond_the_organ_over_what_samples_vary_by(tiny_model):
    model = load(library.find("tiny"))
    cases = [case(20.0, 8.0), case(20.0, 8.0)]
    found = calibrate(model, cases, seed=3)
    assert found.tumors_hu == pytest.approx(math.sqrt(20**2 - 8**2), rel=0.1)
    variances = [
        texture_variance(image, compared.mask, voxel_mm=VOXEL_MM)
        for number, one in enumerate(cases)
        for compared in [compare(model, one, samples=16, seed=3 + 1000 * number)]
        for image in compared.samples
    ]
    assert found.samples_hu == pytest.approx(math.sqrt(np.median(variances)))
    assert found.gain == pytest.approx(np.clip(found.tumors_hu / found.samples_hu, *LIMITS), abs=1e-3)


def test_tumors_as_even_as_their_organ_leave_the_least_gain(tiny_model):
    assert calibrate(load(library.find("tiny")), [case(5.0, 20.0)], seed=3).gain == LIMITS[0]


def test_tumors_too_small_to_have_a_core_are_not_calibrated_with(tiny_model):
    small = np.square(np.indices((24, 24, 24)) - 11.5).sum(axis=0) < 2.0**2
    assert calibrate(load(library.find("tiny")), [case(10.0, 8.0, small)], seed=3) is None
