"""Slice packs: what a reader's browser receives of a CT volume.

One writer serves both arms of a study, so that orientation, number type, clipping, compression, names and
timestamps cannot tell them apart (docs: blinding).

The format, exactly
-------------------
A pack is the volume's slices, one gzip member each, one after the other and nothing between; the index
(`SlicePackIndex`) says where each begins. A member is sent as it lies, as ``Content-Encoding: gzip``.

Inside a member are ``2 * rows * columns + 4`` bytes. With ``x[0], x[1], ...`` the slice's int16 values in raster
order (row by row from the top, in a row from the left) and ``x[-1] = 0``:

1. difference to the left neighbour, modulo 2**16:  ``d[p] = (x[p] - x[p-1]) mod 65536``.
   The first of a row follows the last of the row above;
2. zigzag, with ``d`` read as a signed 16-bit number:  ``z[p] = 2 * d[p]`` if ``d[p] >= 0``, else
   ``-2 * d[p] - 1``.  Small differences of either sign become small numbers;
3. byte planes:  first every low byte ``z[p] mod 256``, then every high byte ``z[p] div 256``;
4. the Adler-32 of these bytes (RFC 1950), little-endian. Browsers neither look at gzip's own checksum nor notice
   that a member was cut, so damage on the way is found by this one.

The gzip header carries no name and no time. Together with `static/readerstudy/js/viewer/codec.js` this is
tested against `tests/vectors/slice_codec.json`.
"""

import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO

import nibabel as nib
import numpy as np
from numpy.typing import ArrayLike, NDArray

HU_MIN = -1024
HU_MAX = 3071
"""The range of a 12-bit CT; every case of every arm is clipped to it."""

CHECKSUM_BYTES = 4
GZIP_LEVEL = 6
GZIP_WRAPPER = 31  # zlib's `wbits` for a gzip header: no name, time zero

# Array axes [slice, row, column] run towards inferior, posterior and left.
DISPLAY_AXES = ("I", "P", "L")

SUBSTANTIAL = 0.2588
"""The sine of 15 degrees: a direction's letters name each of its components that is as large."""


@dataclass(frozen=True)
class SlicePackIndex:
    """Where the slices of a pack lie.

    Attributes
    ----------
    offsets : tuple of int
        ``n + 1`` byte positions: slice ``i`` is ``pack[offsets[i]:offsets[i + 1]]``.
    shape : tuple of int
        (slices, rows, columns).
    """

    offsets: tuple[int, ...]
    shape: tuple[int, int, int]


def display_array(volume_hu: NDArray[Any], affine: NDArray[np.floating[Any]]) -> NDArray[np.int16]:
    """Turn a volume the way a radiologist looks at it.

    Parameters
    ----------
    volume_hu : array, shape (i, j, k)
        Finite Hounsfield units of any real number type, axes in any order and direction.
    affine : array, shape (4, 4)
        Voxel indices to RAS+ millimetres. Oblique axes go to the nearest anatomical one; nothing is
        resampled.

    Returns
    -------
    array of int16, shape (slices, rows, columns), C-contiguous
        Slice 0 is the most superior; rows run from anterior to posterior; columns from the patient's right
        to left (the patient's right is at the image's left). Values are rounded (halves to even) and
        clipped to [`HU_MIN`, `HU_MAX`].

    Raises
    ------
    ValueError
        If the volume is not three-dimensional.
    """
    if volume_hu.ndim != 3:
        raise ValueError(f"A CT volume has 3 dimensions; this one has {volume_hu.ndim}.")
    turned = nib.orientations.apply_orientation(volume_hu, _to_display(affine))
    if not np.issubdtype(turned.dtype, np.integer):
        turned = np.rint(turned)
    return np.ascontiguousarray(np.clip(turned, HU_MIN, HU_MAX), dtype=np.int16)


def display_spacing_mm(
    spacing_mm: tuple[float, float, float], affine: NDArray[np.floating[Any]]
) -> tuple[float, float, float]:
    """Return voxel spacing in the order of `display_array`: (slice, row, column), in mm.

    Parameters
    ----------
    spacing_mm : tuple of float
        Spacing along i, j and k of the volume.
    affine : array, shape (4, 4)
        Voxel indices to RAS+ millimetres.
    """
    spacing: list[float] = [0.0, 0.0, 0.0]
    for axis, (display_axis, _flip) in enumerate(_to_display(affine)):
        spacing[int(display_axis)] = float(spacing_mm[axis])
    return spacing[0], spacing[1], spacing[2]


def display_affine(shape: tuple[int, ...], affine: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return where the voxels of `display_array` lie in the patient.

    Parameters
    ----------
    shape : tuple of int
        (i, j, k) of the volume.
    affine : array, shape (4, 4)
        Voxel indices [i, j, k] to RAS+ millimetres.

    Returns
    -------
    array, shape (4, 4)
        Maps [slice, row, column, 1] to [x, y, z, 1] in RAS+ millimetres; whole numbers are voxels' centres.
    """
    return np.asarray(affine @ nib.orientations.inv_ornt_aff(_to_display(affine), shape), dtype=np.float64)


def direction_letters(affine: ArrayLike | None) -> list[str]:
    """Return what each axis of a displayed volume runs towards, as DICOM names directions (PS3.3 C.7.6.1.1.1).

    Parameters
    ----------
    affine : array_like, shape (4, 4), or None
        As `display_affine` gives it; None where it was not kept.

    Returns
    -------
    list of str
        Of slice, row and column: one letter of R, L, A, P, S and I for each component of at least `SUBSTANTIAL`, the
        largest first. ``["I", "P", "L"]`` unless the scan is oblique by 15 degrees or more.
    """
    if affine is None:
        return list(DISPLAY_AXES)
    letters = []
    for unit in _unit_axes(affine):
        named = [axis for axis in np.argsort(-np.abs(unit)) if abs(unit[axis]) >= SUBSTANTIAL]
        letters.append("".join("RAS"[axis] if unit[axis] > 0 else "LPI"[axis] for axis in named))
    return letters


def tilt_deg(affine: ArrayLike | None) -> float:
    """Return by how many degrees that axis lies beside the nearest anatomical one which lies farthest from it."""
    if affine is None:
        return 0.0
    nearest = np.abs(_unit_axes(affine)).max(axis=1).min()
    return float(np.degrees(np.arccos(min(nearest, 1.0))))


def _unit_axes(affine: ArrayLike) -> NDArray[np.float64]:
    """Return the directions of slice, row and column in RAS+, a row each."""
    axes = np.asarray(affine, dtype=np.float64)[:3, :3].T
    return np.asarray(axes / np.linalg.norm(axes, axis=1, keepdims=True))


def encode_slice(slice_hu: NDArray[np.int16]) -> bytes:
    """Return a slice as one gzip member (see the module's text).

    Parameters
    ----------
    slice_hu : array of int16, shape (rows, columns)

    Raises
    ------
    ValueError
        If the array is not two-dimensional int16.
    """
    if slice_hu.ndim != 2 or slice_hu.dtype != np.int16:
        raise ValueError(f"A slice is a 2-D int16 array; this is {slice_hu.ndim}-D {slice_hu.dtype}.")
    values = slice_hu.astype(np.uint16, casting="unsafe").ravel()
    difference = np.diff(values, prepend=np.uint16(0)).view(np.int16)
    zigzag = ((difference << 1) ^ (difference >> 15)).view(np.uint16)
    planes = np.concatenate([zigzag & 0xFF, zigzag >> 8]).astype(np.uint8)
    content = planes.tobytes()
    return zlib.compress(content + zlib.adler32(content).to_bytes(CHECKSUM_BYTES, "little"), GZIP_LEVEL, GZIP_WRAPPER)


def decode_slice(member: bytes, shape: tuple[int, int]) -> NDArray[np.int16]:
    """Return the slice that `encode_slice` wrote.

    Parameters
    ----------
    member : bytes
        One gzip member.
    shape : tuple of int
        (rows, columns).

    Raises
    ------
    ValueError
        If the member is damaged or holds another number of pixels.
    """
    n_pixels = shape[0] * shape[1]
    n_bytes = 2 * n_pixels + CHECKSUM_BYTES
    inflater = zlib.decompressobj(GZIP_WRAPPER)
    try:
        content = inflater.decompress(member, n_bytes + 1)
    except zlib.error as error:
        raise ValueError(f"The slice is damaged: {error}.") from error
    if len(content) != n_bytes or not inflater.eof:
        raise ValueError(f"The slice does not hold the {n_pixels} pixels of {shape[0]} rows, {shape[1]} columns.")
    planes = content[:-CHECKSUM_BYTES]
    if zlib.adler32(planes) != int.from_bytes(content[-CHECKSUM_BYTES:], "little"):
        raise ValueError("The slice is damaged: its checksum is another.")
    low, high = np.frombuffer(planes, dtype=np.uint8).astype(np.uint16).reshape(2, n_pixels)
    zigzag = low | (high << 8)
    difference = (zigzag >> 1) ^ -(zigzag & 1)
    return np.cumsum(difference, dtype=np.uint16).view(np.int16).reshape(shape)


def write_pack(slices: NDArray[np.int16], file: BinaryIO) -> SlicePackIndex:
    """Write a volume's slices one after the other and say where they lie.

    Parameters
    ----------
    slices : array of int16, shape (slices, rows, columns)
        As `display_array` returns it.
    file : binary file
        Open for writing; written from where it stands. Offsets count from there.
    """
    offsets = [0]
    for slice_hu in slices:
        offsets.append(offsets[-1] + file.write(encode_slice(slice_hu)))
    n_slices, rows, columns = slices.shape
    return SlicePackIndex(offsets=tuple(offsets), shape=(n_slices, rows, columns))


def _to_display(affine: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Return nibabel's (axis, flip) rows that turn the affine's axes into `DISPLAY_AXES`."""
    stored = nib.orientations.io_orientation(affine)
    wanted = nib.orientations.axcodes2ornt(DISPLAY_AXES)
    return np.asarray(nib.orientations.ornt_transform(stored, wanted))
