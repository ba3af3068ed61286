"""The model that comes with the library: what its config says, and good for tumours at once."""

from pathlib import Path

import numpy as np
import pytest

import synthesis.methods.latent_diffusion
from synthesis import apply_recipe, sample_recipe
from synthesis.masks import equivalent_diameter_mm
from synthesis.methods.latent_diffusion import library
from synthesis.methods.latent_diffusion.training.config import read_config

NUMBERS = Path(synthesis.methods.latent_diffusion.__file__).with_name("starter.toml")


@pytest.fixture
def starter(models) -> library.Stored:
    """It, with no model of the user's own beside."""
    return library.find(library.STARTER)


def test_its_weights_are_those_that_its_config_names_and_small_enough_to_come_along(starter):
    assert library.verified_weights(starter).stat().st_size < 20e6


def test_it_was_trained_with_the_numbers_that_come_along(starter):
    assert starter.config.training["config"] == read_config(NUMBERS).model_dump(mode="json")


def test_its_card_says_what_it_was_trained_on_and_what_it_is_not_good_for(starter):
    card = (starter.folder / library.CARD).read_text(encoding="utf-8")
    assert "phantom" in card
    assert starter.config.training["data_sha256"] in card


def test_its_tumors_have_the_asked_size_and_are_darker_than_an_enhanced_liver(host, starter):
    contrasts = []
    for seed in range(4):
        recipe = sample_recipe(host, method="latent-diffusion", diameter_mm=14.0, seed=seed)
        tumor = apply_recipe(host, recipe)
        assert equivalent_diameter_mm(tumor.mask, host.ct.spacing_mm) == pytest.approx(14.0, rel=0.1)
        there = tumor.full_mask(host.ct.shape)
        contrasts.append(float(host.ct.hu[there].mean() - tumor.apply_to(host.ct).hu[there].mean()))
    assert np.mean(contrasts) > 10
    assert np.std(contrasts) > 1  # not one tumour again and again
