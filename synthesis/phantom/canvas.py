"""The picture that a patient's anatomy is painted on, structure by structure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthesis.phantom.geometry import Field, Region
from synthesis.phantom.parameters import PatientParameters

LABELS = {
    "spleen": 1,
    "right kidney": 2,
    "left kidney": 3,
    "gallbladder": 4,
    "liver": 5,
    "stomach": 6,
    "pancreas": 7,
}
"""Label numbers, as TotalSegmentator numbers its classes; 0 is everything else."""


def image_region(parameters: PatientParameters) -> Region:
    """The whole image as a region of the patient's frame."""
    build = parameters.build
    axes = tuple(
        ((origin + np.arange(count) * spacing) / build).astype(np.float32)
        for origin, count, spacing in zip(parameters.origin_mm, parameters.shape, parameters.spacing_mm, strict=True)
    )
    half = np.array(parameters.spacing_mm) / 2 / build
    low = tuple(float(axis[0] - h) for axis, h in zip(axes, half, strict=True))
    high = tuple(float(axis[-1] + h) for axis, h in zip(axes, half, strict=True))
    return Region(
        axes=(axes[0], axes[1], axes[2]),
        slices=(slice(0, parameters.columns), slice(0, parameters.rows), slice(0, parameters.slices)),
        low=(low[0], low[1], low[2]),
        high=(high[0], high[1], high[2]),
    )


@dataclass(frozen=True)
class Canvas:
    """HU and labels under construction.

    Attributes
    ----------
    region : Region
        The whole image.
    hu : float32 array [i, j, k]
    labels : uint8 array [i, j, k]
    cavity : float32 array [i, j, k]
        Signed distance, in frame mm, to the inside of the body wall.
    edge : float
        Width, in frame mm, over which one structure passes into the next.
    """

    region: Region
    hu: Field
    labels: npt.NDArray[np.uint8]
    cavity: Field
    edge: float

    def paint(
        self,
        region: Region,
        distance: Field,
        hu: Field | float,
        label: int | None = None,
    ) -> None:
        """Lay a structure over what is there, with voxels at its surface in proportion.

        Parameters
        ----------
        distance : array of the region's shape
            Signed distance to the structure's surface, in frame mm.
        hu : number or array of the region's shape
        label : int, optional
            Written inside the structure; without it the labels stay as they are.
        """
        share = np.clip(0.5 - distance / np.float32(self.edge), 0, 1)
        here = self.hu[region.slices]
        here += share * (hu - here)
        if label is not None:
            self.labels[region.slices][distance < 0] = label
