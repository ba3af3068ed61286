"""The CT and the organ in it that a tumour is put into."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.errors import UnusableInput
from synthesis.masks import Box, Mask, bounding_box
from synthesis.organs import Organ
from synthesis.volume import Volume


class InvalidHost(UnusableInput):
    """A CT and an organ mask do not belong together."""


@dataclass(frozen=True, eq=False)
class Host:
    """A CT, one organ's mask on its grid, and the organ's numbers; what is derived is computed once.

    Raises
    ------
    InvalidHost
        If the mask is not a bool array of the CT's shape, or is empty.
    """

    ct: Volume
    organ_mask: Mask
    organ: Organ

    def __post_init__(self) -> None:
        if self.organ_mask.dtype != np.bool_ or self.organ_mask.shape != self.ct.shape:
            raise InvalidHost(
                f"The {self.organ.name} mask must be a bool array of the CT's shape {self.ct.shape}, "
                f"not {self.organ_mask.dtype} of shape {self.organ_mask.shape}."
            )
        if not self.organ_mask.any():
            raise InvalidHost(f"The {self.organ.name} mask is empty; check the mask and its labels.")

    @cached_property
    def box(self) -> Box:
        """The smallest box around the organ."""
        return bounding_box(self.organ_mask)

    @cached_property
    def depth_mm(self) -> npt.NDArray[np.float64]:
        """Distance in mm within `box` to the nearest voxel that is not the organ's.

        What lies beyond the volume's edge counts as not the organ's, so that no tumour is cut off by it.
        """
        padded = np.pad(self.organ_mask[self.box], 1)
        depth = ndimage.distance_transform_edt(padded, sampling=self.ct.spacing_mm)
        return np.asarray(depth)[1:-1, 1:-1, 1:-1]

    @property
    def largest_diameter_mm(self) -> float:
        """Diameter in mm of the largest sphere that the organ holds."""
        return 2 * float(self.depth_mm.max())

    @cached_property
    def parenchyma_hu(self) -> float:
        """The organ's own parenchyma in this CT; see `Organ.parenchyma_hu`."""
        return self.organ.parenchyma_hu(self.ct.hu[self.organ_mask])

    @cached_property
    def ct_hash(self) -> str:
        """SHA-256 of the CT's voxels, shape and affine."""
        return ct_hash(self.ct)

    @cached_property
    def mask_hash(self) -> str:
        """SHA-256 of the organ's mask."""
        return hashlib.sha256(np.packbits(self.organ_mask).tobytes()).hexdigest()


def ct_hash(ct: Volume) -> str:
    """Return the SHA-256 of a CT's voxels (int16, C order, little-endian), shape and affine, in hex."""
    digest = hashlib.sha256(np.ascontiguousarray(ct.hu, dtype="<i2").data)
    digest.update(np.array(ct.shape, dtype="<i8").tobytes())
    digest.update(np.ascontiguousarray(ct.affine, dtype="<f8").tobytes())
    return digest.hexdigest()
