"""Where a lesion is: the slice that a case opens at, and the voxel that a marker points to. Both arms alike."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage


def cue_slice(tumor: npt.NDArray[np.generic]) -> int:
    """Return the slice with the largest area of tumour; of several, the middle one.

    Parameters
    ----------
    tumor : array, shape (slices, rows, columns)
        Non-zero in the tumour, which is not empty.
    """
    area = np.count_nonzero(tumor, axis=(1, 2))
    largest = np.flatnonzero(area == area.max())
    return int(largest[len(largest) // 2])


def cue_point(tumor: npt.NDArray[np.generic], spacing_mm: tuple[float, float, float]) -> tuple[int, int, int]:
    """Return a voxel of the tumour near the middle of its largest piece in the slice of `cue_slice`.

    Pieces are of voxels that touch by their sides; of equally large ones the first in raster order counts. The
    voxel is the one nearest to the piece's centre of mass, in millimetres; of equally near ones the first in
    raster order.

    Parameters
    ----------
    tumor : array, shape (slices, rows, columns)
        Non-zero in the tumour, which is not empty.
    spacing_mm : tuple of float
        (slice, row, column).

    Returns
    -------
    tuple of int
        (slice, row, column), whole voxels.
    """
    number = cue_slice(tumor)
    pieces, _ = ndimage.label(tumor[number] != 0)
    largest = 1 + int(np.argmax(np.bincount(pieces.ravel())[1:]))
    voxels = np.argwhere(pieces == largest)
    offsets_mm = (voxels - voxels.mean(axis=0)) * np.asarray(spacing_mm[1:])
    nearest = np.round(np.square(offsets_mm).sum(axis=1), 6).argmin()  # rounded: ties must not hang on the last bit
    row, column = voxels[nearest]
    return number, int(row), int(column)
