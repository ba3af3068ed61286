"""What is measured of a tumour's mask on import.

`synthesis` is imported inside the functions, so that web processes never load it.
"""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Mask = npt.NDArray[np.bool_]
_NEIGHBOURS = np.ones((3, 3, 3), dtype=bool)  # a shared face, edge or corner makes voxels one


def measure_lesions(tumor: Mask, spacing_mm: tuple[float, float, float]) -> tuple[int, float]:
    """Return how many lesions a tumour mask holds, and the equivalent diameter of the largest.

    Parameters
    ----------
    tumor : ndarray of bool, shape (I, J, K)
        Not empty. A lesion is what hangs together by faces, edges or corners of voxels.
    spacing_mm : tuple of float
        In the array's order.

    Returns
    -------
    lesions : int
    diameter_mm : float
        Of the sphere that has the largest lesion's volume.
    """
    from synthesis.masks import bounding_box, equivalent_diameter_mm

    parts, lesions = ndimage.label(tumor[bounding_box(tumor)], structure=_NEIGHBOURS)
    largest = np.bincount(parts.ravel())[1:].argmax() + 1
    return int(lesions), equivalent_diameter_mm(parts == largest, spacing_mm)


def touches(tumor: Mask, organ: Mask) -> bool:
    """Whether two masks share or adjoin a voxel: some data sets cut the tumour out of its organ."""
    from synthesis.masks import bounding_box

    box = bounding_box(tumor, margin=(1, 1, 1))
    return bool((ndimage.binary_dilation(tumor[box], _NEIGHBOURS) & organ[box]).any())


def touching(tumor: Mask, organ: Mask) -> Mask | None:
    """Return the lesions of a mask that share or adjoin a voxel with an organ; None where none does."""
    from synthesis.masks import bounding_box

    box = bounding_box(tumor, margin=(1, 1, 1))
    parts, _ = ndimage.label(tumor[box], structure=_NEIGHBOURS)
    near = ndimage.binary_dilation(organ[box], _NEIGHBOURS)
    own = np.setdiff1d(np.unique(parts[near]), [0])
    if not own.size:
        return None
    lesions = np.zeros_like(tumor)
    lesions[box] = np.isin(parts, own)
    return lesions
