# mypy: untyped-calls-exclude=nibabel
"""One NIfTI file: its header judged, its voxels streamed.

The header is read first and judged before anything of the size that it promises is allocated; the voxels are
then streamed a few slices at a time, straight to where they belong, so that a truncated or corrupt file is noticed
wherever it breaks off and no second copy of a volume is ever held.
"""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path
from typing import IO, Any, cast

import nibabel as nib
import numpy as np
import numpy.typing as npt
from isal import igzip
from isal.igzip_lib import IsalError
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError, HeaderTypeError

from synthesis.errors import UnusableInput

MAX_BYTES = 2 * 1024**3  # voxel data of one file; 512 x 512 x 2000 slices of int16 is 1 GiB
MAX_SPACING_MM = 20.0
MAX_SHEAR = 0.01  # largest cosine between two axes that still count as perpendicular
_HEADER_BYTES = 540  # of NIfTI-2; NIfTI-1 has 348
_MAX_OFFSET = 16 << 20  # of the voxels in their file: room for any header extension
_DEFLATE_RATIO = 1032  # no deflate stream expands further (zlib, "Maximum Expansion Factor")
_CHUNK_BYTES = 1 << 20
_BLOCK_BYTES = 4 << 20  # of slices that are turned at once
_INT16 = np.iinfo(np.int16)
_UNREADABLE: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    zlib.error,
    cast(type[Exception], IsalError),  # whose stub calls it an exception, not a type of them
    ImageFileError,
    HeaderDataError,
    HeaderTypeError,
    ValueError,
    OverflowError,
)

Array = npt.NDArray[np.int16]


class InvalidVolume(UnusableInput):
    """A file is no CT or mask that can be used; the message names the file, the cause and the remedy."""

    def __init__(self, path: Path, cause: str, remedy: str) -> None:
        super().__init__(f"{path.name}: {cause}; {remedy}.")


def open_nifti(path: Path) -> Any:
    """Read and judge the header alone.

    Returns
    -------
    nibabel image
        Its voxels are still on disk; see `read_canonical`.

    Raises
    ------
    InvalidVolume
        If the file is no 3-D scalar volume on a sane grid whose orientation is known, or promises more than it
        can hold.
    """
    if not path.name.endswith((".nii", ".nii.gz")):
        raise InvalidVolume(path, "the name does not end in .nii or .nii.gz", "convert the volume to NIfTI")
    if not path.is_file():
        raise InvalidVolume(path, "there is no such file", "check the path")
    if path.stat().st_size == 0:
        raise InvalidVolume(path, "the file is empty (0 bytes)", "export or copy it again")
    _check_offset(path)
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
    _check_orientation(path, image)
    check_grid(path, image.affine)
    return image


def _check_offset(path: Path) -> None:
    """Refuse a header that puts the voxels far into the file: all before them would be read as extensions."""
    try:
        with _stream(path) as stream:
            start = stream.read(_HEADER_BYTES).ljust(_HEADER_BYTES, b"\0")
    except EOFError as error:
        raise InvalidVolume(path, "the file is truncated or damaged", "export or copy it again") from error
    except _UNREADABLE as error:
        raise InvalidVolume(path, "this is not a NIfTI file that can be read", "export it again") from error
    for order in "<>":
        size = struct.unpack_from(order + "i", start)[0]
        offset = {348: (order + "f", 108), 540: (order + "q", 168)}.get(size)
        if offset and not 0 <= struct.unpack_from(offset[0], start, offset[1])[0] <= _MAX_OFFSET:
            raise InvalidVolume(path, "the header puts the voxels where none can be", "export it again")


def _check_promised_bytes(path: Path, image: Any) -> None:
    """Refuse a header that promises more than the file can hold, before anything is allocated."""
    promised = math.prod(int(n) for n in image.shape) * image.get_data_dtype().itemsize
    size = path.stat().st_size
    reachable = size * _DEFLATE_RATIO if path.name.endswith(".gz") else size
    if promised > reachable:
        raise InvalidVolume(
            path,
            f"the header promises {readable(promised)} of voxels, which {readable(size)} cannot hold",
            "the file is truncated or forged, export or copy it again",
        )
    if promised > MAX_BYTES:
        raise InvalidVolume(
            path,
            f"the voxels take {readable(promised)}, and the limit is {readable(MAX_BYTES)}",
            "crop the volume or export it as int16",
        )


def _check_orientation(path: Path, image: Any) -> None:
    """Refuse a header without an orientation: readers of such files differ in what they take for left."""
    if int(image.header["sform_code"]) == 0 and int(image.header["qform_code"]) == 0:
        raise InvalidVolume(
            path,
            "the header does not say how the patient lies (sform_code and qform_code are 0), so left and right can't "
            "be told apart",
            "convert it again from its source, or set the codes once you know",
        )


def check_grid(path: Path, affine: npt.NDArray[np.float64]) -> None:
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


def read_canonical(path: Path, image: Any, *, whole_numbers_only: bool) -> tuple[Array, npt.NDArray[np.float64]]:
    """Stream the voxels of an opened file into the closest canonical (RAS+) orientation.

    Parameters
    ----------
    path : path
    image : nibabel image
        As `open_nifti` gave it. Its slope and intercept are applied in double precision.
    whole_numbers_only : bool
        Refuse fractions, rather than round them.

    Returns
    -------
    values : ndarray of int16, shape (I, J, K), in Fortran order, as NIfTI has it
        Rounded, and clipped to int16.
    affine : ndarray of float64, shape (4, 4)
    """
    shape = image.shape[:3]
    turn = nib.orientations.io_orientation(image.affine)
    values, own = empty_canonical(shape, turn)
    dtype = image.get_data_dtype()
    slice_bytes = shape[0] * shape[1] * dtype.itemsize
    step = max(1, _BLOCK_BYTES // slice_bytes)
    try:
        with _stream(path) as stream:
            stream.seek(image.dataobj.offset)
            for k in range(0, shape[2], step):
                raw = np.empty(shape[0] * shape[1] * min(step, shape[2] - k), dtype=dtype)
                _fill(stream, raw.view(np.uint8).data)
                slices = _scaled(path, raw, image.dataobj, whole_numbers_only=whole_numbers_only)
                own[..., k : k + step] = slices.reshape((*shape[:2], -1), order="F")
            stream.read(_CHUNK_BYTES)  # to the end of the gzip stream, whose checksum is verified there
    except InvalidVolume:
        raise
    except _UNREADABLE as error:
        raise InvalidVolume(path, "the file is truncated or damaged", "export or copy it again") from error
    return values, canonical_affine(image.affine, shape, turn)


def empty_canonical(shape: tuple[int, int, int], turn: npt.NDArray[np.float64]) -> tuple[Array, Array]:
    """Return an array in canonical orientation, and the same memory with axes as the file has them.

    Parameters
    ----------
    shape : tuple of int
        As the file has it.
    turn : ndarray, shape (3, 2)
        The file's orientation, as `nibabel.orientations.io_orientation` gives it: for each of its axes, the
        canonical one and whether it runs along it (1) or against (-1).
    """
    axes = turn[:, 0].astype(int)
    values = np.empty([shape[n] for n in np.argsort(axes)], dtype=np.int16, order="F")
    own = values.transpose(axes)[tuple(slice(None, None, int(sign)) for sign in turn[:, 1])]
    return values, own


def canonical_affine(
    affine: npt.NDArray[np.float64], shape: tuple[int, int, int], turn: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the affine of the canonical array; see `empty_canonical`."""
    return np.asarray(affine @ nib.orientations.inv_ornt_aff(turn, shape), dtype=np.float64)


def _scaled(path: Path, raw: npt.NDArray[Any], dataobj: Any, *, whole_numbers_only: bool) -> Array:
    """Apply slope and intercept, round, and clip to int16."""
    if (dataobj.slope, dataobj.inter) == (1, 0) and raw.dtype.kind in "iu":
        narrow = raw.dtype.itemsize == 1 or raw.dtype.newbyteorder("=") == np.int16
        return np.asarray(raw if narrow else np.clip(raw, _INT16.min, _INT16.max), dtype=np.int16)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused in the next line
        scaled = raw.astype(np.float64) * dataobj.slope + dataobj.inter
    if not np.isfinite(scaled).all():
        raise InvalidVolume(path, "some voxels are NaN or infinite", "export it again with finite values")
    rounded = np.rint(scaled)
    if whole_numbers_only and not np.array_equal(rounded, scaled):
        raise InvalidVolume(path, "the mask holds fractions", "threshold it to whole-number labels")
    return np.asarray(np.clip(rounded, _INT16.min, _INT16.max), dtype=np.int16)


def _stream(path: Path) -> IO[bytes]:
    opener = igzip.open if path.name.endswith(".gz") else open
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


def readable(n_bytes: int) -> str:
    """Bytes in words: ``'1.5 GB'``."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n_bytes >= size:
            return f"{n_bytes / size:.1f} {unit}"
    return f"{n_bytes} bytes"
