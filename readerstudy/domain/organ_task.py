"""The second task of a study, `task = "organ"`: readers name the organ of a tumour that they see in a crop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from readerstudy.domain.crops import crop_size
from readerstudy.models.vocabulary import OrganName

if TYPE_CHECKING:
    from readerstudy.domain.design import StudyDesign

ORGAN_TASK = "organ"
TOLD = "Every tumour is in one of the organs that can be answered."
SMALLEST, LARGEST = 9, 301  # voxels of a crop's side


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


def check_organ_task(design: StudyDesign) -> None:
    """Refuse what an organ-recognition study can't have.

    Raises
    ------
    ValueError
        With what to do instead.
    """
    _check_answers(design)
    _check_crop(design)


def _check_answers(design: StudyDesign) -> None:
    reading = design.reading
    if sum(organ.total > 0 for organ in design.organs) < 2:
        raise ValueError('task = "organ" needs cases of two organs at the least: there is nothing to tell apart')
    if reading.response == "rating-6":
        raise ValueError(
            'reading.response = "rating-6" rates from synthetic to real; for task = "organ" use label or '
            "label+confidence"
        )
    if reading.lesion_cue == "none":
        raise ValueError(
            'reading.lesion_cue = "none" has readers look for a tumour; for task = "organ" the crop lies around it: '
            "use slice or marker"
        )
    if reading.attributes:
        raise ValueError(
            'reading.attributes ask how real a tumour looks, which task = "organ" does not: leave them out'
        )
    if reading.controls:
        raise ValueError(
            'reading.controls are poor synthetic cases, which task = "organ" has no use for: leave them out'
        )
    if reading.host_only:
        raise ValueError(
            'reading.host_only hides tumours, whose organ task = "organ" asks for: leave it out (crop.surroundings = '
            '"masked" shows them alone)'
        )
    if reading.max_run:
        raise ValueError(
            'reading.max_run limits runs of real and of synthetic cases, not of organs: leave it out of task = "organ"'
        )


def _check_crop(design: StudyDesign) -> None:
    crop = design.crop
    largest = max(organ.diameter_mm[1] for organ in design.organs if organ.total)
    least = largest + 2 * crop.margin_mm if crop.surroundings == "masked" else largest
    if crop.side_mm < least:
        around = f" with {crop.margin_mm:g} mm around them" if crop.surroundings == "masked" else ""
        raise ValueError(
            f"crop.side_mm = {crop.side_mm:g} can't hold tumours of {largest:g} mm{around}: {least:g} is the least"
        )
    size = crop_size(crop.side_mm, crop.spacing_mm)
    if not SMALLEST <= size <= LARGEST:
        raise ValueError(
            f"crop.side_mm = {crop.side_mm:g} at crop.spacing_mm = {crop.spacing_mm:g} makes {size} voxels a side: "
            f"between {SMALLEST} and {LARGEST} can be shown"
        )
