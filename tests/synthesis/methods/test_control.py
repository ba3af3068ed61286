"""A positive control is what it is meant to be: too smooth, too blurred, of too much contrast, and reproducible."""

import dataclasses

import numpy as np
import pytest

from synthesis import Recipe, apply_recipe, sample_recipe
from synthesis.masks import equivalent_diameter_mm
from synthesis.methods.control import CONTRAST_HU
from synthesis.recipe import InvalidRecipe
from synthesis.registry import METHODS


def draw(host, seed=1, diameter_mm=16.0):
    return sample_recipe(host, method="control", diameter_mm=diameter_mm, seed=seed)


def test_it_is_no_method_to_draw_cases_by():
    assert "control" not in METHODS


@pytest.mark.parametrize("seed", range(5))
def test_it_is_a_ball_without_noise_far_from_its_organ_in_gray(host, seed):
    tumor = apply_recipe(host, draw(host, seed))
    contrast = tumor.recipe.parameters["contrast_hu"]
    center = np.subtract(tumor.recipe.parameters["center_voxel"], tumor.origin)
    from_center = np.argwhere(tumor.mask) - center
    core = tumor.hu[tumor.mask][np.linalg.norm(from_center * host.ct.spacing_mm, axis=1) < 2.5]  # the blur reaches less

    assert CONTRAST_HU[0] <= abs(contrast) <= CONTRAST_HU[1]
    assert equivalent_diameter_mm(tumor.mask, host.ct.spacing_mm) == pytest.approx(16.0, rel=0.1)
    assert np.abs(core - (host.parenchyma_hu - contrast)).max() < 0.05 * abs(contrast)
    assert core.std() < host.noise.residual_sd / 3


def test_both_signs_of_contrast_come():
    from tests.synthesis.conftest import build_host

    host = build_host()
    assert {np.sign(draw(host, seed).parameters["contrast_hu"]) for seed in range(12)} == {-1.0, 1.0}


def test_nothing_outside_the_organ_changes(host):
    tumor = apply_recipe(host, draw(host))
    changed = tumor.apply_to(host.ct).hu != host.ct.hu

    assert changed.any()
    assert not changed[~host.organ_mask].any()


def test_it_replays_from_its_recipe_bit_for_bit(host):
    recipe = draw(host)

    again = apply_recipe(host, Recipe.from_json(recipe.to_json()))

    assert np.array_equal(again.hu, apply_recipe(host, recipe).hu)


def test_parameters_of_another_method_are_refused(host):
    with pytest.raises(InvalidRecipe, match="not those of control, version 1"):
        apply_recipe(host, dataclasses.replace(draw(host), parameters={"lesions": []}))
