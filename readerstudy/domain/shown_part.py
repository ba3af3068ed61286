"""What a study shows of a CT: all of it, or in organ recognition the crop around its tumour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from readerstudy.domain.crops import Affine, Mask, crop_around

if TYPE_CHECKING:
    from readerstudy.domain.design import CropDesign
    from synthesis.volume import Volume


@dataclass(frozen=True)
class Shown:
    """What readers see of a CT, before it is turned for display.

    Attributes
    ----------
    hu, tumor : array, shape (i, j, k)
        HU, and where the tumour is.
    affine : array, shape (4, 4)
        Voxel indices to RAS+ millimetres.
    spacing_mm : tuple of float
        Along i, j and k.
    cue : tuple of int or None
        The displayed voxel (slice, row, column) that is pointed to, the same for every crop; None: see `lesion_cue`.
    """

    hu: npt.NDArray[Any]
    tumor: Mask
    affine: Affine
    spacing_mm: tuple[float, float, float]
    cue: tuple[int, int, int] | None = None


def shown_part(ct: Volume, tumor: Mask, crop: CropDesign | None) -> Shown:
    """Return the part of a CT that a study shows: all of it, or the crop around its tumour."""
    if crop is None:
        return Shown(ct.hu, tumor, ct.affine, ct.spacing_mm)
    cube = crop_around(
        ct.hu, tumor, ct.affine, side_mm=crop.side_mm, spacing_mm=crop.spacing_mm, margin_mm=crop.kept_mm
    )
    middle = cube.grid.size // 2
    return Shown(cube.hu, cube.tumor, cube.grid.affine, (crop.spacing_mm,) * 3, (middle,) * 3)
