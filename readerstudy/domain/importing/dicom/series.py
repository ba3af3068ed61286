"""Series: slices put in order, checked for a rectangular grid, and read to a volume."""

from __future__ import annotations

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt

from readerstudy.domain.importing.dicom.files import InvalidDicom, LeftOut
from readerstudy.domain.importing.dicom.slices import Slice, open_file
from synthesis.io import NotHounsfield, check_true_hu
from synthesis.nifti import MAX_BYTES, canonical_affine, check_grid, empty_canonical, readable
from synthesis.volume import Volume

FEWEST_SLICES = 3
MAX_TILT_DEGREES = 0.5
SAME_PLACE_MM = 0.01
_EVEN = 0.02  # of the distance between slices, or half a tenth of a mm: how far one may differ from the others
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True)
class DicomSeries:
    """A CT as slices in order, on a rectangular grid."""

    slices: tuple[Slice, ...]

    @property
    def path(self) -> Path:
        return self.slices[0].path

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(one.path for one in self.slices))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Columns, rows, slices: the order of the axes before the volume is turned."""
        rows, columns = self.slices[0].shape
        return columns, rows, len(self.slices)

    @property
    def affine(self) -> npt.NDArray[np.float64]:
        """From (column, row, slice) to RAS+ mm: DICOM PS3.3 C.7.6.2.1.1, and the way from slice to slice."""
        first, last = self.slices[0], self.slices[-1]
        affine = np.eye(4)
        affine[:3, 0] = np.multiply(first.row, first.spacing_mm[1])
        affine[:3, 1] = np.multiply(first.column, first.spacing_mm[0])
        affine[:3, 2] = np.subtract(last.position, first.position) / (len(self.slices) - 1)
        affine[:3, 3] = first.position
        return np.asarray(_LPS_TO_RAS @ affine)

    def read(self) -> Volume:
        """Return the CT in HU, turned to RAS+; one slice is decoded at a time."""
        if 2 * math.prod(self.shape) > MAX_BYTES:
            raise InvalidDicom(f"the volume takes more than {readable(MAX_BYTES)}; leave the series out.")
        affine = self.affine
        check_grid(self.path, affine)
        turn = nib.orientations.io_orientation(affine)
        values, own = empty_canonical(self.shape, turn)
        for k, one in enumerate(self.slices):
            if k == 0 or one.path != self.slices[k - 1].path:  # a multi-frame file is opened once
                file = open_file(one.path)
            own[..., k] = one.decode(file).T
        volume = Volume(values, canonical_affine(affine, self.shape, turn))
        try:
            check_true_hu(volume.hu)
        except NotHounsfield as error:
            raise InvalidDicom(f"{error}; export the series with its rescale slope and intercept.") from error
        return volume


def assemble(slices: Iterable[Slice]) -> tuple[list[DicomSeries], list[str]]:
    """Put the slices of one series into volumes; say of the others why they make none.

    Slices of other planes, sizes or acquisitions are volumes of their own.
    """
    groups: dict[tuple[object, ...], list[Slice]] = defaultdict(list)
    for one in slices:
        groups[_plane(one)].append(one)
    found: list[DicomSeries] = []
    refused: list[str] = []
    for group in groups.values():
        for stack in _acquisitions(group):
            try:
                found.append(_in_order(stack))
            except LeftOut as error:
                refused.append(f"{len(stack)} slices: {error}")
    return found, refused


def _plane(one: Slice) -> tuple[object, ...]:
    directions = tuple(np.round([*one.row, *one.column], 3) + 0.0)
    return (directions, one.shape, tuple(np.round(one.spacing_mm, 4)))


def _acquisitions(group: Sequence[Slice]) -> list[list[Slice]]:
    """Part slices that share their places by acquisition, where that leaves each place once."""
    places = Counter(round(one.height_mm / SAME_PLACE_MM) for one in group)
    if max(places.values()) == 1:
        return [list(group)]
    parts: dict[str, list[Slice]] = defaultdict(list)
    for one in group:
        parts[one.acquisition].append(one)
    return list(parts.values())


def _in_order(stack: Sequence[Slice]) -> DicomSeries:
    """Return a stack in the order of its places, each once.

    Raises
    ------
    LeftOut
        If it makes no rectangular grid, or leaves a doubt which image belongs in a place.
    """
    ordered = _without_copies(sorted(stack, key=lambda one: one.height_mm))
    if len(ordered) < FEWEST_SLICES:
        raise LeftOut("too few for a volume.")
    heights = np.array([one.height_mm for one in ordered])
    steps = np.diff(heights)
    typical = float(np.median(steps))
    uneven = np.abs(steps - typical) > max(_EVEN * typical, 0.05)
    if uneven.any():
        raise LeftOut(_say_uneven(steps, typical, uneven))
    way = np.subtract(ordered[-1].position, ordered[0].position)
    tilt = float(np.degrees(np.arccos(np.clip(ordered[0].normal @ way / np.linalg.norm(way), -1, 1))))
    if tilt > MAX_TILT_DEGREES:
        raise LeftOut(
            f"the gantry was tilted by {tilt:.1f}°, and tilted slices are not resampled here; convert the series with a"
            " tool that does, and import the NIfTI file."
        )
    places = np.array([one.position for one in ordered])
    straight = places[0] + np.outer(np.arange(len(ordered)) / (len(ordered) - 1), way)
    if np.linalg.norm(places - straight, axis=1).max() > max(_EVEN * typical, 0.05) + SAME_PLACE_MM:
        raise LeftOut("the slices are shifted against each other in their plane; export the series again.")
    return DicomSeries(tuple(ordered))


def _say_uneven(steps: npt.NDArray[np.float64], typical: float, uneven: npt.NDArray[np.bool_]) -> str:
    whole = np.rint(steps[uneven] / typical)
    if (whole >= 2).all() and (np.abs(steps[uneven] - whole * typical) <= 0.1 * typical).all():
        first = int(np.flatnonzero(uneven)[0]) + 1
        return f"{int((whole - 1).sum())} slices are missing, the first after slice {first}; export the series again."
    return (
        f"the slices lie {steps.min():.2f} to {steps.max():.2f} mm apart, and volumes of varying spacing are not"
        " resampled here; leave the series out."
    )


def _without_copies(ordered: Sequence[Slice]) -> list[Slice]:
    """Keep one of several equal images at one place; refuse images that differ."""
    kept: list[Slice] = []
    for _, same in itertools.groupby(ordered, key=lambda one: round(one.height_mm / SAME_PLACE_MM)):
        first, *others = same
        for other in others:
            if not (first.instance and first.instance == other.instance) and not _equal(first, other):
                raise LeftOut("two different images lie at one place; leave one of the two acquisitions out.")
        kept.append(first)
    return kept


def _equal(first: Slice, other: Slice) -> bool:
    return bool(np.array_equal(first.read(), other.read()))
