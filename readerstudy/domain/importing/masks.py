"""What a mask file holds, on the grid of its CT: read once, however many masks are taken from it.

`synthesis` is imported inside the functions, so that web processes never load it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from synthesis.volume import Volume as CTVolume

Mask = npt.NDArray[np.bool_]


class Held(Protocol):
    """What a mask file holds, on the grid of its CT."""

    @property
    def resampled(self) -> bool:
        """Whether the file has another grid."""

    def mask(self, labels: tuple[int, ...]) -> Mask:
        """Return where one of the labels is; where any is, for no label."""

    def held(self) -> str:
        """Name some of the labels that there are, for messages."""


@dataclass(frozen=True, eq=False)
class LabelMap:
    """A label for each voxel of the CT, 0 where there is none."""

    labels: npt.NDArray[np.integer]
    resampled: bool

    def mask(self, labels: tuple[int, ...]) -> Mask:
        from synthesis.io import labels_to_mask

        return labels_to_mask(self.labels, labels)

    def held(self) -> str:
        return ", ".join(str(value) for value in np.unique(self.labels)[:12])


def read_masks(path: Path, *, like: CTVolume, labels: tuple[int, ...]) -> Held:
    """Read what a mask file holds onto the grid of a CT: NIfTI, a DICOM segmentation or structure set.

    Parameters
    ----------
    labels
        Those that will be asked for, so that a DICOM file's other regions are not drawn.

    Raises
    ------
    synthesis.errors.UnusableInput
        If the file is unusable, or lies on a grid that does not belong to the CT's.
    """
    if path.name.endswith((".nii", ".nii.gz")):
        return _read_label_map(path, like)
    from readerstudy.domain.importing.dicom.files import is_dicom
    from readerstudy.domain.importing.dicom.masks import read_regions

    return read_regions(path, like=like, numbers=labels) if is_dicom(path) else _read_label_map(path, like)


def _read_label_map(path: Path, like: CTVolume) -> LabelMap:
    from synthesis.io import MaskResampled, read_labels

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MaskResampled)
        labels = read_labels(path, like=like)
    narrow = labels.min() >= 0 and labels.max() <= np.iinfo(np.uint8).max
    return LabelMap(
        labels=labels.astype(np.uint8) if narrow else labels,
        resampled=any(issubclass(warning.category, MaskResampled) for warning in caught),
    )
