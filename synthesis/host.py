"""The CT and the organ in it that a tumour is put into."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from synthesis.errors import UnusableInput
from synthesis.masks import Box, Mask, bounding_box
from synthesis.noise import Noise, measure_noise
from synthesis.organs import Organ
from synthesis.overview import Overview, overview
from synthesis.phase import Enhancement, Phase, estimate_phase
from synthesis.point_spread import measure_point_spread_mm
from synthesis.volume import Volume

_PLANES, _SLICES = 64, 16  # of a block: small enough for a processor's cache, where both orders are near


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
    region: str = ""  # where in the organ a new tumour shall lie, one of `synthesis.regions`; empty for anywhere

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
    def overview(self) -> Overview:
        """The organ at a few millimetres' resolution."""
        return overview(self.ct, self.organ_mask, self.box)

    @property
    def largest_diameter_mm(self) -> float:
        """Diameter in mm of the largest sphere that the organ holds."""
        return 2 * float(self.overview.depth_mm.max())

    def depth_mm(self, voxel: Sequence[float]) -> float:
        """Return the distance in mm from a place, in voxels, to the organ's surface, at the least; 0 outside."""
        view = self.overview
        block = [int((at - o) // f) for at, o, f in zip(voxel, view.origin, view.factors, strict=True)]
        within = all(0 <= b < n for b, n in zip(block, view.depth_mm.shape, strict=True))
        return float(view.depth_mm[block[0], block[1], block[2]]) if within else 0.0

    @cached_property
    def parenchyma_hu(self) -> float:
        """The organ's own parenchyma in this CT; see `Organ.parenchyma_hu`."""
        every = tuple(slice(None, None, factor) for factor in self.overview.factors)
        return self.organ.parenchyma_hu(self.ct.hu[self.box][every][self.organ_mask[self.box][every]])

    @cached_property
    def phase(self) -> Phase:
        """The contrast phase, told from how bright and how uneven the organ is."""
        inside = self.overview.inside
        smooth = self.overview.smooth_hu[inside if inside.any() else ...]
        return estimate_phase(Enhancement.of(self.parenchyma_hu, smooth), self.organ.enhancement)

    @cached_property
    def noise(self) -> Noise:
        """New noise with the spectrum of this CT's, near the organ."""
        return measure_noise(self.ct, self.box)

    @cached_property
    def point_spread_mm(self) -> float:
        """Standard deviation in mm of the scanner's in-plane blur; see `measure_point_spread_mm`."""
        return measure_point_spread_mm(self.ct, self.box)

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
    return ct_hashes(ct)[0]


def ct_hashes(ct: Volume) -> tuple[str, str]:
    """Return `ct_hash`, and the SHA-256 of voxels and shape alone, which another affine does not change."""
    digest = hashlib.sha256()
    for start in range(0, ct.shape[0], _PLANES):
        digest.update(_in_c_order(ct.hu[start : start + _PLANES]).data)
    digest.update(np.array(ct.shape, dtype="<i8").tobytes())
    voxels = digest.hexdigest()
    digest.update(np.ascontiguousarray(ct.affine, dtype="<f8").tobytes())
    return digest.hexdigest(), voxels


def _in_c_order(hu: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """Return little-endian voxels in C order, copied block by block: four times as fast as at once."""
    if hu.flags.c_contiguous:
        return np.asarray(hu, dtype="<i2")
    ordered = np.empty(hu.shape, dtype="<i2")
    for k in range(0, hu.shape[2], _SLICES):
        ordered[..., k : k + _SLICES] = hu[..., k : k + _SLICES]
    return ordered
