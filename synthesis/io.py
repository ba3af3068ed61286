# mypy: untyped-calls-exclude=nibabel
"""NIfTI files in and out: CTs, masks and label maps, accepted whole and correct or refused with one sentence."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.errors import UnusableInput
from synthesis.nifti import InvalidVolume, open_nifti, read_canonical
from synthesis.volume import Volume

__all__ = [
    "InvalidVolume",
    "MaskResampled",
    "NotHounsfield",
    "OffGrid",
    "check_true_hu",
    "labels_on_grid",
    "labels_to_mask",
    "read_ct",
    "read_labels",
    "read_mask",
    "write_nifti",
]

SAME_GRID_VOXELS = 0.1  # grids whose corners lie closer than this are one grid


class NotHounsfield(UnusableInput):
    """The values of a volume are not Hounsfield units."""


class OffGrid(UnusableInput):
    """A mask does not lie on a grid that belongs to its CT's."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(f"{cause}; {remedy}.")
        self.cause, self.remedy = cause, remedy


class MaskResampled(UserWarning):
    """A mask lay on another grid than its CT and was resampled to it by nearest neighbour."""


def read_ct(path: Path | str) -> Volume:
    """Read a CT in Hounsfield units, turned to the closest canonical (RAS+) orientation.

    Parameters
    ----------
    path : path
        A ``.nii`` or ``.nii.gz`` file. The header's slope and intercept are applied in double precision;
        values are rounded to whole HU and clipped to int16.

    Returns
    -------
    Volume
        ``hu`` lies on the file's own voxels: axes are flipped and swapped, never resampled.

    Raises
    ------
    InvalidVolume
        If the file cannot be read whole, is not a 3-D scalar volume with finite values and a sane affine,
        or does not hold true HU (see `_check_true_hu`).
    """
    path = Path(path)
    volume = Volume(*read_canonical(path, open_nifti(path), whole_numbers_only=False))
    try:
        check_true_hu(volume.hu)
    except NotHounsfield as error:
        raise InvalidVolume(
            path,
            str(error),
            "export the CT with its rescale slope and intercept applied (air near -1000, water 0)",
        ) from error
    return volume


def read_labels(path: Path | str, *, like: Volume) -> npt.NDArray[np.int16]:
    """Read a mask of one or many labels onto the grid of a CT.

    A mask with the CT's own number of voxels must lie on the CT's own grid: the same shape under another
    affine is the mark of a broken export (most often a shift by one voxel), and trusting either of the two
    would move every tumour. A mask of another shape that covers part of the CT is resampled by nearest
    neighbour, with a `MaskResampled` warning.

    Parameters
    ----------
    path : path
        A ``.nii`` or ``.nii.gz`` file of whole numbers.
    like : Volume
        The CT, as `read_ct` gave it.

    Returns
    -------
    ndarray of int16, shape of `like`

    Raises
    ------
    InvalidVolume
        If the file cannot be read whole, holds fractions, or lies on a grid that does not belong to the CT's.
    """
    path = Path(path)
    labels, affine = read_canonical(path, open_nifti(path), whole_numbers_only=True)
    try:
        on_grid, resampled = labels_on_grid(labels, affine, like=like)
    except OffGrid as error:
        raise InvalidVolume(path, error.cause, error.remedy) from error
    if resampled:
        warnings.warn(
            f"{path.name}: the mask's grid of shape {labels.shape} is not the CT's {like.shape}; "
            "it was resampled by nearest neighbour.",
            MaskResampled,
            stacklevel=2,
        )
    return on_grid


def read_mask(path: Path | str, *, like: Volume, labels: Sequence[int] | None = None) -> npt.NDArray[np.bool_]:
    """Read a mask onto the grid of a CT; see `read_labels`.

    Parameters
    ----------
    path : path
        A ``.nii`` or ``.nii.gz`` file of whole numbers.
    like : Volume
        The CT, as `read_ct` gave it.
    labels : sequence of int, optional
        The values that belong to the organ; None or empty means every value but zero.

    Returns
    -------
    ndarray of bool, shape of `like`

    Raises
    ------
    InvalidVolume
        As `read_labels`, and if the mask has no voxel of the labels.
    """
    held = read_labels(path, like=like)
    mask = labels_to_mask(held, labels)
    if not mask.any():
        asked = f"no voxel with label {' or '.join(map(str, labels))}" if labels else "no voxel but zeros"
        some = ", ".join(str(value) for value in np.unique(held)[:12])
        raise InvalidVolume(Path(path), f"the mask has {asked} (it holds {some})", "check the file and the labels")
    return mask


def labels_to_mask(held: npt.NDArray[np.integer], labels: Sequence[int] | None) -> npt.NDArray[np.bool_]:
    """Return where a map holds one of the labels; where it is not zero, for None or no label."""
    if not labels:
        return np.asarray(held != 0)
    mask = np.asarray(held == labels[0])
    for label in labels[1:]:
        mask |= held == label
    return mask


def write_nifti(
    path: Path | str,
    values: npt.NDArray[np.int16] | npt.NDArray[np.uint8],
    affine: npt.NDArray[np.float64],
    *,
    on_grid_of: Path | str | None = None,
) -> None:
    """Write an array as NIfTI, its data type kept and its values unscaled.

    Parameters
    ----------
    path : path
        A ``.nii`` or ``.nii.gz`` file; the same input gives the same bytes.
    values : ndarray of int16 or uint8, shape (I, J, K)
    affine : ndarray, shape (4, 4)
        Voxel indices of `values` to RAS+ mm.
    on_grid_of : path, optional
        A file whose canonical form `values` lies on (as from `read_ct`): axes are turned back to that
        file's own order and direction and its affine is written, so that the two overlay voxel by voxel.
    """
    if on_grid_of is not None:
        original = open_nifti(Path(on_grid_of)).affine
        turn = nib.orientations.ornt_transform(
            nib.orientations.io_orientation(affine), nib.orientations.io_orientation(original)
        )
        values, affine = nib.orientations.apply_orientation(values, turn), original
    image = nib.Nifti1Image(values, affine)
    image.set_sform(affine, code="scanner")
    image.set_qform(affine, code="scanner")
    image.header.set_xyzt_units("mm")
    image.header.set_slope_inter(1, 0)
    nib.save(image, path)


def check_true_hu(hu: npt.NDArray[np.int16]) -> None:
    """Raise `NotHounsfield` for values that are not Hounsfield units: gray levels, offset or normalised values, MR.

    In true HU a body is mostly fat, muscle and parenchyma (-150 to 200 HU), bone above 700 HU is rare, and
    some voxels (air, lung, fat) lie below -50 HU. Scanner values with their offset of 1024 kept, 0..255
    gray levels and values normalised to a few units each break one of these. Judged on about a million
    voxels; a window that was clipped but not shifted cannot be told from HU and passes.
    """
    sample = hu.ravel(order="K")[:: max(1, hu.size // 1_000_000)]
    body = sample[sample > -300]
    true_hu = (
        body.size >= 0.01 * sample.size
        and -150 <= float(np.median(body)) <= 200
        and float(np.mean(body > 700)) < 0.2
        and bool((sample < -50).any())
    )
    if not true_hu:
        raise NotHounsfield(f"the values ({hu.min()} to {hu.max()}) are not Hounsfield units")


def labels_on_grid(
    labels: npt.NDArray[np.int16], affine: npt.NDArray[np.float64], *, like: Volume
) -> tuple[npt.NDArray[np.int16], bool]:
    """Bring a canonical map of labels onto a CT's grid, or raise `OffGrid`; see `read_labels`.

    Returns
    -------
    labels : ndarray of int16, shape of `like`
    resampled : bool
        Whether they lay on another grid.
    """
    if labels.shape == like.shape:
        distance_mm = _largest_corner_distance_mm(affine, like.affine, like.shape)
        if distance_mm <= SAME_GRID_VOXELS * min(like.spacing_mm):
            return labels, False
        shift = ", ".join(f"{d:.1f}" for d in affine[:3, 3] - like.affine[:3, 3])
        raise OffGrid(
            f"the mask has the CT's shape but not its affine (the origin is shifted by {shift} mm, "
            f"the corners lie up to {distance_mm:.1f} mm apart)",
            "export the mask again on the CT's own grid",
        )
    ct_to_mask = np.linalg.inv(affine) @ like.affine
    start = np.rint(ct_to_mask[:3, 3])
    part_of_grid = np.c_[np.eye(3), start] - ct_to_mask[:3]
    if np.abs(part_of_grid @ np.r_[like.shape, 1]).max() <= SAME_GRID_VOXELS:
        return _cropped(labels, start.astype(int), like.shape), False
    resampled = np.asarray(
        ndimage.affine_transform(labels, ct_to_mask, output_shape=like.shape, order=0, mode="constant", cval=0)
    )
    if not resampled.any() and labels.any():
        raise OffGrid("the mask lies outside the CT", "check that the two belong together")
    return resampled, True


def _cropped(
    labels: npt.NDArray[np.int16], start: npt.NDArray[np.int_], shape: tuple[int, int, int]
) -> npt.NDArray[np.int16]:
    """Return labels of voxels that are the CT's own, but more or fewer: voxel `start` is the CT's first."""
    whole = np.zeros(shape, dtype=np.int16)
    into = tuple(slice(max(-s, 0), max(min(m - s, n), 0)) for s, m, n in zip(start, labels.shape, shape, strict=True))
    out_of = tuple(slice(i.start + s, i.stop + s) for i, s in zip(into, start, strict=True))
    if any(i.start >= i.stop for i in into):
        raise OffGrid("the mask lies outside the CT", "check that the two belong together")
    whole[into] = labels[out_of]
    return whole


def _largest_corner_distance_mm(
    first: npt.NDArray[np.float64], second: npt.NDArray[np.float64], shape: tuple[int, int, int]
) -> float:
    """Largest distance in mm between the places where two affines put the corners of one array."""
    corners = np.array([*np.ndindex(2, 2, 2)]) * (np.array(shape) - 1)
    homogeneous = np.c_[corners, np.ones(8)]
    return float(np.linalg.norm(((first - second) @ homogeneous.T)[:3], axis=0).max())
