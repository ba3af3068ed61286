import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from synthesis import Recipe, apply_recipe, sample_recipe
from synthesis.host import Host
from synthesis.masks import axis_ratio, equivalent_diameter_mm
from synthesis.organs import LESION_FLOOR_HU
from synthesis.realism import band_correlation, compare_noise
from synthesis.volume import Volume
from tests.synthesis.conftest import build_host


def draw(host, diameter_mm, seed):
    return sample_recipe(host, method="hand-crafted", diameter_mm=diameter_mm, seed=seed)


def make(host, diameter_mm=16.0, seed=1, **parameters):
    recipe = draw(host, diameter_mm, seed)
    return apply_recipe(host, dataclasses.replace(recipe, parameters={**recipe.parameters, **parameters}))


PLAIN = {"core_contrast": 0.0, "lump_contrast": 0.0}


@settings(derandomize=True, max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**64 - 1),
    diameter_mm=st.floats(4.0, 30.0),
    spacing_mm=st.sampled_from([(1.5, 1.5, 2.0), (1.0, 1.0, 5.0), (3.0, 3.0, 3.0)]),
)
def test_any_tumour_has_its_size_its_place_and_its_shape(seed, diameter_mm, spacing_mm):
    extent_mm = 90.0
    host = build_host(shape=tuple(round(extent_mm / s) for s in spacing_mm), spacing_mm=spacing_mm)

    tumor = make(host, diameter_mm, seed)

    mask = tumor.full_mask(host.ct.shape)
    assert equivalent_diameter_mm(mask, spacing_mm) == pytest.approx(diameter_mm, rel=0.15)
    assert not (mask & ~host.organ_mask).any()
    assert ndimage.label(mask)[1] == 1
    if mask.sum() >= 200:
        assert equivalent_diameter_mm(mask, spacing_mm) == pytest.approx(diameter_mm, rel=0.01)
        assert 1.1 < axis_ratio(mask, spacing_mm) < 2.2
    assert not (tumor.apply_to(host.ct).hu != host.ct.hu)[~host.organ_mask].any()


def test_flat_voxels_give_round_tumours():
    host = build_host(shape=(128, 128, 16), spacing_mm=(0.7, 0.7, 5.0))
    for seed in range(6):
        mask = make(host, 24.0, seed).mask
        extent_mm = [np.ptp(np.flatnonzero(mask.any(axis=others))) + 1 for others in ((1, 2), (0, 2), (0, 1))]
        extent_mm = np.array(extent_mm) * host.ct.spacing_mm
        assert extent_mm.max() / extent_mm.min() < 2.1


def test_a_tumour_cut_by_the_organs_border_keeps_its_volume(host):
    outside = ~host.organ_mask
    tumor = make(host, host.largest_diameter_mm * 0.95)
    touching = ndimage.binary_dilation(tumor.full_mask(host.ct.shape)) & outside

    assert touching.any()
    diameter = equivalent_diameter_mm(tumor.mask, host.ct.spacing_mm)
    assert diameter == pytest.approx(host.largest_diameter_mm * 0.95, rel=0.01)


def test_where_the_border_parts_the_shape_it_stays_one_piece():
    """A cleft beside the centre: what lies beyond it is given up, and the volume found on this side."""
    whole = build_host()
    recipe = draw(whole, 20.0, 4)
    i, j, k = recipe.parameters["center_voxel"]
    cleft = whole.organ_mask.copy()
    cleft[i + 3] = False
    host = Host(whole.ct, cleft, whole.organ)

    recipe = dataclasses.replace(recipe, organ_mask_hash=host.mask_hash)
    mask = apply_recipe(host, recipe).full_mask(host.ct.shape)

    assert mask[i, j, k]
    assert not mask[i + 3 :].any()
    assert ndimage.label(mask)[1] == 1
    assert equivalent_diameter_mm(mask, host.ct.spacing_mm) == pytest.approx(20.0, rel=0.01)


@pytest.mark.parametrize("contrast_hu", [20.0, 60.0])
def test_the_contrast_is_what_the_recipe_says(host, contrast_hu):
    tumor = make(host, 20.0, contrast_hu=contrast_hu, **PLAIN)
    core = ndimage.binary_erosion(tumor.mask, iterations=2)
    assert 110.0 - tumor.hu[core].mean() == pytest.approx(contrast_hu, abs=2.0)


def test_no_lesion_is_darker_than_plausible_tissue(host):
    tumor = make(host, 20.0, contrast_hu=500.0)
    core = ndimage.binary_erosion(tumor.mask, iterations=2)
    assert tumor.hu[core].mean() == pytest.approx(LESION_FLOOR_HU, abs=2.0)


def test_the_contrast_follows_an_unenhanced_host():
    host = build_host(organ_hu=50.0)
    contrasts = [draw(host, 12.0, seed).parameters["contrast_hu"] for seed in range(20)]
    assert min(contrasts) >= 10.0
    assert max(contrasts) <= 25.0


@pytest.mark.parametrize("noise_hu", [10.0, 25.0])
def test_the_scanners_noise_stays(noise_hu):
    host = build_host(shape=(72, 72, 48), noise_hu=noise_hu)
    for seed in range(6):
        tumor = make(host, 24.0, seed)

        sd_ratio, skew_difference = compare_noise(host.ct.hu[tumor.box], tumor.hu, tumor.mask)

        assert 0.9 < sd_ratio < 1.1
        assert abs(skew_difference) < 0.2


@pytest.mark.parametrize("sample_host", ["liver"], indirect=True)  # the others' own structure is no noise
def test_real_noise_stays(sample_host):
    for seed in range(4):
        tumor = make(sample_host, 36.0, seed)
        sd_ratio, skew_difference = compare_noise(sample_host.ct.hu[tumor.box], tumor.hu, tumor.mask)
        assert 0.9 < sd_ratio < 1.1
        assert abs(skew_difference) < 0.35  # the standard error of a skewness of some 400 voxels is 0.12


def test_a_vessel_does_not_shine_through():
    plain = build_host(shape=(72, 72, 48), spacing_mm=(1.0, 1.0, 1.5))
    recipe = draw(plain, 24.0, 2)
    _, j, k = recipe.parameters["center_voxel"]
    hu = plain.ct.hu.copy()
    hu[:, j - 2 : j + 3, k - 1 : k + 2] += np.int16(60) * plain.organ_mask[:, j - 2 : j + 3, k - 1 : k + 2]
    host = Host(Volume(hu, plain.ct.affine), plain.organ_mask, plain.organ)
    recipe = dataclasses.replace(recipe, host_hash=host.ct_hash)

    tumor = apply_recipe(host, recipe)

    core = ndimage.binary_erosion(tumor.mask, iterations=2)
    vessel = np.zeros(host.ct.shape, dtype=bool)
    vessel[:, j - 2 : j + 3, k - 1 : k + 2] = True
    inside = tumor.hu[core & vessel[tumor.box]].mean() - tumor.hu[core & ~vessel[tumor.box]].mean()
    assert abs(inside) < 0.2 * 60
    before = host.ct.hu[tumor.box]
    assert band_correlation(before, tumor.hu, core, host.ct.spacing_mm, (3, 6)) < 0.6
    assert band_correlation(before, tumor.hu, core, host.ct.spacing_mm, (0, 1.5)) > 0.6


@pytest.mark.parametrize("sigma_mm", [0.65, 1.5, 2.3])
def test_the_edge_is_as_wide_as_the_recipe_says(sigma_mm):
    """10 to 90 % of a Gaussian-blurred step is 2.563 standard deviations; a voxel adds its own extent."""
    host = build_host(shape=(96, 96, 96), spacing_mm=(0.7, 0.7, 0.7), noise_hu=0.01)
    ball = {
        "shape": {
            "semi_axes": (1.0, 1.0, 1.0),
            "rotation": (0.0, 0.0, 0.0, 1.0),
            "lobe_waves": (),
            "lobe_phases": (),
            "lobe_amplitudes": (),
        },
        "center_voxel": (48, 48, 48),
        "center_shift": (0.0, 0.0, 0.0),
        "edge_sigma_mm": (sigma_mm, sigma_mm),
        "contrast_hu": 60.0,
        **PLAIN,
    }
    tumor = make(host, 24.0, **ball)

    center = np.subtract((48, 48, 48), tumor.origin)
    profile = (110.0 - tumor.hu[center[0] : center[0] + 30, center[1], center[2]]) / 60.0
    distance = np.arange(len(profile)) * 0.7
    inside, outside = (np.interp(-level, -profile, distance) for level in (0.9, 0.1))
    assert outside - inside == pytest.approx(2.563 * math.hypot(sigma_mm, 0.7 / math.sqrt(12)), rel=0.1)
    assert np.interp(-0.5, -profile, distance) == pytest.approx(12.0, abs=0.3)


def test_edge_widths_vary_round_the_contour_within_those_of_real_lesions(host):
    for seed in range(20):
        low, high = draw(host, 15.0, seed).parameters["edge_sigma_mm"]
        assert 0.65 <= low <= high <= 2.3


def test_the_recipe_is_plain_json(host):
    recipe = draw(host, 15.0, 1)
    text = json.dumps(recipe.parameters)
    assert apply_recipe(host, Recipe.from_json(recipe.to_json())).recipe.parameters == json.loads(text)
