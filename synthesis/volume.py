"""A CT volume: Hounsfield units on a grid in patient space."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Volume:
    """A CT volume in Hounsfield units.

    Attributes
    ----------
    hu : ndarray of int16, shape (I, J, K)
        Radiodensity in HU, indexed ``[i, j, k]``.
    affine : ndarray of float64, shape (4, 4)
        Maps homogeneous voxel indices ``(i, j, k, 1)`` (centres of voxels) to RAS+ mm.

    Raises
    ------
    ValueError
        If the array is not three-dimensional int16, is empty, or the affine is not a finite,
        invertible 4x4 matrix.
    """

    hu: npt.NDArray[np.int16]
    affine: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.hu.ndim != 3 or self.hu.dtype != np.int16 or self.hu.size == 0:
            raise ValueError(
                f"A volume needs a non-empty 3-D int16 array, not {self.hu.dtype} of shape {self.hu.shape}."
            )
        if self.affine.shape != (4, 4) or self.affine.dtype != np.float64:
            raise ValueError(
                f"A volume needs a 4x4 float64 affine, not {self.affine.dtype} of shape {self.affine.shape}."
            )
        if not np.isfinite(self.affine).all() or abs(np.linalg.det(self.affine[:3, :3])) < 1e-9:
            raise ValueError("A volume needs a finite, invertible affine.")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along i, j and k."""
        i, j, k = self.hu.shape
        return i, j, k

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance in mm between neighbouring voxels along i, j and k."""
        i, j, k = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(i), float(j), float(k)
