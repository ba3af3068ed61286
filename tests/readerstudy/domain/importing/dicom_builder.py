"""DICOM series, segmentations and structure sets, small and whole, as scanners and planning systems write them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.uid import (
    UID,
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    RTStructureSetStorage,
    generate_uid,
)

ROWS, COLUMNS, SLICES = 24, 20, 10
SPACING = (1.5, 1.25, 3.0)  # between rows, columns, slices
ORIGIN = np.array([-15.0, -20.0, 40.0])  # LPS
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
PATIENT = "PID-0815"


def body(seed: int = 0) -> np.ndarray:
    """HU of a body in air, [slice, row, column]."""
    hu = np.full((SLICES, ROWS, COLUMNS), -1000, dtype=np.int16)
    hu[:, 3:-3, 3:-3] = np.random.default_rng(seed).normal(50, 12, (SLICES, ROWS - 6, COLUMNS - 6)).round()
    return hu


def expected_ras(hu: np.ndarray) -> np.ndarray:
    """The same in RAS, [i, j, k]: columns run to the left and rows to the back."""
    return hu.transpose(2, 1, 0)[::-1, ::-1]


def dataset(sop_class: str, **values: Any) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    made.SOPClassUID = sop_class
    made.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def common(study: str, series: str, frame_of_reference: str) -> dict[str, Any]:
    return {
        "PatientID": PATIENT,
        "PatientName": "MUSTERMANN^ERIKA",
        "PatientBirthDate": "19480229",
        "PatientSex": "F",
        "StudyDate": "20221208",
        "StudyTime": "120000",
        "StudyID": "1",
        "AccessionNumber": "ACC-4711",
        "ReferringPhysicianName": "",
        "StudyInstanceUID": study,
        "SeriesInstanceUID": series,
        "FrameOfReferenceUID": frame_of_reference,
        "Manufacturer": "Siemens",
    }


class Series:
    """A CT series in a folder, a file a slice; `change` alters a slice before it is written."""

    def __init__(
        self,
        folder: Path,
        hu: np.ndarray | None = None,
        *,
        change: Any = None,
        orientation: tuple[float, ...] = AXIAL,
        step: np.ndarray | None = None,
        study: str | None = None,
        series: str | None = None,
        **values: Any,
    ) -> None:
        self.folder = folder
        self.hu = body() if hu is None else hu
        self.study, self.uid, self.frame = study or generate_uid(), series or generate_uid(), generate_uid()
        self.datasets = []
        folder.mkdir(parents=True, exist_ok=True)
        step = np.array([0, 0, SPACING[2]]) if step is None else step
        for n, stored in enumerate(self.hu):
            one = dataset(
                CTImageStorage,
                **common(self.study, self.uid, self.frame),
                Modality="CT",
                ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
                InstanceNumber=n + 1,
                ImagePositionPatient=[float(value) for value in ORIGIN + n * step],
                ImageOrientationPatient=list(orientation),
                SliceThickness=SPACING[2],
                **pixels(stored),
                **values,
            )
            one.add_new(0x00290010, "LO", "SIEMENS CSA HEADER")
            one.add_new(0x00291010, "OB", b"MUSTERMANN in a private tag ")
            if change is not None and change(n, one) is False:
                continue
            self.datasets.append(one)
            name = f"{(n * 7) % len(self.hu):03d}_MUSTERMANN.dcm"  # in another order than the slices
            one.save_as(folder / name, enforce_file_format=True)

    @property
    def paths(self) -> list[Path]:
        return sorted(self.folder.iterdir())


def pixels(hu: np.ndarray) -> dict[str, Any]:
    """Rows, columns and values of a frame or a stack of them, stored as scanners do: unsigned, with an offset."""
    return {
        "PixelSpacing": list(SPACING[:2]),
        "Rows": hu.shape[-2],
        "Columns": hu.shape[-1],
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 12,
        "HighBit": 11,
        "PixelRepresentation": 0,
        "RescaleIntercept": -1024,
        "RescaleSlope": 1,
        "PixelData": (hu.astype(np.int32) + 1024).astype(np.uint16).tobytes(),
    }


def transcode(path: Path, syntax: str) -> None:
    """Write a file again in another transfer syntax: by pydicom's encoders, or GDCM's program."""
    if syntax == "1.2.840.10008.1.2.4.70":
        made = path.with_suffix(".tmp")
        program = Path(sys.executable).parent / "gdcmconv"
        subprocess.run([program, "--jpeg", path, made], check=True, capture_output=True)
        made.rename(path)
        return
    one = pydicom.dcmread(path)
    if UID(syntax).is_compressed and syntax != pydicom.uid.DeflatedExplicitVRLittleEndian:
        one.compress(syntax)
    else:
        one.file_meta.TransferSyntaxUID = UID(syntax)
        if syntax == pydicom.uid.ExplicitVRBigEndian:
            one.PixelData = np.frombuffer(one.PixelData, "<u2").astype(">u2").tobytes()
    pydicom.dcmwrite(
        path,
        one,
        little_endian=syntax != pydicom.uid.ExplicitVRBigEndian,
        implicit_vr=syntax == pydicom.uid.ImplicitVRLittleEndian,
        force_encoding=True,
    )


def enhanced(path: Path, hu: np.ndarray) -> FileDataset:
    """Write a multi-frame CT, its frames in an order of their own."""
    order = np.random.default_rng(1).permutation(len(hu))
    one = dataset(EnhancedCTImageStorage, **common(generate_uid(), generate_uid(), generate_uid()), Modality="CT")
    for keyword, value in pixels(hu[order]).items():
        if keyword not in ("PixelSpacing", "RescaleIntercept", "RescaleSlope"):
            setattr(one, keyword, value)
    one.NumberOfFrames = len(hu)
    shared = Dataset()
    shared.PlaneOrientationSequence = [of(ImageOrientationPatient=list(AXIAL))]
    shared.PixelMeasuresSequence = [of(PixelSpacing=list(SPACING[:2]), SliceThickness=SPACING[2])]
    shared.PixelValueTransformationSequence = [of(RescaleIntercept=-1024, RescaleSlope=1)]
    one.SharedFunctionalGroupsSequence = [shared]
    one.PerFrameFunctionalGroupsSequence = [
        of(
            PlanePositionSequence=[
                of(ImagePositionPatient=[float(v) for v in ORIGIN + np.array([0, 0, SPACING[2]]) * place])
            ]
        )
        for place in order
    ]
    one.save_as(path, enforce_file_format=True)
    return one


def of(**values: Any) -> Dataset:
    made = Dataset()
    for keyword, value in values.items():
        setattr(made, keyword, value)
    return made


def segmentation(path: Path, series: Series, segments: dict[str, np.ndarray], *, fractional: bool = False) -> None:
    """Write a DICOM SEG of masks [slice, row, column], by name, drawn on a series."""
    described = [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=name,
            segmented_property_category=codes.SCT.Organ,
            segmented_property_type=codes.SCT.Liver,
            algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, name in enumerate(segments, start=1)
    ]
    masks = np.stack(list(segments.values()), axis=-1)
    made = highdicom.seg.Segmentation(
        source_images=series.datasets,
        pixel_array=masks.astype(np.float32) * 0.9 if fractional else masks.astype(np.uint8),
        segmentation_type="FRACTIONAL" if fractional else "BINARY",
        segment_descriptions=described,
        series_instance_uid=generate_uid(),
        series_number=9,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer="Siemens",
        manufacturer_model_name="MUSTERMANN's",
        software_versions="1",
        device_serial_number="1",
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    made.save_as(path)


def structures(path: Path, series: Series, contours: dict[str, list[np.ndarray]]) -> None:
    """Write an RTSTRUCT of closed contours in LPS mm, by name, drawn on a series."""
    one = dataset(RTStructureSetStorage, **common(series.study, generate_uid(), series.frame), Modality="RTSTRUCT")
    one.ReferencedFrameOfReferenceSequence = [
        of(
            FrameOfReferenceUID=series.frame,
            RTReferencedStudySequence=[of(RTReferencedSeriesSequence=[of(SeriesInstanceUID=series.uid)])],
        )
    ]
    one.StructureSetROISequence = Sequence(
        of(ROINumber=number, ROIName=name) for number, name in enumerate(contours, start=1)
    )
    one.ROIContourSequence = Sequence(
        of(
            ReferencedROINumber=number,
            ContourSequence=Sequence(
                of(
                    ContourGeometricType="CLOSED_PLANAR",
                    NumberOfContourPoints=len(points),
                    ContourData=[f"{value:.3f}" for value in points.ravel()],
                )
                for points in drawn
            ),
        )
        for number, drawn in enumerate(contours.values(), start=1)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    one.save_as(path, enforce_file_format=True)


def contour(n: int, rows: tuple[int, int], columns: tuple[int, int]) -> Any:
    """The outline of voxels rows[0]..rows[1], columns[0]..columns[1] (inclusive) of slice n, half a voxel outside."""
    (top, bottom), (left, right) = rows, columns
    corners = [
        (top - 0.5, left - 0.5),
        (top - 0.5, right + 0.5),
        (bottom + 0.5, right + 0.5),
        (bottom + 0.5, left - 0.5),
    ]
    return np.asarray(ORIGIN) + np.array([[c * SPACING[1], r * SPACING[0], n * SPACING[2]] for r, c in corners])
