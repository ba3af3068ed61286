"""What a whole CT shows: how noisy it is, and whether a head is in it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.realism import noise_residual
from synthesis.volume import Volume

_SLICES = 12  # that are looked through for even tissue
_PATCH_MM = 16.0
_FEWEST_VOXELS = 6  # along a patch's edge
_SOFT_TISSUE_HU = (0.0, 250.0)
_EVEN_PATCHES = 0.12  # share of the soft-tissue patches, the evenest, that are taken for noise
_FEWEST_PATCHES = 8

_COARSE_MM = 3.0  # in plane, for the head
_SLICE_STEP_MM = 6.0
_BODY_HU, _BONE_HU = -300, 200
_HEAD_MM = (100.0, 260.0)  # the larger extent of a head's section
_CAVITY = 0.45  # share of the section that the skull encloses
_BRAIN_HU = (0.0, 100.0)  # and what it encloses, in the median
_LEAST_HEIGHT_MM = 15.0


def noise_hu(ct: Volume) -> float | None:
    """Return the noise of a CT in HU; None where it shows no even soft tissue.

    The standard deviation of `synthesis.realism.noise_residual` in the evenest 12 % of the soft-tissue patches of
    16 x 16 mm of up to twelve slices: anatomy only adds to a patch's variance. Patches are chosen in one slice and
    measured in the next, or the least noisy by chance would be taken for the least noisy.
    """
    edge = max(_FEWEST_VOXELS, round(_PATCH_MM / float(np.mean(ct.spacing_mm[:2]))))
    last = max(ct.shape[2] - 2, 0)
    levels = np.unique(np.linspace(0, last, _SLICES).round().astype(int))
    columns, rows = (n // edge for n in ct.shape[:2])
    if not columns or not rows:
        return None

    def patches(values: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        cut = values[: columns * edge, : rows * edge].reshape(columns, edge, rows, edge, levels.size)
        return cut.transpose(0, 2, 4, 1, 3).reshape(-1, edge, edge)

    following = ct.hu[..., np.minimum(levels + 1, ct.shape[2] - 1)].astype(np.float32)
    seen = [patches(values) for values in (ct.hu[..., levels].astype(np.float32), following)]
    variance = seen[0].var(axis=(1, 2))
    is_soft = variance > 0
    for mean in (values.mean(axis=(1, 2)) for values in seen):
        is_soft &= (mean > _SOFT_TISSUE_HU[0]) & (mean < _SOFT_TISSUE_HU[1])
    soft = np.flatnonzero(is_soft)
    if soft.size < _FEWEST_PATCHES:
        return None
    evenest = soft[np.argsort(variance[soft], kind="stable")[: max(int(_EVEN_PATCHES * soft.size), _FEWEST_PATCHES)]]
    residual = noise_residual(np.moveaxis(seen[1][evenest], 0, -1))
    return float(residual[1:-1, 1:-1].std())  # at a patch's border neighbours are missing


def shows_head(ct: Volume) -> bool:
    """Whether a skull is in the field of view of a CT on a RAS+ grid.

    Over a height of 15 mm and more, axial sections of 10-26 cm whose bone encloses most of them, and brain in that.
    A face without the skull above it (a neck scan up to the teeth) is not told.
    """
    along = [max(1, int(_COARSE_MM / s)) for s in ct.spacing_mm[:2]]
    step = max(1, int(_SLICE_STEP_MM / ct.spacing_mm[2]))
    coarse = ct.hu[:: along[0], :: along[1], ::step]
    in_plane_mm = (along[0] * ct.spacing_mm[0], along[1] * ct.spacing_mm[1])
    sections = [_is_skull(coarse[..., k], in_plane_mm) for k in range(coarse.shape[2])]
    longest = run = 0
    for skull in sections:
        run = run + 1 if skull else 0
        longest = max(longest, run)
    return longest * step * ct.spacing_mm[2] >= _LEAST_HEIGHT_MM


def _is_skull(section: npt.NDArray[np.int16], spacing_mm: tuple[float, float]) -> bool:
    """Whether one axial section, with spacing in its array's order, is one of a skull."""
    parts, count = ndimage.label(section > _BODY_HU)
    if not count:
        return False
    body = parts == np.bincount(parts.ravel())[1:].argmax() + 1
    extents = [np.ptp(np.flatnonzero(body.any(axis=1 - axis))) * spacing_mm[axis] for axis in (0, 1)]
    if not _HEAD_MM[0] <= max(extents) <= _HEAD_MM[1]:
        return False
    bone = ndimage.binary_closing(body & (section > _BONE_HU), iterations=2)
    cavity = ndimage.binary_fill_holes(bone) & ~bone
    if np.count_nonzero(cavity) < _CAVITY * np.count_nonzero(ndimage.binary_fill_holes(body)):
        return False
    return _BRAIN_HU[0] <= float(np.median(section[cavity])) <= _BRAIN_HU[1]
