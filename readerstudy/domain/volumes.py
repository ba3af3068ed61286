"""Volumes and masks as they lie in the store: NIfTI, gzipped, without a word in their headers.

`synthesis` is imported inside the functions, so that web processes never load it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import nibabel as nib
import numpy as np
import numpy.typing as npt
from isal import igzip

from readerstudy.domain.store import Shelf, get_store
from readerstudy.models.stored_file import StoredFile

if TYPE_CHECKING:
    from synthesis.volume import Volume

_FASTEST = 0  # of ISA-L's levels: CT noise hardly compresses further


def write_volume(shelf: Shelf, volume: Volume) -> StoredFile:
    return _write_nifti(shelf, volume.hu, volume.affine)


def write_mask(shelf: Shelf, mask: npt.NDArray[np.bool_], affine: npt.NDArray[np.float64]) -> StoredFile:
    return _write_nifti(shelf, mask.view(np.uint8), affine)


def load_volume(file: StoredFile) -> Volume:
    """Return the CT, int16 HU `[i, j, k]` on its RAS+ grid."""
    from synthesis.volume import Volume

    image = _read_nifti(file)
    return Volume(hu=np.asarray(image.dataobj, dtype=np.int16), affine=np.asarray(image.affine, dtype=np.float64))


def load_mask(file: StoredFile) -> npt.NDArray[np.bool_]:
    """Return the mask, boolean `[i, j, k]` on the grid of its CT."""
    return np.asarray(_read_nifti(file).dataobj, dtype=np.bool_)


def load_affine(file: StoredFile) -> npt.NDArray[np.float64]:
    """Return a mask's affine, which is that of its CT: from voxel indices `[i, j, k]` to RAS+ mm."""
    return np.asarray(_read_nifti(file).affine, dtype=np.float64)


def _write_nifti(shelf: Shelf, array: npt.NDArray[np.generic], affine: npt.NDArray[np.float64]) -> StoredFile:
    # float64 affines survive in NIfTI-2; NIfTI-1 would round them to float32.
    image = nib.Nifti2Image(array, affine)

    def write(file: BinaryIO) -> None:
        with igzip.IGzipFile(filename="", mode="wb", fileobj=file, compresslevel=_FASTEST, mtime=0) as zipped:
            image.to_stream(zipped)

    return shelf.write(write)


def _read_nifti(file: StoredFile) -> nib.Nifti2Image:
    return nib.Nifti2Image.from_bytes(igzip.decompress(get_store().read(file)))
