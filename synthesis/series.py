"""One tumour at several ages."""

from __future__ import annotations

from typing import Any

import numpy as np

from synthesis.errors import UnusableInput
from synthesis.generation import sample_recipe
from synthesis.host import Host
from synthesis.recipe import Recipe
from synthesis.registry import method as method_named


class NotGrown(UnusableInput):
    """The method makes tumours of one age only."""


def sample_series(
    host: Host, *, method: str, diameter_mm: tuple[float, float], ages: int, seed: int, **options: Any
) -> list[Recipe]:
    """Draw the recipes of one tumour at several ages, the youngest first.

    The oldest is drawn as any tumour is; the others are what it was before, with diameters in equal steps.

    Parameters
    ----------
    host : Host
    method : str
        One that grows its tumours: its module has `younger`.
    diameter_mm : (low, high)
        Of the youngest and the oldest.
    ages : int
        How many, at least 2.
    seed : int
    options
        Of the method, as for `sample_recipe`.

    Raises
    ------
    NotGrown
        If the method does not grow its tumours.
    InvalidDiameter, InvalidOption, OrganTooSmall, UnknownMethod
        As `sample_recipe` does.
    """
    younger = getattr(method_named(method), "younger", None)
    if younger is None:
        raise NotGrown(f"{method} does not grow its tumours; make a series with --method cellular-automaton.")
    low, high = diameter_mm
    sample_recipe(host, method=method, diameter_mm=(low, high), seed=seed, **options)  # judges the range
    oldest = sample_recipe(host, method=method, diameter_mm=(high, high), seed=seed, **options)
    earlier = [float(diameter) for diameter in np.linspace(low, high, ages)[:-1]]
    return [*(younger(host, oldest, diameter_mm=diameter) for diameter in earlier), oldest]
