# mypy: untyped-calls-exclude=nibabel
"""NIfTI files in and out: the one place where a file from outside is checked.

A CT or mask is accepted whole and correct, or refused with one sentence. The header is read first and
judged before anything of the size that it promises is allocated; the voxels are then streamed, so that a
truncated or corrupt file is noticed wherever it breaks off.
"""

from __future__ import annotations

import gzip
import math
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, cast

import nibabel as nib
import numpy as np
import numpy.typing as npt
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError, HeaderTypeError
from scipy import ndimage

from synthesis.errors import UnusableInput
from synthesis.volume import Volume

MAX_BYTES = 2 * 1024**3  # voxel data of one file; 512 x 512 x 2000 slices of int16 is 1 GiB
MAX_SPACING_MM = 20.0
MAX_SHEAR = 0.01  # largest cosine between two axes that still count as perpendicular
SAME_GRID_VOXELS = 0.1  # grids whose corners lie closer than this are one grid
_DEFLATE_RATIO = 1032  # no deflate stream expands further (zlib, "Maximum Expansion Factor")
_CHUNK_BYTES = 1 << 20
_UNREADABLE = (OSError, EOFError, zlib.error, ImageFileError, HeaderDataError, HeaderTypeError, ValueError)


class InvalidVolume(UnusableInput):
    """A file is no CT or mask that can be used; the message names the file, the cause and the remedy."""

    def __init__(self, path: Path, cause: str, remedy: str) -> None:
        super().__init__(f"{path.name}: {cause}; {remedy}.")


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
        ``hu`` is C-contiguous and lies on the file's own voxels: axes are flipped and swapped, never
        resampled.

    Raises
    ------
    InvalidVolume
        If the file cannot be read whole, is not a 3-D scalar volume with finite values and a sane affine,
        or does not hold true HU (see `_check_true_hu`).
    """
    path = Path(path)
    image = _open(path)
    values = _read_int16(path, image, whole_numbers_only=False)
    volume = _canonical(values, image.affine)
    _check_true_hu(path, volume.hu)
    return volume


def read_mask(path: Path | str, *, like: Volume, labels: Sequence[int] | None = None) -> npt.NDArray[np.bool_]:
    """Read a mask onto the grid of a CT.

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
    labels : sequence of int, optional
        The values that belong to the organ; None or empty means every value but zero.

    Returns
    -------
    ndarray of bool, shape of `like`

    Raises
    ------
    InvalidVolume
        If the file cannot be read whole, holds fractions, has no voxel of the labels, or lies on a grid
        that does not belong to the CT's.
    """
    path = Path(path)
    image = _open(path)
    raw = _canonical(_read_int16(path, image, whole_numbers_only=True), image.affine)
    mask = np.isin(raw.hu, labels) if labels else raw.hu != 0
    if not mask.any():
        held = ", ".join(str(value) for value in np.unique(raw.hu)[:12])
        asked = f"no voxel with label {' or '.join(map(str, labels))}" if labels else "no voxel but zeros"
        raise InvalidVolume(path, f"the mask has {asked} (it holds {held})", "check the file and the labels")
    return _on_grid_of(path, mask, raw.affine, like)


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
        original = _open(Path(on_grid_of)).affine
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


def _open(path: Path) -> Any:
    """Read and judge the header alone; return a nibabel image whose voxels are still on disk."""
    if not path.name.endswith((".nii", ".nii.gz")):
        raise InvalidVolume(path, "the name does not end in .nii or .nii.gz", "convert the volume to NIfTI")
    if not path.is_file():
        raise InvalidVolume(path, "there is no such file", "check the path")
    if path.stat().st_size == 0:
        raise InvalidVolume(path, "the file is empty (0 bytes)", "export or copy it again")
    try:
        image: Any = nib.load(path, mmap=False)
        shape = tuple(int(length) for length in image.shape)
        dtype = image.get_data_dtype()
    except _UNREADABLE as error:
        raise InvalidVolume(path, "this is not a NIfTI file that can be read", "export it again") from error
    if not isinstance(image, nib.Nifti1Image | nib.Nifti2Image):
        raise InvalidVolume(path, "this is not a NIfTI-1 or NIfTI-2 file", "convert the volume to NIfTI")
    if dtype.kind not in "iuf":
        raise InvalidVolume(
            path, f"the voxels are {dtype.name}, not one number each", "export the volume as plain int16 HU"
        )
    if len(shape) < 3 or min(shape) < 1 or math.prod(shape[3:]) != 1:
        raise InvalidVolume(path, f"the array of shape {shape} is not one 3-D volume", "export a single 3-D volume")
    _check_promised_bytes(path, image)
    _check_affine(path, image.affine)
    return image


def _check_promised_bytes(path: Path, image: Any) -> None:
    """Refuse a header that promises more than the file can hold, before anything is allocated."""
    promised = math.prod(int(n) for n in image.shape) * image.get_data_dtype().itemsize
    size = path.stat().st_size
    reachable = size * _DEFLATE_RATIO if path.name.endswith(".gz") else size
    if promised > reachable:
        raise InvalidVolume(
            path,
            f"the header promises {_readable(promised)} of voxels, which {_readable(size)} cannot hold",
            "the file is truncated or forged, export or copy it again",
        )
    if promised > MAX_BYTES:
        raise InvalidVolume(
            path,
            f"the voxels take {_readable(promised)}, and the limit is {_readable(MAX_BYTES)}",
            "crop the volume or export it as int16",
        )


def _check_affine(path: Path, affine: npt.NDArray[np.float64]) -> None:
    """Refuse a grid that is no sane, rectangular voxel grid in mm."""
    axes = affine[:3, :3]
    spacing = np.linalg.norm(axes, axis=0)
    if not np.isfinite(affine).all() or (spacing <= 0).any() or (spacing > MAX_SPACING_MM).any():
        raise InvalidVolume(
            path,
            f"the voxel spacing is {' x '.join(f'{s:.4g}' for s in spacing)} mm "
            f"(each must be above 0 and at most {MAX_SPACING_MM:.0f})",
            "correct the header or export it again",
        )
    cosines = (axes / spacing).T @ (axes / spacing) - np.eye(3)
    if np.abs(cosines).max() > MAX_SHEAR:
        raise InvalidVolume(path, "the affine is sheared (a tilted gantry?)", "resample it to a rectangular grid")


def _read_int16(path: Path, image: Any, *, whole_numbers_only: bool) -> npt.NDArray[np.int16]:
    """Stream the voxels, scale them slice by slice, round and clip to int16; shape (I, J, K)."""
    shape = image.shape[:3]
    raw = np.empty(math.prod(shape), dtype=image.get_data_dtype())
    try:
        with _stream(path) as stream:
            stream.seek(image.dataobj.offset)
            _fill(stream, raw.view(np.uint8).data)
            stream.read(_CHUNK_BYTES)  # to the end of the gzip stream, whose checksum is verified there
    except _UNREADABLE as error:
        raise InvalidVolume(path, "the file is truncated or damaged", "export or copy it again") from error
    raw = raw.reshape(shape, order="F")
    values = np.empty(shape, dtype=np.int16, order="F")
    slope, intercept = image.dataobj.slope, image.dataobj.inter
    limits = np.iinfo(np.int16)
    for k in range(shape[2]):
        scaled = raw[..., k].astype(np.float64) * slope + intercept
        if not np.isfinite(scaled).all():
            raise InvalidVolume(path, "some voxels are NaN or infinite", "export it again with finite values")
        rounded = np.rint(scaled)
        if whole_numbers_only and not np.array_equal(rounded, scaled):
            raise InvalidVolume(path, "the mask holds fractions", "threshold it to whole-number labels")
        values[..., k] = np.clip(rounded, limits.min, limits.max)
    return values


def _stream(path: Path) -> IO[bytes]:
    opener = gzip.open if path.name.endswith(".gz") else open
    return cast(IO[bytes], opener(path, "rb"))


def _fill(stream: IO[bytes], target: memoryview) -> None:
    """Fill `target` from the stream, or raise EOFError where the stream ends first."""
    done = 0
    while done < len(target):
        piece = stream.read(min(_CHUNK_BYTES, len(target) - done))
        if not piece:
            raise EOFError("the voxel data end early")
        target[done : done + len(piece)] = piece
        done += len(piece)


def _canonical(values: npt.NDArray[np.int16], affine: npt.NDArray[np.float64]) -> Volume:
    """Turn an array to the closest RAS+ orientation, without resampling."""
    image = nib.as_closest_canonical(nib.Nifti1Image(values, affine))
    return Volume(np.ascontiguousarray(image.dataobj), np.asarray(image.affine, dtype=np.float64))


def _check_true_hu(path: Path, hu: npt.NDArray[np.int16]) -> None:
    """Refuse values that are not Hounsfield units: gray levels, offset or normalised values, MR.

    In true HU a body is mostly fat, muscle and parenchyma (-150 to 200 HU), bone above 700 HU is rare, and
    some voxels (air, lung, fat) lie below -50 HU. Scanner values with their offset of 1024 kept, 0..255
    gray levels and values normalised to a few units each break one of these. Judged on about a million
    voxels; a window that was clipped but not shifted cannot be told from HU and passes.
    """
    sample = hu.ravel()[:: max(1, hu.size // 1_000_000)]
    body = sample[sample > -300]
    true_hu = (
        body.size >= 0.01 * sample.size
        and -150 <= float(np.median(body)) <= 200
        and float(np.mean(body > 700)) < 0.2
        and bool((sample < -50).any())
    )
    if not true_hu:
        raise InvalidVolume(
            path,
            f"the values ({hu.min()} to {hu.max()}) are not Hounsfield units",
            "export the CT with its rescale slope and intercept applied (air near -1000, water 0)",
        )


def _on_grid_of(
    path: Path, mask: npt.NDArray[np.bool_], affine: npt.NDArray[np.float64], like: Volume
) -> npt.NDArray[np.bool_]:
    """Bring a canonical mask onto the CT's grid, or refuse it; see `read_mask`."""
    if mask.shape == like.shape:
        distance_mm = _largest_corner_distance_mm(affine, like.affine, like.shape)
        if distance_mm <= SAME_GRID_VOXELS * min(like.spacing_mm):
            return mask
        shift = ", ".join(f"{d:.1f}" for d in affine[:3, 3] - like.affine[:3, 3])
        raise InvalidVolume(
            path,
            f"the mask has the CT's shape but not its affine (the origin is shifted by {shift} mm, "
            f"the corners lie up to {distance_mm:.1f} mm apart)",
            "export the mask again on the CT's own grid",
        )
    ct_to_mask = np.linalg.inv(affine) @ like.affine
    resampled = ndimage.affine_transform(
        mask.astype(np.uint8), ct_to_mask, output_shape=like.shape, order=0, mode="constant", cval=0
    ).astype(bool)
    if not resampled.any():
        raise InvalidVolume(path, "the mask lies outside the CT", "check that the two belong together")
    warnings.warn(
        f"{path.name}: the mask's grid of shape {mask.shape} is not the CT's {like.shape}; "
        "it was resampled by nearest neighbour.",
        MaskResampled,
        stacklevel=3,
    )
    return resampled


def _largest_corner_distance_mm(
    first: npt.NDArray[np.float64], second: npt.NDArray[np.float64], shape: tuple[int, int, int]
) -> float:
    """Largest distance in mm between the places where two affines put the corners of one array."""
    corners = np.array([*np.ndindex(2, 2, 2)]) * (np.array(shape) - 1)
    homogeneous = np.c_[corners, np.ones(8)]
    return float(np.linalg.norm(((first - second) @ homogeneous.T)[:3], axis=0).max())


def _readable(n_bytes: int) -> str:
    """Bytes in words: ``'1.5 GB'``."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes} bytes"
