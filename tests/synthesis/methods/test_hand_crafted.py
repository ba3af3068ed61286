import dataclasses
import json
import math

import numpy as np
import pytest
from scipy import ndimage

from synthesis import Recipe, apply_recipe, sample_recipe
from synthesis.host import Host
from synthesis.masks import equivalent_diameter_mm
from synthesis.methods.hand_crafted import NoTumors
from synthesis.organs import LESION_FLOOR_HU
from synthesis.placement import NoRoom
from synthesis.realism import band_correlation, compare_noise
from synthesis.volume import Volume
from tests.synthesis.conftest import build_host


def draw(host, diameter_mm, seed):
    return sample_recipe(host, method="hand-crafted", diameter_mm=diameter_mm, seed=seed)


def changed(recipe, **numbers):
    """Return a recipe of one tumour with other numbers."""
    (focus,) = recipe.parameters["lesions"]
    return dataclasses.replace(recipe, parameters={"lesions": [{**focus, **numbers}]})


def make(host, diameter_mm=16.0, seed=1, **numbers):
    return apply_recipe(host, changed(draw(host, diameter_mm, seed), **numbers))


def focus_of(host, diameter_mm, seed):
    return draw(host, diameter_mm, seed).parameters["lesions"][0]


BALL = {
    "semi_axes": (1.0, 1.0, 1.0),
    "rotation": (0.0, 0.0, 0.0, 1.0),
    "lobe_waves": (),
    "lobe_phases": (),
    "lobe_amplitudes": (),
}
PLAIN = {"core_hu": 0.0, "lump_hu": 0.0, "capsule_hu": 0.0, "push": 0.0}


def test_flat_voxels_give_round_tumours():
    host = build_host(shape=(128, 128, 16), spacing_mm=(0.7, 0.7, 5.0))
    for seed in range(6):
        mask = make(host, 24.0, seed).mask
        extent_mm = [np.ptp(np.flatnonzero(mask.any(axis=others))) + 1 for others in ((1, 2), (0, 2), (0, 1))]
        extent_mm = np.array(extent_mm) * host.ct.spacing_mm
        assert extent_mm.max() / extent_mm.min() < 2.1


def test_the_organs_border_cuts_a_tumour(host):
    organ = host.organ_mask
    i, j, k = host.box[0].start + 4, host.ct.shape[1] // 2, host.ct.shape[2] // 2
    ball = {"shape": BALL, "center_voxel": (i, j, k), "center_shift": (0.0, 0.0, 0.0)}
    mask = make(host, 20.0, **ball).full_mask(host.ct.shape)

    place = np.subtract(np.indices(host.ct.shape).T, (i, j, k)).T * np.reshape(host.ct.spacing_mm, (3, 1, 1, 1))
    whole = np.sqrt((place**2).sum(axis=0)) <= 10.0
    assert 0.4 < (whole & organ).sum() / whole.sum() < 0.9
    assert (mask ^ (whole & organ)).sum() < 0.05 * whole.sum()


def test_where_the_border_parts_the_shape_it_stays_one_piece():
    """A cleft beside the centre: what lies beyond it is given up, and nothing shows there."""
    whole = build_host()
    recipe = draw(whole, 20.0, 4)
    i, j, k = recipe.parameters["lesions"][0]["center_voxel"]
    cleft = whole.organ_mask.copy()
    cleft[i + 3] = False
    host = Host(whole.ct, cleft, whole.organ)

    tumor = apply_recipe(host, dataclasses.replace(recipe, organ_mask_hash=host.mask_hash))

    mask = tumor.full_mask(host.ct.shape)
    assert mask[i, j, k]
    assert ndimage.label(mask)[1] == 1
    assert not mask[i + 3 :].any()
    beyond = (tumor.apply_to(host.ct).hu != host.ct.hu)[i + 4 :]
    assert beyond.sum() < 0.05 * mask.sum()


@pytest.mark.parametrize("contrast_hu", [20.0, 60.0])
def test_the_contrast_is_what_the_recipe_says(host, contrast_hu):
    tumor = make(host, 20.0, contrast_hu=contrast_hu, **PLAIN)
    core = ndimage.binary_erosion(tumor.mask, iterations=2)
    assert 110.0 - tumor.hu[core].mean() == pytest.approx(contrast_hu, abs=3.0)


def test_no_lesion_is_darker_than_plausible_tissue(host):
    tumor = make(host, 20.0, contrast_hu=500.0, **PLAIN)
    core = ndimage.binary_erosion(tumor.mask, iterations=2)
    assert tumor.hu[core].mean() == pytest.approx(LESION_FLOOR_HU, abs=2.5)


def test_the_contrast_follows_an_unenhanced_host():
    host = build_host(organ_hu=50.0)
    contrasts = [focus_of(host, 12.0, seed)["contrast_hu"] for seed in range(20)]
    assert host.phase == "none"
    assert min(contrasts) >= 8.0
    assert max(contrasts) <= 25.0


@pytest.mark.parametrize("noise_hu", [10.0, 25.0])
def test_the_scanners_noise_stays(noise_hu):
    host = build_host(shape=(72, 72, 48), noise_hu=noise_hu)
    tumors = [make(host, 24.0, seed) for seed in range(8)]

    compared = np.array([compare_noise(host.ct.hu[tumor.box], tumor.hu, tumor.mask) for tumor in tumors])

    assert (np.abs(compared[:, 0] - 1) < 0.1).all()
    assert (np.abs(compared[:, 1]) < 0.3).all()  # the standard error of some 600 voxels' skewness is 0.1
    assert np.median(np.abs(compared[:, 1])) < 0.2


@pytest.mark.parametrize("sample_host", ["liver"], indirect=True)  # the others' own structure is no noise
def test_real_noise_stays(sample_host):
    for seed in range(4):
        tumor = make(sample_host, 36.0, seed)
        sd_ratio, skew_difference = compare_noise(sample_host.ct.hu[tumor.box], tumor.hu, tumor.mask)
        assert 0.9 < sd_ratio < 1.1
        assert abs(skew_difference) < 0.35  # the standard error of a skewness of some 400 voxels is 0.12


def test_a_vessel_does_not_shine_through():
    plain = build_host(shape=(72, 72, 48), spacing_mm=(1.0, 1.0, 1.5))
    recipe = changed(draw(plain, 24.0, 2), **PLAIN)
    _, j, k = recipe.parameters["lesions"][0]["center_voxel"]
    vessel = np.zeros(plain.ct.shape, dtype=bool)
    vessel[:, j - 2 : j + 3, k - 1 : k + 2] = True
    hu = plain.ct.hu + np.int16(60) * (vessel & plain.organ_mask)
    host = Host(Volume(hu, plain.ct.affine), plain.organ_mask, plain.organ)

    tumor = apply_recipe(host, dataclasses.replace(recipe, host_hash=host.ct_hash))

    core = ndimage.binary_erosion(tumor.mask, iterations=2)
    inside = tumor.hu[core & vessel[tumor.box]].mean() - tumor.hu[core & ~vessel[tumor.box]].mean()
    assert abs(inside) < 0.1 * 60
    before = host.ct.hu[tumor.box]
    assert band_correlation(before, tumor.hu, core, host.ct.spacing_mm, (3, 6)) < 0.3


def test_noise_stays_and_anatomy_goes():
    host = build_host(shape=(72, 72, 48), spacing_mm=(1.0, 1.0, 1.5))
    fine, coarse = [], []
    for seed in range(6):
        tumor = make(host, 22.0, seed, center_voxel=(36, 36, 24))
        core = ndimage.binary_erosion(tumor.mask, iterations=2)
        sizes = [(0, 1.5), (3, 6)]
        before = host.ct.hu[tumor.box]
        correlations = [band_correlation(before, tumor.hu, core, host.ct.spacing_mm, size) for size in sizes]
        fine.append(correlations[0])
        coarse.append(correlations[1])
    assert np.median(fine) > 0.7
    assert np.median(coarse) < 0.25


@pytest.mark.parametrize("sigma_mm", [0.65, 1.5, 2.3])
def test_the_edge_is_as_wide_as_the_recipe_says(sigma_mm):
    """10 to 90 % of a Gaussian-blurred step is 2.563 standard deviations; a voxel adds its own extent."""
    host = build_host(shape=(96, 96, 96), spacing_mm=(0.7, 0.7, 0.7), noise_hu=0.01)
    ball = {
        "shape": BALL,
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


@pytest.mark.parametrize("diameter_mm", [5.0, 9.0, 15.0, 30.0])
def test_edges_are_as_wide_as_those_of_real_lesions(host, diameter_mm):
    """10 to 90 %: 1.7 mm in a lesion of 9 mm, mostly 2.9 to 3.7 mm, at most 5.9 mm."""
    sigmas = np.array([focus_of(host, diameter_mm, seed)["edge_sigma_mm"] for seed in range(40)])
    assert (sigmas[:, 0] <= sigmas[:, 1]).all()
    assert sigmas.min() >= max(0.6, host.point_spread_mm)
    assert sigmas.max() <= 2.3
    usual = {5.0: (1.5, 2.2), 9.0: (1.6, 2.4), 15.0: (2.4, 3.2), 30.0: (2.9, 3.7)}[diameter_mm]
    assert usual[0] < 2.563 * np.median(sigmas) < usual[1]


def test_a_large_tumour_pushes_vessels_aside_and_leaves_the_noise():
    plain = build_host(shape=(96, 96, 60), spacing_mm=(1.0, 1.0, 1.0), noise_hu=6.0)
    quiet = {**PLAIN, "shape": BALL, "center_voxel": (48, 48, 30), "center_shift": (0.0, 0.0, 0.0)}
    recipe = changed(draw(plain, 30.0, 1), **{**quiet, "contrast_hu": 40.0, "edge_sigma_mm": (0.7, 0.7)})
    hu = plain.ct.hu.copy()
    hu[65:67] += np.int16(80)  # a sheet 2 to 4 mm outside the surface
    host = Host(Volume(hu, plain.ct.affine), plain.organ_mask, plain.organ)
    recipe = dataclasses.replace(recipe, host_hash=host.ct_hash)

    still, pushed = (
        apply_recipe(host, changed(recipe, push=push)).apply_to(host.ct).hu[:, 44:53, 26:35].mean(axis=(1, 2))
        for push in (0.0, 3.0)
    )

    centers = [np.average(np.arange(64, 74), weights=profile[64:74] - 110.0) for profile in (still, pushed)]
    assert 0.1 < centers[1] - centers[0] < 3.0


@pytest.mark.parametrize("capsule_hu", [12.0, 25.0])
def test_a_capsule_is_a_bright_rim(capsule_hu):
    host = build_host(shape=(64, 64, 48), spacing_mm=(1.0, 1.0, 1.0), noise_hu=0.01)
    ball = {"shape": BALL, "center_voxel": (32, 32, 24), "edge_sigma_mm": (1.0, 1.0), "contrast_hu": 5.0}
    rim, bare = (make(host, 22.0, **{**PLAIN, **ball, "capsule_hu": hu}) for hu in (capsule_hu, 0.0))

    difference = rim.hu.astype(float) - bare.hu
    core = ndimage.binary_erosion(rim.mask, iterations=4)
    assert difference.max() == pytest.approx(capsule_hu, abs=2.0)
    assert np.abs(difference[core]).max() <= 2.0


def test_capsules_are_those_of_large_liver_carcinomas_in_late_phases():
    host = build_host()
    assert host.phase in ("portal", "delayed")
    foci = [focus_of(host, diameter_mm, seed) for diameter_mm in (10.0, 26.0) for seed in range(30)]
    encapsulated = [focus for focus in foci if focus["capsule_hu"]]
    assert 4 <= len(encapsulated) <= 15
    assert all(focus["kind"] == "carcinoma" and focus["diameter_mm"] == 26.0 for focus in encapsulated)
    assert all(10.0 <= focus["capsule_hu"] <= 25.0 for focus in encapsulated)


def test_several_tumours_lie_apart_and_the_first_is_the_largest(host):
    recipe = sample_recipe(host, method="hand-crafted", diameter_mm=12.0, seed=3, lesions=4)
    tumor = apply_recipe(host, recipe)

    labels, count = ndimage.label(tumor.full_mask(host.ct.shape))
    diameters = [equivalent_diameter_mm(labels == n, host.ct.spacing_mm) for n in range(1, count + 1)]
    asked = [focus["diameter_mm"] for focus in recipe.parameters["lesions"]]
    assert count == 4
    assert asked == sorted(asked, reverse=True)
    assert sorted(diameters, reverse=True) == pytest.approx(asked, rel=0.2)
    assert asked[0] == 12.0
    assert len({focus["kind"] for focus in recipe.parameters["lesions"]}) == 1
    assert not (tumor.apply_to(host.ct).hu != host.ct.hu)[~host.organ_mask].any()


def test_more_tumours_than_there_is_room_for_are_refused(host):
    with pytest.raises(NoRoom, match="no room for another tumour"):
        sample_recipe(host, method="hand-crafted", diameter_mm=host.largest_diameter_mm, seed=1, lesions=50)


def test_no_tumours_are_refused(host):
    with pytest.raises(NoTumors, match="ask for one or more"):
        sample_recipe(host, method="hand-crafted", diameter_mm=10.0, seed=1, lesions=0)


def test_tumours_grow_into_fat_only_where_asked_for_and_into_nothing_else():
    host = build_host(name="kidney", organ_hu=170.0)
    fat = (host.ct.hu > -160) & (host.ct.hu < 0) & ~host.organ_mask
    for seed in range(8):
        recipe = sample_recipe(host, method="hand-crafted", diameter_mm=18.0, seed=seed, into_fat=True)
        tumor = apply_recipe(host, recipe)
        mask = tumor.full_mask(host.ct.shape)
        outside = mask & ~host.organ_mask
        touched = (tumor.apply_to(host.ct).hu != host.ct.hu) & ~host.organ_mask

        assert 0.05 < outside.sum() / mask.sum() < 0.8
        assert (host.ct.hu[outside] > -200).all()
        assert (touched & ~ndimage.binary_dilation(fat)).sum() == 0
        assert np.median(tumor.apply_to(host.ct).hu[outside]) > 0
        kept = apply_recipe(host, changed(recipe, into_fat=False))
        assert not (kept.full_mask(host.ct.shape) & ~host.organ_mask).any()


def test_the_recipe_is_plain_json(host):
    recipe = draw(host, 15.0, 1)
    text = json.dumps(recipe.parameters)
    assert apply_recipe(host, Recipe.from_json(recipe.to_json())).recipe.parameters == json.loads(text)
