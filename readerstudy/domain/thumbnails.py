"""Thumbnails of imported scans: the slice that shows most, as a small PNG without a word in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image

from readerstudy.domain.store import Shelf
from readerstudy.models.stored_file import StoredFile

if TYPE_CHECKING:
    from synthesis.volume import Volume

Mask = npt.NDArray[np.bool_]

LONGEST_PX = 128
DETAIL_MM = 120.0
WINDOW_LOW_HU, WINDOW_HIGH_HU = -150.0, 250.0


def write_thumbnail(shelf: Shelf, ct: Volume, *masks: Mask | None) -> StoredFile:
    """Store the thumbnail of a CT on its RAS+ grid, at the slice where the first mask that there is is largest."""
    mask = next((mask for mask in masks if mask is not None), None)
    image = draw_thumbnail(ct.hu[:, :, shown_slice(mask, ct.shape[2])], ct.spacing_mm)
    return shelf.write(lambda file: image.save(file, format="PNG", optimize=True))


def shown_slice(mask: Mask | None, slices: int) -> int:
    """Return the slice with the largest area of the mask, the middle one of several; without a mask, the middle one."""
    if mask is None:
        return slices // 2
    area = mask.reshape(-1, slices).view(np.uint8).sum(axis=0, dtype=np.uint32)  # several times count_nonzero's speed
    largest = np.flatnonzero(area == area.max())
    return int(largest[len(largest) // 2])


def draw_thumbnail(slice_hu: npt.NDArray[np.int16], spacing_mm: tuple[float, ...]) -> Image.Image:
    """Return an axial slice as radiologists look at it, in a soft-tissue window.

    Parameters
    ----------
    slice_hu : array of int16, shape (i, j)
        Axes towards the patient's right and front (RAS+).
    spacing_mm : tuple of float
        Along i and j (and, if given, k).

    Returns
    -------
    PIL.Image.Image
        Grey, 8 bits; its longest side has `LONGEST_PX` pixels, which are square in mm.
    """
    rows_and_columns = slice_hu[::-1, ::-1].T  # from the front to the back, from the patient's right to the left
    return _draw(rows_and_columns, (spacing_mm[1], spacing_mm[0]))


def draw_detail(
    slice_hu: npt.NDArray[np.int16], spacing_mm: tuple[float, float], center: tuple[int, int]
) -> Image.Image:
    """Return what lies around a pixel of a slice as it is displayed, `DETAIL_MM` wide; see `draw_thumbnail`."""
    half = [max(1, round(DETAIL_MM / 2 / mm)) for mm in spacing_mm]
    rows, columns = (
        slice(max(0, at - reach), min(length, at + reach + 1))
        for at, reach, length in zip(center, half, slice_hu.shape, strict=True)
    )
    return _draw(slice_hu[rows, columns], spacing_mm)


def _draw(rows_and_columns: npt.NDArray[np.int16], spacing_mm: tuple[float, float]) -> Image.Image:
    grey = np.interp(rows_and_columns, (WINDOW_LOW_HU, WINDOW_HIGH_HU), (0, 255)).astype(np.uint8)
    height_mm, width_mm = (n * mm for n, mm in zip(grey.shape, spacing_mm, strict=True))
    scale = LONGEST_PX / max(height_mm, width_mm)
    size = (max(1, round(width_mm * scale)), max(1, round(height_mm * scale)))
    return Image.fromarray(np.ascontiguousarray(grey)).resize(size, Image.Resampling.BOX)
