"""Making a tumour: sample a recipe first, apply it after."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from synthesis.errors import UnusableInput
from synthesis.host import Host
from synthesis.masks import Mask, sphere_volume_mm3
from synthesis.organs import organ as organ_named
from synthesis.placement import OrganTooSmall
from synthesis.recipe import InvalidRecipe, Recipe
from synthesis.regions import REGIONS
from synthesis.registry import method as method_named
from synthesis.tumor import SyntheticTumor
from synthesis.volume import Volume


class InvalidDiameter(UnusableInput):
    """The diameter is no length that a tumour on this CT can have."""


class InvalidOption(UnusableInput):
    """The method does not know an option."""


def sample_recipe(
    host: Host, *, method: str, diameter_mm: float | tuple[float, float], seed: int, **options: Any
) -> Recipe:
    """Draw a new tumour's recipe.

    Parameters
    ----------
    host : Host
    method : str
        A name in `synthesis.registry.METHODS`.
    diameter_mm : float or (low, high)
        Of the sphere with the tumour's volume. From a range, the diameter is drawn uniformly between `low`
        and `high`, or the largest that the organ holds where that is less.
    seed : int
        Not negative; the same host, method, diameter, seed and options give the same recipe.
    options
        What the method's `sample_parameters` takes beside: `into_fat` grows the tumour out of the organ into
        the fat around; `lesions` makes several, the further ones smaller.

    Raises
    ------
    InvalidOption
        If the method does not know an option.
    InvalidDiameter
        If the range is not positive and in order, or the tumour is smaller than half a voxel.
    OrganTooSmall
        If the organ does not hold the (smallest) diameter.
    UnknownMethod
        If this version does not have the method.
    """
    engine = method_named(method)
    known = inspect.signature(engine.sample_parameters).parameters
    for name in options:
        if name not in known:
            raise InvalidOption(f"{method} does not know the option '{name}'; leave it out.")
    rng = np.random.default_rng(seed)
    diameter = _draw_diameter_mm(host, diameter_mm, rng)
    return Recipe(
        method=method,
        method_version=engine.VERSION,
        organ=host.organ.name,
        seed=seed,
        host_hash=host.ct_hash,
        organ_mask_hash=host.mask_hash,
        diameter_mm=diameter,
        parameters=engine.sample_parameters(host, diameter_mm=diameter, rng=rng, **options),
    )


def apply_recipe(host: Host, recipe: Recipe) -> SyntheticTumor:
    """Make a recipe's tumour in the host that it was drawn for.

    Raises
    ------
    InvalidRecipe
        If the CT or the organ's mask is not the one that the recipe was made for, or the method's version
        is another.
    UnknownMethod
        If this version does not have the method.
    """
    engine = method_named(recipe.method)
    if recipe.method_version != engine.VERSION:
        raise InvalidRecipe(
            f"The recipe was made by version {recipe.method_version} of {recipe.method} and this is "
            f"version {engine.VERSION}; replay it with the release that made it."
        )
    if recipe.host_hash != host.ct_hash:
        raise InvalidRecipe("The recipe was made for another CT; replay it on its own host.")
    if recipe.organ_mask_hash != host.mask_hash:
        raise InvalidRecipe("The recipe was made with another organ mask; replay it with the same mask and labels.")
    return engine.apply_recipe(host, recipe)


def generate(
    ct: Volume,
    organ_mask: Mask,
    *,
    method: str,
    organ: str,
    diameter_mm: float | tuple[float, float],
    seed: int | None = None,
    rng: np.random.Generator | None = None,
    region: str = "",
    **options: Any,
) -> SyntheticTumor:
    """Make one new tumour, from a seed, or from a generator that the seed is drawn from.

    With `region`, one of `synthesis.regions.REGIONS` of the organ, it lies there if the organ holds it there.

    See `sample_recipe` for the other parameters and the errors.

    Examples
    --------
    >>> from synthesis.io import read_ct, read_mask
    >>> ct = read_ct("ct.nii.gz")                                             # doctest: +SKIP
    >>> liver = read_mask("organs.nii.gz", like=ct, labels=[5])               # doctest: +SKIP
    >>> tumor = generate(ct, liver, method="hand-crafted", organ="liver",
    ...                  diameter_mm=(10, 20), seed=1)                        # doctest: +SKIP
    >>> with_tumor = tumor.apply_to(ct)                                       # doctest: +SKIP
    """
    if rng is not None and seed is None:
        seed = int(rng.integers(2**63))
    elif seed is None or rng is not None:
        raise TypeError("Give either a seed or a generator, rng.")
    if region and region not in REGIONS[organ]:
        raise InvalidOption(f"The {organ} has no region '{region}'; choose one of {', '.join(REGIONS[organ])}.")
    host = Host(ct, organ_mask, organ_named(organ), region)
    return apply_recipe(host, sample_recipe(host, method=method, diameter_mm=diameter_mm, seed=seed, **options))


def replay(ct: Volume, organ_mask: Mask, recipe: Recipe) -> SyntheticTumor:
    """Make a recipe's tumour again, bit for bit; see `apply_recipe` for the errors."""
    return apply_recipe(Host(ct, organ_mask, organ_named(recipe.organ)), recipe)


def _draw_diameter_mm(host: Host, diameter_mm: float | tuple[float, float], rng: np.random.Generator) -> float:
    low, high = diameter_mm if isinstance(diameter_mm, tuple) else (diameter_mm, diameter_mm)
    if not 0 < low <= high < np.inf:
        raise InvalidDiameter(f"The diameter range {low:g} to {high:g} mm is not positive and in order; give it in mm.")
    if low > host.largest_diameter_mm:
        raise OrganTooSmall(host, low)
    voxel_mm3 = float(np.prod(host.ct.spacing_mm))
    if sphere_volume_mm3(low) < voxel_mm3 / 2:
        raise InvalidDiameter(
            f"A tumour of {low:g} mm is smaller than half a voxel of this CT ({voxel_mm3:.3g} mm³); "
            "ask for a larger diameter."
        )
    return float(rng.uniform(low, min(high, host.largest_diameter_mm)))
