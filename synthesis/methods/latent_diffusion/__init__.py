"""The latent-diffusion engine: tumours sampled by a model that was trained on annotated cases.

After Chen et al., "Towards Generalizable Tumor Synthesis" (DiffTumor, CVPR 2024), built anew from its description:

1. *Shape.* A star-shaped body of our own (`synthesis.methods.star_shape`) gives the mask.
2. *Sample.* In a region around it, no smaller than the patches of the training, a denoiser turns noise into the latent
   of a tumour, given the latent of the CT with the place of the tumour erased, and the mask; four steps for an early
   tumour.
3. *Judge.* A sample that the model's filter calls tumour in less than 70 % of the mask's voxels is drawn again; how
   many were rejected is part of the recipe, as a filter chooses the best of one arm.
4. *Blend.* The difference between the decoded sample and the decoded host goes into the host by
   `synthesis.replacement`, which keeps the scanner's noise, with its texture scaled to a tumour's own
   (`synthesis.methods.latent_diffusion.texture`); voxels beyond the tumour's soft border stay as they are.

torch is imported when a tumour is made, not before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from synthesis.host import Host
from synthesis.methods.latent_diffusion.library import STARTER
from synthesis.recipe import Recipe
from synthesis.tumor import SyntheticTumor

VERSION = 3


def sample_parameters(
    host: Host, *, diameter_mm: float, rng: np.random.Generator, model: str = STARTER, device: str = "cpu"
) -> Mapping[str, Any]:
    """Draw a tumour's numbers, its noise's seed among them; see `synthesis.methods.latent_diffusion.engine.Tumor`.

    Parameters
    ----------
    model : str
        The name of a trained model; see `synthesis.methods.latent_diffusion.library`.
    device : str
        ``cpu`` or ``cuda``; ``auto`` is CUDA where there is one.

    Raises
    ------
    OrganTooSmall
        If the organ does not hold the tumour.
    UnusableModel, NoDevice
        If the model or the device is not there.
    AllRejected
        If the model's filter takes none of its samples.
    """
    from synthesis.methods.latent_diffusion import engine

    return engine.sample_parameters(host, diameter_mm=diameter_mm, rng=rng, model=model, device=device)


def apply_recipe(host: Host, recipe: Recipe) -> SyntheticTumor:
    """Make the tumour of a recipe; nothing here is random.

    Raises
    ------
    InvalidRecipe
        If the parameters are not this version's.
    UnusableModel, NoDevice
        If the model that made it, or its device, is not there.
    """
    from synthesis.methods.latent_diffusion import engine

    return engine.apply_recipe(host, recipe)
