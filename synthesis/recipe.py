"""A recipe: every sampled number of one synthetic tumour, from which it is made again bit for bit."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from synthesis.errors import UnusableInput

_TYPES: dict[str, type | tuple[type, ...]] = {
    "method": str,
    "method_version": int,
    "organ": str,
    "seed": int,
    "host_hash": str,
    "organ_mask_hash": str,
    "organ_labels": list,
    "diameter_mm": (int, float),
    "parameters": dict,
}


class InvalidRecipe(UnusableInput):
    """A recipe cannot be read, or cannot be applied to this host by this version."""


@dataclass(frozen=True)
class Recipe:
    """One synthetic tumour as numbers.

    Attributes
    ----------
    method, method_version : str, int
        The engine, and the version of it that alone gives the same voxels.
    organ : str
    seed : int
        What the parameters were sampled from; applying a recipe does not use it.
    host_hash, organ_mask_hash : str
        SHA-256 of the CT and of the organ's mask; see `synthesis.host`.
    diameter_mm : float
        Of the sphere with the tumour's volume.
    parameters : mapping
        Every other sampled number, JSON alone; what is in it is the method's own affair.
    organ_labels : tuple of int
        The labels by which the organ was read from its mask's file; empty for every value but zero.
    """

    method: str
    method_version: int
    organ: str
    seed: int
    host_hash: str
    organ_mask_hash: str
    diameter_mm: float
    parameters: Mapping[str, Any]
    organ_labels: tuple[int, ...] = ()

    def to_json(self) -> str:
        """Return the recipe as JSON text; floats keep every bit."""
        return json.dumps(dataclasses.asdict(self), indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read what `to_json` wrote.

        Raises
        ------
        InvalidRecipe
            If the text is no JSON object with exactly a recipe's fields, each of its type.
        """
        try:
            fields = json.loads(text)
        except ValueError as error:
            raise InvalidRecipe(f"The recipe is not JSON ({error}); use a recipe.json as it was written.") from error
        if not isinstance(fields, dict):
            raise InvalidRecipe("The recipe is not a JSON object; use a recipe.json as it was written.")
        for name in sorted(_TYPES.keys() | fields.keys()):
            if name not in _TYPES:
                raise InvalidRecipe(f"The recipe has an unknown field '{name}'; remove it.")
            value = fields.get(name)
            if not isinstance(value, _TYPES[name]) or isinstance(value, bool):
                raise InvalidRecipe(
                    f"The recipe's field '{name}' is missing or of the wrong type; use a recipe.json as it was written."
                )
        return cls(**{**fields, "organ_labels": tuple(fields["organ_labels"])})
