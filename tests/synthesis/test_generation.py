import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from synthesis import Recipe, apply_recipe, generate, replay, sample_recipe
from synthesis.generation import InvalidDiameter, InvalidOption
from synthesis.masks import equivalent_diameter_mm
from synthesis.placement import OrganTooSmall
from synthesis.recipe import InvalidRecipe
from synthesis.registry import METHODS, UnknownMethod
from synthesis.volume import Volume

MODELLING = [name for name, entry in METHODS.items() if not entry.trained]


def make(host, **changes):
    asked = {"method": "hand-crafted", "organ": host.organ.name, "diameter_mm": (8.0, 16.0), "seed": 1, **changes}
    return generate(host.ct, host.organ_mask, **asked)


def test_the_same_seed_gives_the_same_tumour_and_another_another(host):
    first, again, other = make(host), make(host), make(host, seed=2)

    assert first.recipe == again.recipe
    assert np.array_equal(first.hu, again.hu)
    assert first.recipe.parameters != other.recipe.parameters
    assert first.recipe.diameter_mm != other.recipe.diameter_mm


def test_a_recipe_replays_bit_for_bit_through_json(host):
    tumor = make(host)

    again = replay(host.ct, host.organ_mask, Recipe.from_json(tumor.recipe.to_json()))

    assert again.origin == tumor.origin
    assert np.array_equal(again.hu, tumor.hu)
    assert np.array_equal(again.mask, tumor.mask)


@pytest.mark.parametrize("method", MODELLING)
def test_a_recipe_replays_bit_for_bit_whatever_the_order_of_the_arrays(host, method):
    """Files that are read come in Fortran order."""
    tumor = make(host, method=method)
    ct = Volume(np.asfortranarray(host.ct.hu), host.ct.affine)

    again = replay(ct, np.asfortranarray(host.organ_mask), tumor.recipe)

    assert np.array_equal(again.hu, tumor.hu)
    assert np.array_equal(again.mask, tumor.mask)


def test_a_recipe_replays_bit_for_bit_in_another_process(host, tmp_path):
    tumor = make(host)
    np.savez(tmp_path / "host.npz", hu=host.ct.hu, affine=host.ct.affine, mask=host.organ_mask)
    (tmp_path / "recipe.json").write_text(tumor.recipe.to_json())
    code = """
import sys, numpy as np
from synthesis import Recipe, Volume, replay
stored = np.load("host.npz")
recipe = Recipe.from_json(open("recipe.json").read())
replay(Volume(stored["hu"], stored["affine"]), stored["mask"], recipe).save("tumor.npz")
"""
    subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, env={"PYTHONPATH": str(Path(__file__).parents[2])}
    )

    with np.load(tmp_path / "tumor.npz") as again:
        assert np.array_equal(again["hu"], tumor.hu)
        assert np.array_equal(again["mask"], tumor.mask)
        assert again["origin"].tolist() == list(tumor.origin)


def test_the_diameter_is_drawn_from_the_range(host):
    recipes = [sample_recipe(host, method="hand-crafted", diameter_mm=(8.0, 16.0), seed=s) for s in range(30)]
    diameters = [recipe.diameter_mm for recipe in recipes]
    assert 8.0 <= min(diameters) < 9.5
    assert 14.5 < max(diameters) <= 16.0


def test_a_range_is_cut_at_what_the_organ_holds(host):
    largest = host.largest_diameter_mm
    recipes = [
        sample_recipe(host, method="hand-crafted", diameter_mm=(largest - 1, 10 * largest), seed=s) for s in range(5)
    ]
    assert all(largest - 1 <= recipe.diameter_mm <= largest for recipe in recipes)


@pytest.mark.parametrize("diameter_mm", [500.0, (500.0, 600.0)])
def test_an_organ_too_small_is_refused(host, diameter_mm):
    with pytest.raises(OrganTooSmall, match=r"too small for a tumour of 500\.0 mm"):
        make(host, diameter_mm=diameter_mm)


@pytest.mark.parametrize("diameter_mm", [0.0, -3.0, (20.0, 10.0), float("nan"), float("inf"), (5.0, float("inf"))])
def test_a_diameter_that_is_none_is_refused(host, diameter_mm):
    with pytest.raises(InvalidDiameter, match="not positive and in order"):
        make(host, diameter_mm=diameter_mm)


def test_a_tumour_below_the_resolution_is_refused(host):
    with pytest.raises(InvalidDiameter, match="smaller than half a voxel"):
        make(host, diameter_mm=1.0)


def test_an_unknown_method_is_refused(host):
    with pytest.raises(UnknownMethod):
        make(host, method="magic")


def test_a_recipe_is_not_applied_to_another_ct(host):
    other = Volume(host.ct.hu + np.int16(1), host.ct.affine)
    with pytest.raises(InvalidRecipe, match="another CT"):
        replay(other, host.organ_mask, make(host).recipe)


def test_a_recipe_is_not_applied_to_another_organ_mask(host):
    with pytest.raises(InvalidRecipe, match="another organ mask"):
        replay(host.ct, np.roll(host.organ_mask, 1, axis=0), make(host).recipe)


def test_a_recipe_of_another_version_is_refused_with_both_versions(host):
    recipe = dataclasses.replace(make(host).recipe, method_version=99)
    with pytest.raises(InvalidRecipe, match=r"version 99 of hand-crafted and this is version \d+\b"):
        apply_recipe(host, recipe)


def test_a_recipe_with_other_parameters_is_refused(host):
    fields = json.loads(make(host).recipe.to_json())
    del fields["parameters"]["lesions"][0]["contrast_hu"]
    with pytest.raises(InvalidRecipe, match="parameters are not those of hand-crafted"):
        apply_recipe(host, Recipe.from_json(json.dumps(fields)))


def test_real_hosts_take_a_tumour_in_every_organ(sample_host):
    for seed in range(3):
        tumor = make(sample_host, diameter_mm=(10.0, 14.0), seed=seed)

        full = tumor.full_mask(sample_host.ct.shape)
        asked = tumor.recipe.diameter_mm
        assert equivalent_diameter_mm(full, sample_host.ct.spacing_mm) == pytest.approx(asked, rel=0.05)
        assert not (full & ~sample_host.organ_mask).any()
        changed = tumor.apply_to(sample_host.ct).hu != sample_host.ct.hu
        assert not (changed & ~sample_host.organ_mask).any()


def test_a_generator_stands_in_for_a_seed(host):
    first, again, next_one = (make(host, seed=None, rng=rng) for rng in (rng_of(5), rng_of(5), advanced(rng_of(5))))

    assert first.recipe == again.recipe
    assert next_one.recipe.seed != first.recipe.seed
    assert make(host, seed=first.recipe.seed).recipe == first.recipe


def rng_of(seed):
    return np.random.default_rng(seed)


def advanced(rng):
    rng.integers(2**63)
    return rng


@pytest.mark.parametrize("given", [{"seed": None}, {"seed": 1, "rng": rng_of(1)}], ids=["neither", "both"])
def test_a_seed_or_a_generator_is_needed(host, given):
    with pytest.raises(TypeError, match="either a seed or a generator"):
        make(host, **given)


def test_an_option_that_the_method_does_not_know_is_refused(host):
    with pytest.raises(InvalidOption, match="hand-crafted does not know the option 'spikes'; leave it out"):
        make(host, spikes=3)
