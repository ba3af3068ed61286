"""The second task of a study, `task = "organ"`: readers name the organ of a tumour that they see in a crop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from readerstudy.models.vocabulary import OrganName

ORGAN_TASK = "organ"
TOLD = "Every tumour is in one of the organs that can be answered."


def is_organ_task(design: Mapping[str, Any]) -> bool:
    """Return whether a stored design asks for the organ; one of readings made elsewhere may not say."""
    return design.get("task") == ORGAN_TASK


def answerable_organs(design: Mapping[str, Any]) -> list[str]:
    """Return the organs that readers of a stored design may answer, in one order for all; none of the first task."""
    if not is_organ_task(design):
        return []
    asked = {organ["name"] for organ in design["organs"] if organ["real"] or any(organ["synthetic"].values())}
    return [organ for organ in OrganName.values if organ in asked]


def is_masked(design: Mapping[str, Any]) -> bool:
    """Return whether a stored design shows nothing but the tumour and a margin."""
    return is_organ_task(design) and bool(design.get("crop", {}).get("surroundings") == "masked")
