import dataclasses
import itertools
import json

import numpy as np
import pytest
from scipy import ndimage

from synthesis import Host, Recipe, Volume, apply_recipe, sample_recipe
from synthesis.errors import UnusableInput
from synthesis.masks import axis_ratio, equivalent_diameter_mm
from synthesis.methods import cellular_automaton
from synthesis.methods.automaton import BARRIER, FULL, WALL
from synthesis.methods.cell_grid import CellGrid
from synthesis.methods.cellular_automaton import Parameters
from synthesis.organs import LESION_FLOOR_HU
from synthesis.realism import compare_noise
from synthesis.recipe import InvalidRecipe
from tests.synthesis.conftest import build_host


def sample(host, *, diameter_mm=14.0, seed=1, **parameters):
    recipe = sample_recipe(host, method="cellular-automaton", diameter_mm=diameter_mm, seed=seed)
    return dataclasses.replace(recipe, parameters={**recipe.parameters, **parameters})


def make(host, **options):
    return apply_recipe(host, sample(host, **options))


def change_hu(host, tumor):
    return tumor.hu.astype(int) - host.ct.hu[tumor.box]


@pytest.mark.parametrize("diameter_mm", [6.0, 12.0, 24.0])
def test_has_the_asked_volume_as_one_piece_within_the_organ(host, diameter_mm):
    for seed in range(4):
        tumor = make(host, diameter_mm=diameter_mm, seed=seed)

        assert equivalent_diameter_mm(tumor.mask, host.ct.spacing_mm) == pytest.approx(diameter_mm, rel=0.03)
        assert ndimage.label(tumor.mask)[1] == 1
        assert not (tumor.mask & ~host.organ_mask[tumor.box]).any()
        assert not change_hu(host, tumor)[~host.organ_mask[tumor.box]].any()


def test_is_as_elongated_as_real_lesions(host):
    ratios = [axis_ratio(make(host, diameter_mm=16.0, seed=s).mask, host.ct.spacing_mm) for s in range(24)]
    assert 1.3 < np.median(ratios) < 1.6
    assert np.quantile(ratios, 0.9) < 2.0


def test_flat_voxels_give_no_flat_tumours():
    flat = build_host(shape=(90, 90, 22), spacing_mm=(0.9, 0.9, 5.0))
    extents = []
    for seed in range(6):
        where = np.argwhere(make(flat, diameter_mm=30.0, seed=seed).mask) * flat.ct.spacing_mm
        extents.append(np.ptp(where, axis=0) + flat.ct.spacing_mm)
    across, _, through = np.mean(extents, axis=0)
    assert through == pytest.approx(across, rel=0.3)


def test_the_mask_is_the_half_contrast_core(host):
    tumor = make(host, diameter_mm=24.0, contrast_hu=50.0, lump_hu=0.0, necrosis=False, push=0.0, capsule_hu=0.0)
    change = ndimage.gaussian_filter(change_hu(host, tumor).astype(float), 0.7)
    deep = ndimage.binary_erosion(tumor.mask, iterations=3)
    shell = tumor.mask ^ ndimage.binary_erosion(tumor.mask)
    assert change[deep].mean() == pytest.approx(-50, abs=5)
    assert -35 < change[shell].mean() < -20


@pytest.mark.parametrize("sigma_mm", [0.8, 1.4, 2.3])
def test_the_edge_is_as_wide_as_the_recipe_says(sigma_mm):
    """From 10 to 90 %, a step blurred with a standard deviation takes 2.563 of them."""
    depth = 20 - np.linalg.norm(np.indices((61, 61, 61)) - 30, axis=0)
    ramp = np.clip((depth / 2 + 0.5) * FULL, 0, FULL)  # over two cells, as a growing surface has it
    parameters = Parameters.of(sample(build_host(), edge_sigma_mm=(sigma_mm, sigma_mm), cell_mm=1.0))

    share = cellular_automaton._blurred_load(np.rint(ramp).astype(np.uint8), parameters, (0.01, 0.01, 0.01))

    line = share[30, 30, 30:]
    inner, outer = np.interp([0.9, 0.1], line[::-1], np.arange(30, -1, -1))[[0, 1]]
    assert outer - inner == pytest.approx(2.563 * sigma_mm, rel=0.12)


def test_the_edge_is_softer_on_one_side():
    state = np.where(np.linalg.norm(np.indices((61, 61, 61)) - 30, axis=0) < 20, FULL, 0).astype(np.uint8)
    options = {"edge_sigma_mm": (0.8, 2.0), "edge_direction": (0.0, 0.0, 1.0), "cell_mm": 1.0}
    share = cellular_automaton._blurred_load(state, Parameters.of(sample(build_host(), **options)), (0.01,) * 3)
    assert share[30, 30, 53] > 3 * share[30, 30, 7]


def test_the_scanners_noise_stays(host):
    """Nothing of the signature that painted voxels leave; the published automaton skews the noise by -1.1."""
    tumors = [make(host, diameter_mm=24.0, seed=seed) for seed in range(6)]
    compared = [compare_noise(host.ct.hu[tumor.box], tumor.hu, tumor.mask) for tumor in tumors]
    sd_ratio, skew_difference = np.mean(compared, axis=0)
    assert 0.9 <= sd_ratio <= 1.1
    assert abs(skew_difference) < 0.2


def test_tissue_levels_and_barriers_are_percentiles_of_the_hosts_own_ct(host):
    cells = CellGrid.around((28, 28, 20), cell_mm=1.0, spacing_mm=host.ct.spacing_mm, reach=12)
    shifted = Host(Volume(host.ct.hu + np.int16(70), host.ct.affine), host.organ_mask, host.organ)
    parameters = Parameters.of(sample(host))

    tissue, brighter = (cellular_automaton._tissue(h, cells, parameters) for h in (host, shifted))

    assert np.array_equal(tissue, brighter)
    shares = np.bincount(tissue.ravel(), minlength=5) / tissue.size
    assert shares[0] > shares[1] > shares[2] > shares[BARRIER] > 0
    assert shares[BARRIER] < 0.05
    assert shares[WALL] == 0


def test_all_beyond_the_organ_is_wall(host):
    cells = CellGrid.around((28, 48, 20), cell_mm=1.0, spacing_mm=host.ct.spacing_mm, reach=12)
    tissue = cellular_automaton._tissue(host, cells, Parameters.of(sample(host)))
    inside = cells.from_voxels(host.organ_mask.astype(np.float32), (slice(0, 56), slice(0, 56), slice(0, 40)))
    assert np.array_equal(tissue == WALL, inside < 0.5)
    assert 0.1 < (tissue == WALL).mean() < 0.9


def with_vessel(host, center):
    """A bright tube through the host's slices, at a place in the plane."""
    i, j, _ = center
    plane = np.hypot(*np.indices(host.ct.shape[:2]) - np.reshape([i, j], (2, 1, 1))) * host.ct.spacing_mm[0]
    hu = np.where((plane < 3)[..., np.newaxis] & host.organ_mask, host.ct.hu + np.int16(60), host.ct.hu)
    return Host(Volume(hu.astype(np.int16), host.ct.affine), host.organ_mask, host.organ)


def test_no_vessel_runs_unchanged_through_the_tumour(host):
    n_seen = 0
    for seed in range(4):
        recipe = sample(host, diameter_mm=24.0, seed=seed, contrast_hu=40.0)
        vessels = with_vessel(host, recipe.parameters["center_voxel"])
        tumor = apply_recipe(vessels, dataclasses.replace(recipe, host_hash=vessels.ct_hash))

        before, after = (ndimage.gaussian_filter(hu.astype(float), 0.7) for hu in (vessels.ct.hu[tumor.box], tumor.hu))
        inside = (before > 145) & ndimage.binary_erosion(tumor.mask)
        n_seen += inside.sum()
        assert (after[inside] < 115).all()
    assert n_seen > 20


def test_necrosis_lies_within_the_mask_and_never_below_plausible_tissue(host):
    options = {"diameter_mm": 30.0, "seed": 3, "contrast_hu": 30.0, "lump_hu": 0.0}
    dead = {"necrosis": True, "necrosis_hu": 20.0, "necrosis_seeds": 8}
    alive = make(host, **options, necrosis=False)
    died = make(host, **options, **dead)

    assert np.array_equal(alive.mask, died.mask)
    darker = alive.hu.astype(int) - died.hu
    assert (darker > 20).sum() > 50
    assert darker[~died.mask].max() < 0.3 * darker.max()
    smooth = ndimage.gaussian_filter(died.hu.astype(float), 1.0)
    assert smooth[ndimage.binary_erosion(died.mask, iterations=2)].min() > LESION_FLOOR_HU - 3


def test_a_young_tumour_has_no_necrosis(host):
    alive, died = (make(host, diameter_mm=8.0, necrosis=dies) for dies in (False, True))
    assert np.array_equal(alive.hu, died.hu)


def test_a_tumour_that_breaks_out_lies_partly_in_fat_and_nowhere_else():
    kidney = build_host(name="kidney", organ_hu=170.0)
    recipe = sample_recipe(kidney, method="cellular-automaton", diameter_mm=20.0, seed=5, into_fat=True)
    tumor = apply_recipe(kidney, recipe)

    outside = tumor.mask & ~kidney.organ_mask[tumor.box]
    changed = change_hu(kidney, tumor) != 0
    assert outside.sum() > 0.02 * tumor.mask.sum()
    assert not changed[kidney.ct.hu[tumor.box] < -500].any()  # the gas beyond the fat


def test_into_fat_is_refused_where_tumours_do_not_grow_so(host):
    with pytest.raises(UnusableInput, match="do not grow out into fat"):
        sample_recipe(host, method="cellular-automaton", diameter_mm=12.0, seed=1, into_fat=True)


@pytest.mark.parametrize("seed", range(4))
def test_younger_is_the_same_tumour_when_it_was_smaller(host, seed):
    recipe = sample(host, diameter_mm=32.0, seed=seed)
    ages = [apply_recipe(host, cellular_automaton.younger(host, recipe, diameter_mm=d)) for d in (8.0, 16.0, 24.0)]
    ages.append(apply_recipe(host, recipe))
    masks = [tumor.full_mask(host.ct.shape) for tumor in ages]

    sizes = [equivalent_diameter_mm(mask, host.ct.spacing_mm) for mask in masks]
    assert sizes == pytest.approx([8, 16, 24, 32], rel=0.1)
    for before, after in itertools.pairwise(masks):
        assert (before & ~after).sum() < 0.15 * before.sum()
    edges = [tumor.recipe.parameters["edge_sigma_mm"][0] for tumor in ages]
    assert edges == sorted(edges)


def test_at_the_border_of_the_volume_it_stays_within():
    """An organ that the volume's edge cuts."""
    whole = build_host()
    cut = Host(
        Volume(np.ascontiguousarray(whole.ct.hu[20:]), whole.ct.affine),
        np.ascontiguousarray(whole.organ_mask[20:]),
        whole.organ,
    )
    for seed in range(3):
        tumor = make(cut, diameter_mm=16.0, seed=seed)
        assert tumor.mask.shape == cut.ct.hu[tumor.box].shape
        assert equivalent_diameter_mm(tumor.mask, cut.ct.spacing_mm) == pytest.approx(16.0, rel=0.05)


def test_real_hosts_take_a_tumour_in_every_organ(sample_host):
    for seed in range(2):
        tumor = make(sample_host, diameter_mm=14.0, seed=seed)
        full = tumor.full_mask(sample_host.ct.shape)
        assert equivalent_diameter_mm(full, sample_host.ct.spacing_mm) == pytest.approx(14.0, rel=0.15)
        assert not (full & ~sample_host.organ_mask).any()


def test_a_recipe_with_other_parameters_is_refused(host):
    fields = json.loads(sample(host).to_json())
    del fields["parameters"]["growth_seed"]
    with pytest.raises(InvalidRecipe, match="parameters are not those of cellular-automaton"):
        apply_recipe(host, Recipe.from_json(json.dumps(fields)))
