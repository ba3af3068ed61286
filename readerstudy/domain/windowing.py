"""From Hounsfield units to gray, as DICOM defines it.

The application paints in the browser; this is the reference that the browser's gray values are tested against.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

GRAY_MAX = 255


def apply_window(hu: NDArray[Any], *, window_center: float, window_width: float) -> NDArray[np.uint8]:
    """Return the gray values of Hounsfield units under a window.

    The linear VOI function of DICOM PS3.3 C.11.2.1.2.1, with y from 0 to 255, c the center, w the width::

        x <= c - 0.5 - (w - 1) / 2    ->  y = 0
        x >  c - 0.5 + (w - 1) / 2    ->  y = 255
        else                              y = ((x - (c - 0.5)) / (w - 1) + 0.5) * 255

    DICOM leaves the rounding open; here y is rounded to the nearest whole number, halves up. The last line is
    computed as ``(x - (c - 0.5) + (w - 1) / 2) * 255 / (w - 1)``: for whole and half HU all but the division
    is exact, so no half is missed. The browser's table (`static/readerstudy/js/viewer/window.js`) does the
    same, and both are tested against `tests/vectors/window.json`.

    Parameters
    ----------
    hu : array
        Hounsfield units, any shape and real number type.
    window_center, window_width : float
        In HU; the width is at least 1.

    Returns
    -------
    array of uint8, same shape
        0 is black, 255 white.

    Raises
    ------
    ValueError
        If the width is below 1.
    """
    if window_width < 1:
        raise ValueError(f"A window is at least 1 HU wide; this one is {window_width}.")
    values = np.asarray(hu, dtype=np.float64)
    middle = window_center - 0.5
    span = window_width - 1
    gray = np.where(values > middle + span / 2, float(GRAY_MAX), 0.0)
    inside = (values > middle - span / 2) & (values <= middle + span / 2)
    gray[inside] = (values[inside] - middle + span / 2) * GRAY_MAX / span
    return np.floor(gray + 0.5).astype(np.uint8)
