"""Lesions of a tumour mask: their rows, and which organ they belong to.

`synthesis` is imported inside the functions, so that web processes never load it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readerstudy.models.vocabulary import MeasuredOn
from readerstudy.models.volume import Lesion, OrganScan

if TYPE_CHECKING:
    from synthesis.host import Host
    from synthesis.lesions import MeasuredLesion

Mask = npt.NDArray[np.bool_]


def tumor_fields(lesions: Sequence[MeasuredLesion]) -> dict[str, object]:
    """Return what a scan or a run keeps of its tumour: the largest lesion's diameter, and the volume of all."""
    largest = lesions[0]
    return {
        "diameter_mm": largest.diameter_mm,
        "measured_on": MeasuredOn.HALF_CONTRAST if largest.outline else MeasuredOn.MASK,
        "tumor_ml": sum(lesion.compared_volume_mm3 for lesion in lesions) / 1000,
    }


def lesion_rows(scan: OrganScan, lesions: Sequence[MeasuredLesion], host: Host | None, *, kind: str) -> list[Lesion]:
    """Return the rows of a scan's lesions, not saved yet; `host` is their organ, where it is known."""
    return [_row(scan, number, lesion, host, kind) for number, lesion in enumerate(lesions, start=1)]


def _row(scan: OrganScan, number: int, lesion: MeasuredLesion, host: Host | None, kind: str) -> Lesion:
    row = Lesion(
        scan=scan,
        number=number,
        kind=kind,
        volume_ml=lesion.volume_mm3 / 1000,
        equivalent_mm=lesion.equivalent_mm,
        longest_mm=lesion.longest_mm,
        no_edge=lesion.no_edge,
    )
    if lesion.outline:
        row.half_volume_ml = lesion.outline.volume_mm3 / 1000
        row.half_equivalent_mm = lesion.outline.equivalent_diameter_mm
        row.half_longest_mm = lesion.outline.longest_diameter_mm
        row.edge_mm = lesion.outline.offset_mm
        row.contrast_hu = lesion.outline.contrast_hu
    if host is not None:
        row.place = [
            round(float(np.clip((at - axis.start) / max(axis.stop - axis.start - 1, 1), 0, 1)), 3)
            for at, axis in zip(lesion.center, host.box, strict=True)
        ]
        row.depth_mm = host.depth_mm(lesion.center)
    return row


def count_lesions(tumor: Mask) -> int:
    from synthesis.lesions import NEIGHBOURS

    return int(ndimage.label(tumor, structure=NEIGHBOURS)[1])


def touches(tumor: Mask, organ: Mask) -> bool:
    """Whether two masks share or adjoin a voxel: some data sets cut the tumour out of its organ."""
    from synthesis.lesions import NEIGHBOURS
    from synthesis.masks import bounding_box

    box = bounding_box(tumor, margin=(1, 1, 1))
    return bool((ndimage.binary_dilation(tumor[box], NEIGHBOURS) & organ[box]).any())


def touching(tumor: Mask, organ: Mask) -> Mask | None:
    """Return the lesions of a mask that share or adjoin a voxel with an organ; None where none does."""
    from synthesis.lesions import NEIGHBOURS
    from synthesis.masks import bounding_box

    box = bounding_box(tumor, margin=(1, 1, 1))
    parts, _ = ndimage.label(tumor[box], structure=NEIGHBOURS)
    near = ndimage.binary_dilation(organ[box], NEIGHBOURS)
    own = np.setdiff1d(np.unique(parts[near]), [0])
    if not own.size:
        return None
    lesions = np.zeros_like(tumor)
    lesions[box] = np.isin(parts, own)
    return lesions
