"""A positive control: a tumour so poor that whoever looks properly takes it for synthetic.

A study whose readers do not find such cases can't show that tumours look alike: its readers, or its viewer, could
not have told anything. The recipe is what the first attempts at synthesis looked like, on purpose:

1. *Shape.* A ball, of the asked diameter.
2. *Contrast.* Twice to three times that of the organ's lesions in the host's phase, darker or brighter at random.
3. *Edge.* Blurred all round by the same 2 to 3 mm, softer than the scanner's.
4. *Inside.* One gray without noise.

It is no method to draw cases by: `synthesis.registry` keeps it apart, and a study counts its cases apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from synthesis.blending import Field, soft_edge
from synthesis.host import Host
from synthesis.masks import Box
from synthesis.placement import place
from synthesis.recipe import InvalidRecipe, Recipe
from synthesis.tumor import SyntheticTumor

VERSION = 1

CONTRAST_HU = (80.0, 120.0)  # early lesions lie 20 to 60 HU from their organ
EDGE_SIGMA_MM = (2.0, 3.0)
_EDGE_REACH = 3.0  # standard deviations of the edge that are worked out outside the ball


def sample_parameters(host: Host, *, diameter_mm: float, rng: np.random.Generator) -> Mapping[str, Any]:
    """Draw where the ball lies, its contrast and its edge; see `synthesis.registry.Method`.

    Returns
    -------
    mapping
        `center_voxel` (i, j, k); `contrast_hu`, how far it lies below the parenchyma, negative where it is brighter;
        `edge_sigma_mm`, the standard deviation of its blur.

    Raises
    ------
    OrganTooSmall
        If the organ does not hold the ball.
    """
    center = place(host, diameter_mm=diameter_mm, rng=rng)
    darker = rng.random() < 0.5
    contrast_hu = float(rng.uniform(*CONTRAST_HU))
    return {
        "center_voxel": center,
        "contrast_hu": contrast_hu if darker else -contrast_hu,
        "edge_sigma_mm": float(rng.uniform(*EDGE_SIGMA_MM)),
    }


def apply_recipe(host: Host, recipe: Recipe) -> SyntheticTumor:
    """Make the ball of a recipe; nothing here is random, and no voxel outside the organ changes.

    Raises
    ------
    InvalidRecipe
        If the parameters are not this version's.
    """
    try:
        center = tuple(int(n) for n in recipe.parameters["center_voxel"])
        contrast_hu, sigma_mm = (float(recipe.parameters[name]) for name in ("contrast_hu", "edge_sigma_mm"))
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidRecipe(
            f"The recipe's parameters are not those of control, version {VERSION}; use a recipe.json as it was written."
        ) from error
    radius_mm = recipe.diameter_mm / 2
    box = _box_around(host, center, radius_mm + _EDGE_REACH * sigma_mm)
    share = np.where(host.organ_mask[box], soft_edge((radius_mm - _distance_mm(host, box, center)) / sigma_mm), 0)
    gray = host.parenchyma_hu - contrast_hu
    hu = host.ct.hu[box] * (1 - share) + gray * share
    mask = share > 0.5
    mask[tuple(c - axis.start for c, axis in zip(center, box, strict=True))] = True
    return SyntheticTumor(
        origin=(box[0].start, box[1].start, box[2].start),
        hu=np.where(share > 0, np.rint(hu), host.ct.hu[box]).astype(np.int16),
        mask=mask,
        recipe=recipe,
    )


def _box_around(host: Host, center: tuple[int, ...], reach_mm: float) -> Box:
    i, j, k = (
        slice(max(0, c - math.ceil(reach_mm / mm)), min(n, c + math.ceil(reach_mm / mm) + 1))
        for c, mm, n in zip(center, host.ct.spacing_mm, host.ct.shape, strict=True)
    )
    return i, j, k


def _distance_mm(host: Host, box: Box, center: tuple[int, ...]) -> Field:
    offsets = [
        (np.arange(axis.start, axis.stop, dtype=np.float32) - c) * np.float32(mm)
        for axis, c, mm in zip(box, center, host.ct.spacing_mm, strict=True)
    ]
    x, y, z = np.meshgrid(*offsets, indexing="ij", sparse=True)
    return np.asarray(np.sqrt(x**2 + y**2 + z**2))
