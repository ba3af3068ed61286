import dataclasses
import json

import numpy as np
import pytest
import torch

from synthesis import apply_recipe, generate, sample_recipe
from synthesis.errors import UnusableInput
from synthesis.masks import equivalent_diameter_mm
from synthesis.methods.latent_diffusion import engine, library
from synthesis.methods.latent_diffusion.body import make_body
from synthesis.methods.latent_diffusion.model import load
from synthesis.methods.latent_diffusion.texture import texture_variance
from synthesis.recipe import InvalidRecipe, Recipe
from tests.synthesis.conftest import build_host
from tests.synthesis.methods.latent_diffusion.conftest import make_tiny_model


@pytest.fixture
def recipe(host, tiny_model) -> Recipe:
    return sample_recipe(host, method="latent-diffusion", diameter_mm=12.0, seed=5, model="tiny")


def test_the_recipe_says_which_model_made_it_and_how_many_samples_were_rejected(recipe):
    assert recipe.parameters["model"] == "tiny"
    assert recipe.parameters["model_sha256"] == library.find("tiny").sha256
    assert recipe.parameters["device"] == "cpu"
    assert recipe.parameters["rejected"] == 0
    assert 0 <= recipe.parameters["called_share"] <= 1


def test_a_recipe_replays_bit_for_bit_from_its_json(host, recipe):
    first = apply_recipe(host, recipe)
    engine._sampled_once.cache_clear()

    again = apply_recipe(build_host(), Recipe.from_json(recipe.to_json()))

    assert np.array_equal(first.hu, again.hu)
    assert np.array_equal(first.mask, again.mask)
    assert first.origin == again.origin


def test_voxels_outside_the_soft_border_and_outside_the_organ_are_the_hosts_own(host, recipe):
    tumor = apply_recipe(host, recipe)
    ct = tumor.apply_to(host.ct)
    fields = engine._tumor(recipe)
    body = make_body(
        host, fields.shape, center=fields.center, diameter_mm=fields.diameter_mm, edge_sigma_mm=fields.edge_sigma_mm
    )
    blended = np.zeros(host.ct.shape, dtype=bool)
    blended[body.box] = body.habitat & (body.share > 5e-5)

    assert (ct.hu != host.ct.hu).any()
    assert not (ct.hu != host.ct.hu)[~blended].any()
    assert not (ct.hu != host.ct.hu)[~host.organ_mask].any()


def test_the_mask_is_one_piece_of_the_asked_size(host, recipe):
    tumor = apply_recipe(host, recipe)
    assert equivalent_diameter_mm(tumor.mask, host.ct.spacing_mm) == pytest.approx(12.0, rel=0.1)


def test_other_seeds_give_other_tumors(host, tiny_model):
    made = [
        generate(
            host.ct,
            host.organ_mask,
            method="latent-diffusion",
            organ="liver",
            diameter_mm=12.0,
            seed=seed,
            model="tiny",
        )
        for seed in (1, 2)
    ]
    assert made[0].recipe.parameters["noise_seed"] != made[1].recipe.parameters["noise_seed"]
    assert made[0].hu.shape != made[1].hu.shape or not np.array_equal(made[0].hu, made[1].hu)


def test_the_number_of_threads_around_it_does_not_matter(host, recipe):
    before = torch.get_num_threads()
    first = apply_recipe(host, recipe)
    engine._sampled_once.cache_clear()
    torch.set_num_threads(before + 1)
    try:
        again = apply_recipe(host, recipe)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(first.hu, again.hu)


def test_an_even_sample_fills_the_body_up_to_its_own_edge(host, recipe, monkeypatch):
    """Seen through the grid alone, a tumour of 40 HU below its host is that in each voxel, by the body's share."""
    tumor = engine._tumor(recipe)
    body, sample = engine._body(host, tumor), engine._sampled(host, tumor)
    share = np.zeros(host.ct.shape, dtype=np.float32)
    share[body.box] = body.share
    level = np.full_like(sample.healthy, sample.level_hu)
    even = sample._replace(healthy=level, tumor=level - 40 * sample.region.gathered(share))

    found = engine.contrast_hu(host, body, even)

    np.testing.assert_allclose(found[body.mask], 40, atol=1e-3)


def test_a_models_gain_scales_the_texture_of_its_samples(host, models):
    spreads = {}
    for name, gain in (("even", 0.01), ("raw", 1.0)):
        make_tiny_model(models / name, texture_gain=gain)
        drawn = sample_recipe(host, method="latent-diffusion", diameter_mm=16.0, seed=5, model=name)
        fields = engine._tumor(drawn)
        sample, body = engine._sampled(host, fields), engine._body(host, fields)
        mask = engine._region(host, fields, body, load(library.find(name)))[1]
        spreads[name] = texture_variance(sample.tumor, mask, voxel_mm=2.0)
    assert spreads["even"] < 0.001 * spreads["raw"]


def test_when_the_filter_takes_nothing_it_is_said(host, models):
    make_tiny_model(models / "strict", accepted_share=1.0)
    with pytest.raises(
        engine.AllRejected, match=r"None of 10 samples of 12\.0 mm by the model 'strict'.*; try another"
    ):
        sample_recipe(host, method="latent-diffusion", diameter_mm=12.0, seed=5, model="strict")
    unenhanced = build_host(organ_hu=50.0)
    with pytest.raises(engine.AllRejected, match=r"this CT seems to be unenhanced, .* use an enhanced one, or try"):
        sample_recipe(unenhanced, method="latent-diffusion", diameter_mm=12.0, seed=5, model="strict")


def test_rejected_samples_are_drawn_again_and_counted(host, models, monkeypatch):
    """A share between those of the first samples: the first is rejected, a later one taken."""
    make_tiny_model(models / "tiny", seed=1)
    shares = []
    for seed in range(6):
        drawn = sample_recipe(host, method="latent-diffusion", diameter_mm=12.0, seed=seed, model="tiny")
        shares.append(drawn.parameters["called_share"])
    low, high = min(shares), max(shares)
    if low == high:
        pytest.skip("an untrained filter that calls all alike")
    make_tiny_model(models / "choosy", accepted_share=float(np.mean([low, high])), seed=1)

    drawn = sample_recipe(host, method="latent-diffusion", diameter_mm=12.0, seed=shares.index(low), model="choosy")

    assert drawn.parameters["rejected"] > 0
    assert drawn.parameters["called_share"] >= np.mean([low, high])


def test_another_model_of_the_same_name_is_refused(host, recipe, models):
    engine._sampled_once.cache_clear()
    make_tiny_model(models / "tiny", seed=9)
    with pytest.raises(library.UnusableModel, match="The recipe was made by another model 'tiny'"):
        apply_recipe(host, recipe)


def test_cuda_that_is_not_there_is_said(host, tiny_model):
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    with pytest.raises(UnusableInput, match="torch finds no CUDA device here"):
        sample_recipe(host, method="latent-diffusion", diameter_mm=12.0, seed=5, model="tiny", device="cuda")


def test_auto_takes_what_there_is(host, tiny_model):
    drawn = sample_recipe(host, method="latent-diffusion", diameter_mm=12.0, seed=5, model="tiny", device="auto")
    assert drawn.parameters["device"] == ("cuda" if torch.cuda.is_available() else "cpu")


def test_a_tumor_too_large_to_sample_at_once_is_refused(tiny_model):
    huge = build_host(shape=(96, 96, 96), spacing_mm=(5.0, 5.0, 5.0))
    with pytest.raises(engine.TooLarge, match="ask for a smaller diameter"):
        sample_recipe(huge, method="latent-diffusion", diameter_mm=250.0, seed=1, model="tiny")


def test_parameters_of_something_else_are_refused(host, recipe):
    changed = json.loads(recipe.to_json())
    del changed["parameters"]["noise_seed"]
    with pytest.raises(InvalidRecipe, match="not those of latent-diffusion, version 3"):
        apply_recipe(host, Recipe.from_json(json.dumps(changed)))
    with pytest.raises(InvalidRecipe, match="version 1 of latent-diffusion"):
        apply_recipe(host, dataclasses.replace(recipe, method_version=1))
