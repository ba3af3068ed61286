"""Slices of CT images: one from a classic file, many from a multi-frame one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.encaps import get_frame
from pydicom.pixels.utils import pixel_array
from pydicom.uid import JPEG2000TransferSyntaxes, JPEGLSTransferSyntaxes, RLELossless

from readerstudy.domain.importing.dicom.codestream import size_of
from readerstudy.domain.importing.dicom.files import (
    ENHANCED_CT,
    InvalidDicom,
    LeftOut,
    read_whole,
    reading,
    sop_class,
    text,
)

Vector = tuple[float, float, float]
DECODERS = {  # of those that pydicom has for a syntax, the one made for it alone; GDCM where there is no other
    **dict.fromkeys(JPEG2000TransferSyntaxes, "pylibjpeg"),
    **dict.fromkeys(JPEGLSTransferSyntaxes, "pyjpegls"),
}
MAX_EDGE = 4096  # rows or columns
MAX_FRAMES = 10_000


@dataclass(frozen=True)
class Slice:
    """One slice on its plane, in the patient's LPS mm.

    Attributes
    ----------
    path : Path
    frame : int or None
        0-based, of a multi-frame file.
    position : tuple of float
        Centre of the first voxel.
    row, column : tuple of float
        Directions in which the column number, and the row number, grow: unit vectors.
    spacing_mm : (row, column)
        Between rows, and between columns.
    shape : (rows, columns)
    slope, intercept : float
        From stored values to HU.
    instance : str
        The image's own identifier, empty where an anonymiser took it.
    acquisition : str
        Tells series apart that share one series identifier, as the phases of a dynamic scan.
    """

    path: Path
    frame: int | None
    position: Vector
    row: Vector
    column: Vector
    spacing_mm: tuple[float, float]
    shape: tuple[int, int]
    slope: float
    intercept: float
    instance: str
    acquisition: str

    @property
    def normal(self) -> npt.NDArray[np.float64]:
        return np.cross(self.row, self.column)

    @property
    def height_mm(self) -> float:
        """Where the slice lies along its own normal."""
        return float(self.normal @ self.position)

    def read(self) -> npt.NDArray[np.int16]:
        """Decode the slice and return HU, int16 [row, column]."""
        return self.decode(open_file(self.path))

    def decode(self, file: pydicom.FileDataset) -> npt.NDArray[np.int16]:
        """Decode the slice from its opened file, and return HU, int16 [row, column]."""
        with reading(self.path):
            syntax = file.file_meta.TransferSyntaxUID
            if syntax.is_encapsulated and syntax != RLELossless:
                self._check_codestream(file)
            stored = pixel_array(file, index=self.frame or 0, decoding_plugin=DECODERS.get(syntax, ""))
        if stored.shape != self.shape:
            raise InvalidDicom(f"{self.path.name}: the image is not of the size that its header says; export it again.")
        with np.errstate(over="ignore", invalid="ignore"):
            hu = np.rint(stored.astype(np.float64) * self.slope + self.intercept)
        if not np.isfinite(hu).all():
            raise InvalidDicom(f"{self.path.name}: some voxels are NaN or infinite; export it again.")
        limits = np.iinfo(np.int16)
        return np.asarray(np.clip(hu, limits.min, limits.max), dtype=np.int16)

    def _check_codestream(self, file: pydicom.FileDataset) -> None:
        """Refuse a compressed image of another size than the header's, which a decoder would allocate."""
        frames = int(file.get("NumberOfFrames") or 1)
        size = size_of(get_frame(file.PixelData, self.frame or 0, number_of_frames=frames))
        if size != (*self.shape, 1):
            raise InvalidDicom(f"{self.path.name}: the image is not of the size that its header says; export it again.")


def open_file(path: Path) -> pydicom.FileDataset:
    with reading(path):
        return read_whole(path)


def is_localizer(header: pydicom.Dataset) -> bool:
    kinds = {str(kind).upper() for kind in (header.get("ImageType") or [])}
    return bool(kinds & {"LOCALIZER", "SCOUT"})


def slices_of(path: Path, header: pydicom.Dataset) -> Iterator[Slice]:
    """Give the slices of a file.

    Raises
    ------
    LeftOut
        If it is no slice of a CT: its geometry or size is missing or makes no sense.
    InvalidDicom
        If the file is damaged.
    """
    with reading(path):
        shape = (int(header.Rows), int(header.Columns))
        if not all(0 < n <= MAX_EDGE for n in shape):
            raise LeftOut(f"an image of {shape[0]} x {shape[1]} is no CT slice.")
        if int(header.get("SamplesPerPixel", 1)) != 1:
            raise LeftOut("the image is in colour.")
        if sop_class(header) in ENHANCED_CT:
            yield from _frames(path, header, shape)
        else:
            yield _slice(path, None, header, header, header, header, shape)


def _frames(path: Path, header: pydicom.Dataset, shape: tuple[int, int]) -> Iterator[Slice]:
    shared = header.SharedFunctionalGroupsSequence[0]
    frames = header.PerFrameFunctionalGroupsSequence
    if len(frames) != int(header.NumberOfFrames) or len(frames) > MAX_FRAMES:
        raise InvalidDicom(f"{path.name}: the header does not describe each of its frames; export it again.")
    for number, own in enumerate(frames):

        def group(name: str, own: pydicom.Dataset = own) -> Any:
            return (own.get(name) or shared.get(name))[0]

        yield _slice(
            path,
            number,
            group("PlanePositionSequence"),
            group("PlaneOrientationSequence"),
            group("PixelMeasuresSequence"),
            group("PixelValueTransformationSequence"),
            shape,
            instance=f"{text(header, 'SOPInstanceUID')}/{number}",
        )


def _slice(
    path: Path,
    frame: int | None,
    place: Any,
    orientation: Any,
    measures: Any,
    values: Any,
    shape: tuple[int, int],
    *,
    instance: str | None = None,
) -> Slice:
    """Build a slice from the parts of a header that say where it is, and what its values mean."""
    if any(
        not part.get(name)
        for part, name in (
            (place, "ImagePositionPatient"),
            (orientation, "ImageOrientationPatient"),
            (measures, "PixelSpacing"),
        )
    ):
        raise LeftOut("the image does not say where in the patient it lies.")
    directions = np.array([float(value) for value in orientation.ImageOrientationPatient]).reshape(2, 3)
    position = np.array([float(value) for value in place.ImagePositionPatient])
    spacing = np.array([float(value) for value in measures.PixelSpacing])
    slope, intercept = (float(values.get(name, default) or default) for name, default in _RESCALE)
    numbers = (directions, position, spacing, np.array([slope, intercept]))
    lengths = np.linalg.norm(directions, axis=1)
    if (
        not all(np.isfinite(part).all() for part in numbers)
        or np.abs(lengths - 1).max() > 1e-2
        or abs(float(directions[0] @ directions[1])) > 1e-2
        or position.shape != (3,)
        or spacing.shape != (2,)
        or not (spacing > 0).all()
    ):
        raise LeftOut("the image's place in the patient makes no sense.")
    row, column = (_vector(direction) for direction in directions / lengths[:, np.newaxis])
    return Slice(
        path=path,
        frame=frame,
        position=_vector(position),
        row=row,
        column=column,
        spacing_mm=(float(spacing[0]), float(spacing[1])),
        shape=shape,
        slope=slope,
        intercept=intercept,
        instance=text(place, "SOPInstanceUID") if instance is None else instance,
        acquisition=f"{text(place, 'AcquisitionNumber')}/{text(place, 'TemporalPositionIdentifier')}",
    )


_RESCALE = (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0))


def _vector(values: npt.NDArray[np.float64]) -> Vector:
    x, y, z = (float(value) for value in values)
    return x, y, z
