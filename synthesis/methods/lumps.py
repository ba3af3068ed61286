"""The unevenness of a tumour: smooth noise from a small periodic tile, at any scale and from any offset."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy import ndimage

from synthesis.methods.lattice import Field

TILE = 32  # edge, in tile voxels

_TILE_SIGMA = 2.0  # correlation length, in tile voxels


def lumps(offsets_mm: Field, *, length_mm: float, offset: Sequence[float]) -> Field:
    """Return smooth noise of unit variance at some places.

    Parameters
    ----------
    offsets_mm : ndarray, shape (3, ...)
    length_mm : float
        Standard deviation of the Gaussian that the noise is smoothed with.
    offset : three floats
        Where in the tile the place (0, 0, 0) lies, in tile voxels.
    """
    places = offsets_mm * np.float32(_TILE_SIGMA / length_mm)
    places += np.array(offset, dtype=np.float32).reshape(3, *[1] * (offsets_mm.ndim - 1))
    return np.asarray(ndimage.map_coordinates(smooth_tile(), places, order=1, mode="grid-wrap"))


@cache
def smooth_tile() -> Field:
    """Return the tile, made on first use."""
    white = np.random.default_rng(20260102).standard_normal((TILE, TILE, TILE), dtype=np.float32)
    tile = ndimage.gaussian_filter(white, _TILE_SIGMA, mode="wrap")
    return np.asarray(tile / tile.std())
