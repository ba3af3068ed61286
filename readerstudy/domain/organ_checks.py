"""What an organ-recognition study can have, and what it can't: said in a sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from readerstudy.domain.crops import crop_size

if TYPE_CHECKING:
    from readerstudy.domain.design import StudyDesign

SMALLEST, LARGEST = 9, 301  # voxels of a crop's side


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
