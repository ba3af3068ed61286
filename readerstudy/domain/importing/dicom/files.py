"""DICOM files as they come: which they are, and what is read of their headers.

Whatever a file holds, it is read or refused: pydicom and its decoders raise nearly anything on damaged input.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydicom
from pydicom.errors import InvalidDicomError
from pydicom.uid import DeflatedExplicitVRLittleEndian

from synthesis.errors import UnusableInput
from synthesis.nifti import MAX_BYTES

CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT = ("1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2")  # the second: legacy converted
SEGMENTATION = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")  # the second: label maps
STRUCTURES = "1.2.840.10008.5.1.4.1.1.481.3"
_MAGIC_AT = 128
for _name in ("pydicom", "highdicom", "openjpeg"):  # they log values of headers, which may name patients
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)
_DEFLATE_RATIO = 1032  # no deflate stream expands further
_GEOMETRY = [
    *("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID", "PatientID"),
    *("Modality", "ImageType", "AcquisitionNumber", "TemporalPositionIdentifier", "ImagePositionPatient"),
    *("ImageOrientationPatient", "PixelSpacing", "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel"),
    *("RescaleSlope", "RescaleIntercept", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
    *("ReferencedSeriesSequence", "ReferencedFrameOfReferenceSequence", "SegmentSequence", "StructureSetROISequence"),
]


class InvalidDicom(UnusableInput):
    """A DICOM file or series can't be used; the message names the cause and the remedy."""


class LeftOut(InvalidDicom):
    """Images are no part of a volume. The message is noted with the data set, so it names no file."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong with a file into one sentence that names it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's on values that break the standard
            yield
    except UnusableInput:
        raise
    except MemoryError:
        raise InvalidDicom(f"{path.name}: the image is too large for this machine's memory; leave it out.") from None
    except InvalidDicomError:
        raise InvalidDicom(f"{path.name}: this is no DICOM file; leave it out.") from None
    except Exception as error:
        raise InvalidDicom(f"{path.name}: the file is damaged and can't be read; export it again.") from error


def is_dicom(path: Path) -> bool:
    """Whether a file begins as DICOM files do."""
    try:
        with path.open("rb") as file:
            return file.read(_MAGIC_AT + 4)[_MAGIC_AT:] == b"DICM"
    except OSError:
        return False


def read_header(path: Path) -> pydicom.Dataset:
    """Return a file's geometry and identifiers; the values stay on disk."""
    with reading(path):
        _check_expansion(path)
        return pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(_GEOMETRY))


def read_whole(path: Path) -> pydicom.FileDataset:
    _check_expansion(path)
    return pydicom.dcmread(path)


def sop_class(header: pydicom.Dataset) -> str:
    """Return what kind of object a file holds; anonymisers empty one of its two places."""
    return str(header.get("SOPClassUID", "") or header.file_meta.get("MediaStorageSOPClassUID", ""))


def text(header: pydicom.Dataset, keyword: str) -> str:
    """Return a value as text, stripped; empty where there is none."""
    value: Any = header.get(keyword, "")
    return str(value if value is not None else "").strip()


def _check_expansion(path: Path) -> None:
    """Refuse a deflated file that could unpack to more than the limit: pydicom unpacks it whole."""
    meta = pydicom.filereader.read_file_meta_info(path)
    if (
        meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian
        and path.stat().st_size * _DEFLATE_RATIO > MAX_BYTES
    ):
        raise InvalidDicom(
            f"{path.name}: the file is deflated and could unpack to more than 2 GB; export it otherwise."
        )
