import dataclasses
import math

import numpy as np
import pytest
from scipy import ndimage

from synthesis.inspection.features import FEATURES, HOST_FEATURES, NothingAround, measure, profile_distances_mm
from synthesis.volume import Volume
from tests.synthesis.inspection.conftest import build_case


def figures(**options):
    return measure(build_case(**options)).features


@pytest.mark.parametrize("contrast_hu", [25.0, 60.0, -40.0])
def test_the_contrast_is_that_below_the_surroundings(contrast_hu):
    assert figures(contrast_hu=contrast_hu)["contrast_hu"] == pytest.approx(contrast_hu, abs=3)


@pytest.mark.parametrize("sigma_mm", [0.8, 1.3, 2.0])
def test_the_edge_takes_2_56_standard_deviations_from_10_to_90_per_cent(sigma_mm):
    assert figures(sigma_mm=sigma_mm, noise_hu=3.0)["edge_mm"] == pytest.approx(2.563 * sigma_mm, rel=0.15)


def test_a_mask_drawn_too_wide_is_seen_by_the_half_contrast():
    case = build_case(radius_mm=9.0, noise_hu=3.0)
    wide = dataclasses.replace(case, mask=ndimage.distance_transform_edt(~case.mask) <= 2.0)

    measured = measure(wide).features

    assert measured["diameter_mm"] == pytest.approx(22.0, abs=0.8)
    assert measured["half_contrast_mm"] == pytest.approx(18.0, abs=0.8)


def test_a_tumour_without_contrast_has_no_edge():
    measured = figures(contrast_hu=0.0)
    assert math.isnan(measured["edge_mm"])
    assert math.isnan(measured["half_contrast_mm"])


@pytest.mark.parametrize("noise_factor", [0.5, 1.0, 1.5])
def test_noise_inside_over_around(noise_factor):
    assert figures(noise_factor=noise_factor)["noise_sd_ratio"] == pytest.approx(noise_factor, rel=0.1)


def test_dark_specks_skew_the_noise():
    case = build_case()
    hu = case.ct.hu.copy()
    hu[case.mask & (np.random.default_rng(1).random(hu.shape) < 0.03)] -= 60
    speckled = dataclasses.replace(case, ct=Volume(hu, case.ct.affine))

    assert abs(measure(case).features["noise_skew_difference"]) < 0.2
    assert measure(speckled).features["noise_skew_difference"] < -1


def test_smoothed_noise_is_coarser():
    case = build_case(radius_mm=12.0)
    smooth = np.where(case.mask, ndimage.gaussian_filter(case.ct.hu, (1, 1, 0)), case.ct.hu)
    painted = dataclasses.replace(case, ct=Volume(smooth, case.ct.affine))

    assert measure(case).features["noise_tilt"] == pytest.approx(1.0, abs=0.35)
    assert measure(painted).features["noise_tilt"] > 2


def test_a_tumour_too_small_for_a_spectrum_has_none():
    measured = measure(build_case(radius_mm=3.0))
    assert measured.spectra is None
    assert math.isnan(measured.features["noise_tilt"])


def test_rounding_to_fours_leaves_steps_in_the_histogram():
    case = build_case()
    stepped = np.where(case.mask, case.ct.hu // 4 * 4, case.ct.hu).astype(np.int16)
    assert measure(case).features["histogram_steps"] == 0
    stepped_case = dataclasses.replace(case, ct=Volume(stepped, case.ct.affine))
    assert measure(stepped_case).features["histogram_steps"] > 0.5


def test_elongation_and_sphericity():
    ball, long = figures(radius_mm=8.0), figures(radius_mm=8.0, elongation=1.8)
    assert ball["axis_ratio"] == pytest.approx(1.0, abs=0.05)
    assert long["axis_ratio"] == pytest.approx(1.8, rel=0.05)
    assert long["sphericity"] < ball["sphericity"] - 0.02


def test_every_figure_is_defined_and_every_defined_one_measured():
    alone, with_host = figures(), figures(with_host=True)
    assert set(alone) == set(FEATURES)
    assert set(with_host) <= set(FEATURES) | set(HOST_FEATURES)
    assert {"host_sd_ratio", "host_skew_difference", "ghost_3_6"} <= set(with_host)


def test_the_host_shines_through_a_contrast_that_is_only_subtracted():
    measured = figures(with_host=True, radius_mm=12.0, noise_hu=15.0)
    assert measured["ghost_0_1.5"] > 0.95
    assert measured["ghost_3_6"] > 0.5  # a tumour that keeps all of its host: what the engines must not do
    assert measured["host_sd_ratio"] == pytest.approx(1.0, abs=0.02)


def test_a_host_that_is_gone_does_not_shine_through():
    before, after = (build_case(with_host=True, radius_mm=12.0, seed=seed) for seed in (0, 1))
    measured = measure(dataclasses.replace(after, host=before.host)).features
    assert abs(measured["ghost_0_1.5"]) < 0.1
    assert abs(measured["ghost_3_6"]) < 0.3


def test_the_profile_falls_from_one_to_none():
    measured = measure(build_case(noise_hu=3.0))
    distances = profile_distances_mm()
    assert np.nanmean(measured.profile[distances < -5]) == pytest.approx(1.0, abs=0.05)
    assert np.nanmean(measured.profile[distances > 5]) == pytest.approx(0.0, abs=0.05)


def test_a_tumour_in_air_is_refused_by_name():
    case = build_case(name="left/0003")
    air = np.where(case.mask, case.ct.hu, -1000).astype(np.int16)
    with pytest.raises(NothingAround, match="left/0003: there is no soft tissue around"):
        measure(dataclasses.replace(case, ct=Volume(air, case.ct.affine)))
