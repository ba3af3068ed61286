"""How real a reader finds a tumour's shape, margin, texture and place: what a study may ask beside the label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readerstudy.domain.errors import DomainError
from readerstudy.models.vocabulary import Label

LEVELS = (1, 2, 3, 4, 5)
"""1 = surely synthetic, 3 = neither, 5 = surely real."""


@dataclass(frozen=True)
class Attribute:
    name: str
    asks: str


ATTRIBUTES = {
    one.name: one
    for one in (
        Attribute("shape", "Shape"),
        Attribute("margin", "Margin"),
        Attribute("texture", "Texture"),
        Attribute("place", "Place"),
    )
}


def attributes_asked(reading: Mapping[str, Any]) -> list[Attribute]:
    """Return what the `reading` part of a design asks for."""
    return [ATTRIBUTES[name] for name in reading["attributes"]]


def parse_attributes(given: Mapping[str, Any], asked: Mapping[str, Any], label: Label) -> dict[str, int]:
    """Return the level of every attribute that is asked: all of them, and none where no tumour was seen.

    Raises
    ------
    DomainError
        If one is missing, is not asked for, or is no level.
    """
    levels = given.get("attributes", {})
    wanted = [] if label == Label.NOT_SEEN else asked["attributes"]
    if not isinstance(levels, dict) or set(levels) != set(wanted):
        raise DomainError(f"attributes must give {', '.join(wanted) if wanted else 'nothing'} for the answer {label}.")
    if not all(type(level) is int and level in LEVELS for level in levels.values()):
        raise DomainError("attributes must be whole numbers from 1 to 5.")
    return {name: levels[name] for name in wanted}
