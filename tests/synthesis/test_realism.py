import numpy as np
import pytest
from scipy import ndimage

from synthesis.realism import band_correlation, band_sd_ratio, compare_noise

SPACING = (0.8, 0.8, 1.0)
SHAPE = (48, 48, 24)
MASK = np.zeros(SHAPE, dtype=bool)
MASK[8:40, 8:40, 4:20] = True
RNG = np.random.default_rng(11)
NOISE = RNG.standard_normal(SHAPE) * 12
ANATOMY = ndimage.gaussian_filter(RNG.standard_normal(SHAPE), 2.2) * 400


def test_a_smooth_contrast_keeps_the_noise():
    darker = NOISE - 40 * ndimage.gaussian_filter(MASK.astype(float), 2.0)

    sd_ratio, skew_difference = compare_noise(NOISE, darker, MASK)

    assert sd_ratio == pytest.approx(1.0, abs=0.01)
    assert skew_difference == pytest.approx(0.0, abs=0.02)


def test_painted_voxels_lose_it():
    painted = np.where(MASK, ndimage.gaussian_filter(NOISE, 1.0), NOISE)
    assert compare_noise(NOISE, painted, MASK).sd_ratio < 0.5


def test_dark_specks_skew_it():
    speckled = NOISE - 60 * (np.random.default_rng(12).random(SHAPE) < 0.03)
    assert compare_noise(NOISE, speckled, MASK).skew_difference < -0.5


def test_a_tumour_too_small_to_erode_is_measured_whole():
    small = np.zeros(SHAPE, dtype=bool)
    small[10:13, 10:13, 10:13] = True
    outside = np.where(small, NOISE, 5 * NOISE)

    assert compare_noise(NOISE, NOISE, small) == (1.0, 0.0)
    assert compare_noise(NOISE, outside, small).sd_ratio > 1.0


def test_the_bands_tell_noise_from_anatomy():
    host = NOISE + ANATOMY
    without_anatomy = NOISE + np.roll(ANATOMY[::-1], 13, axis=1)

    assert band_correlation(host, without_anatomy, MASK, SPACING, (0, 1.5)) > 0.9
    assert abs(band_correlation(host, without_anatomy, MASK, SPACING, (3, 6))) < 0.3
    assert band_correlation(host, host + 5, MASK, SPACING, (3, 6)) == pytest.approx(1.0)


def test_the_sd_ratio_of_a_band():
    assert band_sd_ratio(NOISE, 2 * NOISE, MASK, SPACING, (1.5, 3)) == pytest.approx(2.0)
