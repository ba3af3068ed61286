"""What is measured of the lesions in a mask, real and synthetic ones alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.half_contrast import Delineation, NoEdge, delineate
from synthesis.masks import Mask, Spacing, bounding_box, equivalent_diameter_mm, longest_diameter_mm, volume_mm3

NEIGHBOURS = np.ones((3, 3, 3), dtype=bool)  # a shared face, edge or corner makes voxels one lesion
LEAST_DIAMETER_MM = 3.0  # smaller ones have no edge that a CT could show


@dataclass(frozen=True)
class MeasuredLesion:
    """One lesion.

    Attributes
    ----------
    volume_mm3, equivalent_mm, longest_mm : float
        Of the given mask: its volume, the diameter of the sphere of that volume, and the largest distance between
        two of its voxels.
    center : tuple of float
        The mask's centre of gravity, in voxels.
    outline : Delineation or None
        The lesion at half its contrast; None where that can't be told.
    no_edge : str
        Why not, in a few words.
    """

    volume_mm3: float
    equivalent_mm: float
    longest_mm: float
    center: tuple[float, float, float]
    outline: Delineation | None
    no_edge: str = ""

    @property
    def diameter_mm(self) -> float:
        """The diameter that arms are compared by: at half contrast, where that can be told, else the mask's."""
        return self.outline.equivalent_diameter_mm if self.outline else self.equivalent_mm

    @property
    def compared_volume_mm3(self) -> float:
        """The volume that goes with `diameter_mm`."""
        return self.outline.volume_mm3 if self.outline else self.volume_mm3


def measure_lesions(
    hu: npt.NDArray[np.integer], tumor: Mask, spacing_mm: Spacing, *, organ: Mask | None = None
) -> list[MeasuredLesion]:
    """Measure the lesions of a mask, the largest first.

    Parameters
    ----------
    hu : ndarray, shape (I, J, K)
    tumor : ndarray of bool, shape (I, J, K)
        Not empty. A lesion is what hangs together by faces, edges or corners of voxels.
    spacing_mm : tuple of float
        In the arrays' order.
    organ : ndarray of bool, optional
        Where tissue to compare with is looked for; see `synthesis.half_contrast.delineate`.
    """
    box = bounding_box(tumor)
    parts, _ = ndimage.label(tumor[box], structure=NEIGHBOURS)
    lesions = []
    for number, place in enumerate(ndimage.find_objects(parts), start=1):
        i, j, k = (
            slice(outer.start + inner.start, outer.start + inner.stop) for outer, inner in zip(box, place, strict=True)
        )
        lesions.append(_measure(hu, tumor, (parts[place] == number), (i, j, k), spacing_mm, organ))
    return sorted(lesions, key=lambda lesion: -lesion.volume_mm3)


def _measure(
    hu: npt.NDArray[np.integer],
    tumor: Mask,
    lesion: Mask,
    place: tuple[slice, slice, slice],
    spacing_mm: Spacing,
    organ: Mask | None,
) -> MeasuredLesion:
    """Measure one lesion, given in its own box."""
    equivalent_mm = equivalent_diameter_mm(lesion, spacing_mm)
    outline, no_edge = None, ""
    if equivalent_mm < LEAST_DIAMETER_MM:
        no_edge = "too small"
    else:
        try:
            outline = delineate(hu, lesion, spacing_mm, place=place, organ=organ, others=tumor)
        except NoEdge as reason:
            no_edge = str(reason)
    i, j, k = (float(at.mean()) + axis.start for at, axis in zip(np.nonzero(lesion), place, strict=True))
    return MeasuredLesion(
        volume_mm3=volume_mm3(lesion, spacing_mm),
        equivalent_mm=equivalent_mm,
        longest_mm=longest_diameter_mm(lesion, spacing_mm),
        center=(i, j, k),
        outline=outline,
        no_edge=no_edge,
    )
