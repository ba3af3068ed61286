"""Everything that is measured of one case, from what a reader's browser fetches and from its masks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readerstudy.domain.leak_audit.measures import (
    Mask,
    Measures,
    Slices,
    Spacing,
    distance_around,
    measure_file,
    measure_organ,
    measure_surroundings,
    measure_tumor,
)

SAMPLED_SLICES = 10  # from all over the volume, and as many from the organ
MARGIN_MM = 5.0  # around a tumour, left out of what is measured outside it


@dataclass(frozen=True)
class ShownCase:
    """A case as it is displayed: arrays are [slice, row, column], spacing in mm in the same order.

    Attributes
    ----------
    shape, spacing_mm
    offsets : sequence of int
        Slices + 1 positions in the file that is sent.
    cue_slice : int
        The slice shown first.
    read_slice : callable
        Slice number → HU, shape (rows, columns).
    tumor : ndarray of bool
    organ : ndarray of bool or None
    """

    shape: Sequence[int]
    spacing_mm: Spacing
    offsets: Sequence[int]
    cue_slice: int
    read_slice: Callable[[int], Slices]
    tumor: Mask
    organ: Mask | None


def measure_shown(case: ShownCase) -> Measures:
    """Return every measure of a case that its slices and masks give."""
    tumor, organ, spacing_mm = case.tumor, case.organ, case.spacing_mm
    box, distance_mm = distance_around(tumor, MARGIN_MM, spacing_mm)
    outside = np.ones(tumor.shape, dtype=bool)
    outside[box] = distance_mm > MARGIN_MM
    shown = _spread_out(np.arange(max(len(tumor) - 1, 1)))
    following = np.minimum(shown + 1, len(tumor) - 1)
    measures = {
        **measure_file(shape=case.shape, spacing_mm=spacing_mm, offsets=case.offsets, cue_slice=case.cue_slice),
        "field_mm": case.shape[2] * spacing_mm[2],
        "coverage_mm": case.shape[0] * spacing_mm[0],
        **measure_surroundings(
            _stack(case, shown), _stack(case, following), outside[shown] & outside[following], spacing_mm
        ),
        **measure_tumor(box, distance_mm, organ, shape=case.shape, spacing_mm=spacing_mm),
    }
    if organ is not None:
        held = _spread_out(np.flatnonzero(organ.any(axis=(1, 2))))
        measures |= measure_organ(_stack(case, held), organ[held] & outside[held])
    return measures


def _spread_out(numbers: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return up to `SAMPLED_SLICES` of the numbers, evenly from the first to the last."""
    places = np.unique(np.linspace(0, len(numbers) - 1, SAMPLED_SLICES).round().astype(np.intp))
    chosen: npt.NDArray[np.intp] = numbers[places]
    return chosen


def _stack(case: ShownCase, numbers: npt.NDArray[np.intp]) -> Slices:
    return np.stack([case.read_slice(number) for number in numbers.tolist()])
