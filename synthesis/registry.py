"""The synthesis methods by name.

A method is a module with `VERSION`, `sample_parameters` and `apply_recipe`; see `Method`. It is imported
when it is first used, so that listing the methods, or using one, does not import the others' libraries.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, cast

import numpy as np

from synthesis.errors import UnusableInput
from synthesis.host import Host
from synthesis.recipe import Recipe
from synthesis.tumor import SyntheticTumor


class UnknownMethod(UnusableInput):
    """The name is no method of this version."""


class Entry(NamedTuple):
    """What is known of a method before it is imported."""

    label: str
    module: str
    source: str
    trained: bool = False  # takes a model by name, and runs it on a device


class Method(Protocol):
    """What a method's module provides."""

    VERSION: int  # raised whenever the same recipe would give other voxels

    def sample_parameters(self, host: Host, *, diameter_mm: float, rng: np.random.Generator) -> Mapping[str, Any]:
        """Draw every number of a tumour: where it lies, its shape, its contrast; JSON alone."""

    def apply_recipe(self, host: Host, recipe: Recipe) -> SyntheticTumor:
        """Make the tumour from its recipe, without any randomness."""


METHODS = {
    "hand-crafted": Entry(
        "Hand-crafted",
        "synthesis.methods.hand_crafted",
        "after Hu et al., Label-Free Liver Tumor Segmentation, CVPR 2023",
    ),
    "cellular-automaton": Entry(
        "Cellular automaton",
        "synthesis.methods.cellular_automaton",
        "after Lai et al., From Pixel to Cancer: Cellular Automata in Computed Tomography, MICCAI 2024",
    ),
    "latent-diffusion": Entry(
        "Latent diffusion",
        "synthesis.methods.latent_diffusion",
        "after Chen et al., Towards Generalizable Tumor Synthesis, CVPR 2024; with a trained model",
        trained=True,
    ),
}
CONTROL = "control"
CONTROLS = {
    CONTROL: Entry("Positive control", "synthesis.methods.control", "deliberately poor; no method to draw cases by"),
}


def method(name: str) -> Method:
    """Import a method's module.

    Raises
    ------
    UnknownMethod
        If this version does not have it.
    """
    known = METHODS | CONTROLS
    if name not in known:
        raise UnknownMethod(f"'{name}' is no known method; choose one of {', '.join(METHODS)}.")
    return cast(Method, importlib.import_module(known[name].module))
