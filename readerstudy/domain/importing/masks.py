"""What a mask file holds, on the grid of its CT: read once, however many masks are taken from it.

`synthesis` is imported inside the functions, so that web processes never load it.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from synthesis.volume import Volume as CTVolume

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class LabelMap:
    """A label for each voxel of the CT, 0 where there is none; `resampled` where the file has another grid."""

    labels: npt.NDArray[np.integer]
    resampled: bool

    def mask(self, labels: tuple[int, ...]) -> Mask:
        """Return where one of the labels is; where any is, for no label."""
        from synthesis.io import labels_to_mask

        return labels_to_mask(self.labels, labels)

    def held(self) -> str:
        """Name some of the labels that there are, for messages."""
        return ", ".join(str(value) for value in np.unique(self.labels)[:12])


def read_label_map(path: Path, *, like: CTVolume) -> LabelMap:
    """Read a NIfTI file of labels onto the grid of a CT.

    Raises
    ------
    synthesis.errors.UnusableInput
        As `synthesis.io.read_labels`.
    """
    from synthesis.io import MaskResampled, read_labels

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", MaskResampled)
        labels = read_labels(path, like=like)
    narrow = labels.min() >= 0 and labels.max() <= np.iinfo(np.uint8).max
    return LabelMap(
        labels=labels.astype(np.uint8) if narrow else labels,
        resampled=any(issubclass(warning.category, MaskResampled) for warning in caught),
    )
