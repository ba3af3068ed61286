"""DICOM segmentations and structure sets: their series, what they outline, and their masks on a CT's grid."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highdicom
import nibabel as nib
import numpy as np
import numpy.typing as npt
import pydicom

from readerstudy.domain.importing.dicom.files import (
    SEGMENTATION,
    STRUCTURES,
    InvalidDicom,
    read_whole,
    reading,
    sop_class,
    text,
)
from readerstudy.domain.importing.masks import Mask
from synthesis.io import OffGrid, labels_on_grid
from synthesis.nifti import MAX_BYTES, canonical_affine, empty_canonical
from synthesis.volume import Volume

_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_FLAT_VOXELS = 0.1  # how far a contour's points may leave their plane
_OFF_PLANE_VOXELS = 0.25  # how far that plane may lie from its slice
_FRACTION = 0.5  # of a fractional segmentation: from here on a voxel belongs


@dataclass(frozen=True, eq=False)
class Regions:
    """Masks by number, on the grid of a CT; they may overlap."""

    masks: Mapping[int, Mask]
    resampled: bool

    def mask(self, labels: tuple[int, ...]) -> Mask:
        """Return where one of the regions is; where any is, for no number."""
        chosen = [self.masks[label] for label in labels or self.masks if label in self.masks]
        if not chosen:
            return np.zeros(next(iter(self.masks.values())).shape, dtype=bool)
        return np.asarray(np.logical_or.reduce(chosen))

    def held(self) -> str:
        return ", ".join(map(str, sorted(self.masks)))


def is_mask(header: pydicom.Dataset) -> bool:
    return sop_class(header) in (*SEGMENTATION, STRUCTURES)


def referenced_series(path: Path, header: pydicom.Dataset) -> set[str]:
    """Return the identifiers of the series that a segmentation or structure set was drawn on."""
    with reading(path):
        if sop_class(header) in SEGMENTATION:
            return {text(item, "SeriesInstanceUID") for item in header.get("ReferencedSeriesSequence") or []} - {""}
        return {
            text(series, "SeriesInstanceUID")
            for frame in header.get("ReferencedFrameOfReferenceSequence") or []
            for study in frame.get("RTReferencedStudySequence") or []
            for series in study.get("RTReferencedSeriesSequence") or []
        } - {""}


def region_names(path: Path, header: pydicom.Dataset) -> dict[int, str]:
    """Return the names of what is outlined, by number."""
    with reading(path):
        if sop_class(header) == STRUCTURES:
            return {int(roi.ROINumber): text(roi, "ROIName") for roi in header.get("StructureSetROISequence") or []}
        return {int(one.SegmentNumber): _segment_name(one) for one in header.get("SegmentSequence") or []}


def _segment_name(segment: pydicom.Dataset) -> str:
    label = text(segment, "SegmentLabel")
    coded = segment.get("SegmentedPropertyTypeCodeSequence") or []
    return label or (text(coded[0], "CodeMeaning") if coded else "")


def read_regions(path: Path, *, like: Volume, numbers: tuple[int, ...]) -> Regions:
    """Read a segmentation or structure set onto the grid of its CT.

    Parameters
    ----------
    path : Path
    like : Volume
    numbers : tuple of int
        Of the segments or regions that are wanted.

    Raises
    ------
    InvalidDicom, OffGrid
    """
    with reading(path):
        dataset = read_whole(path)
        read: Callable[[pydicom.Dataset, Volume, tuple[int, ...]], Regions]
        read = _read_structures if sop_class(dataset) == STRUCTURES else _read_segments
        return read(dataset, like, numbers)


def _read_segments(dataset: pydicom.Dataset, like: Volume, numbers: tuple[int, ...]) -> Regions:
    segmentation = highdicom.seg.Segmentation.from_dataset(dataset, copy=False)
    grid = segmentation.get_volume_geometry(allow_missing_positions=True)
    if grid is None:
        raise InvalidDicom("the segmentation's frames make no rectangular grid; export it again.")
    if math.prod(grid.spatial_shape) > MAX_BYTES // 4:  # frames far apart, with all the empty ones between them
        raise InvalidDicom("the segmentation reaches over more voxels than a CT has; export it again.")
    masks: dict[int, Mask] = {}
    resampled = False
    for number in numbers:
        if number not in segmentation.segment_numbers:
            continue
        volume = segmentation.get_volume(segment_numbers=[number], combine_segments=False, allow_missing_positions=True)
        labels = np.asarray(volume.array[..., 0] >= _FRACTION)
        affine = _LPS_TO_RAS @ volume.affine
        turn = nib.orientations.io_orientation(affine)
        canonical, own = empty_canonical(labels.shape, turn)
        own[...] = labels
        on_grid, moved = labels_on_grid(canonical, canonical_affine(affine, labels.shape, turn), like=like)
        masks[number] = on_grid != 0
        resampled |= moved
    return Regions(masks or {0: np.zeros(like.shape, dtype=bool)}, resampled)


def _read_structures(dataset: pydicom.Dataset, like: Volume, numbers: tuple[int, ...]) -> Regions:
    to_voxels = np.linalg.inv(like.affine) @ _LPS_TO_RAS
    masks = {number: np.zeros(like.shape, dtype=bool) for number in numbers}
    for roi in dataset.get("ROIContourSequence") or []:
        number = int(roi.ReferencedROINumber)
        if number in masks:
            for contour in _closed_contours(roi):
                _draw(masks[number], nib.affines.apply_affine(to_voxels, contour))
    return Regions(masks or {0: np.zeros(like.shape, dtype=bool)}, resampled=False)


def _closed_contours(roi: Any) -> Iterator[npt.NDArray[np.float64]]:
    for contour in roi.get("ContourSequence") or []:
        if text(contour, "ContourGeometricType") == "CLOSED_PLANAR":
            points = np.array([float(value) for value in contour.ContourData])
            if points.size % 3 or not np.isfinite(points).all():
                raise InvalidDicom("a contour's points are no places; export the structure set again.")
            if points.size >= 9:
                yield points.reshape(-1, 3)


def _draw(mask: Mask, points: npt.NDArray[np.float64]) -> None:
    """Fill a contour, given in voxels, into its slice: voxels whose centre lies within; twice filled is a hole."""
    from matplotlib.path import Path as Polygon

    extent = np.ptp(points, axis=0)
    axis = int(np.argmin(extent))
    level = float(np.mean(points[:, axis]))
    place = round(level)
    if extent[axis] > _FLAT_VOXELS or abs(level - place) > _OFF_PLANE_VOXELS:
        raise InvalidDicom("the contours do not lie on the CT's slices; check that the two belong together.")
    if not 0 <= place < mask.shape[axis]:
        raise InvalidDicom("the contours lie outside the CT; check that the two belong together.")
    plane = np.moveaxis(mask, axis, 0)[place]
    outline = np.delete(points, axis, axis=1)
    low = np.clip(np.floor(outline.min(axis=0)).astype(int), 0, np.array(plane.shape) - 1)
    high = np.clip(np.ceil(outline.max(axis=0)).astype(int) + 1, 1, plane.shape)
    centres = np.moveaxis(np.mgrid[low[0] : high[0], low[1] : high[1]], 0, -1)
    within = Polygon(outline).contains_points(centres.reshape(-1, 2)).reshape(centres.shape[:2])
    plane[low[0] : high[0], low[1] : high[1]] ^= within


__all__ = ["OffGrid", "Regions", "is_mask", "read_regions", "referenced_series", "region_names"]
