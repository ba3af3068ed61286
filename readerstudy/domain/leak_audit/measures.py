"""What is measured of one case as it is displayed; the names of the results are those of `features`.

Arrays are [slice, row, column] as `slice_packs.display_array` gives them; spacing has the same order, in mm.
A measure that has nothing to measure is NaN.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readerstudy.domain.importing.lesions import count_lesions

Mask = npt.NDArray[np.bool_]
Slices = npt.NDArray[np.int16]
Distance = npt.NDArray[np.float64]
Measures = dict[str, float]
Spacing = tuple[float, float, float]
Box = tuple[slice, slice, slice]

AIR_HU = -700  # and below
SOFT_TISSUE_HU = (-200, 250)  # with fat
EDGE_HU = 100  # neighbours in soft tissue that differ by more are an edge, not noise
SHELL_MM = 3.0  # or one voxel, where voxels are larger
SHARPEST = 99  # percentile of the steps between neighbours that stands for edges


def measure_file(
    *, shape: Sequence[int], spacing_mm: Sequence[float], offsets: Sequence[int], cue_slice: int
) -> Measures:
    """Measure what a reader's browser learns of a case beside its pixels."""
    sizes = np.diff(offsets)
    return {
        **dict(zip(("slices", "rows", "columns"), map(float, shape), strict=True)),
        **dict(zip(("slice_mm", "row_mm", "column_mm"), spacing_mm, strict=True)),
        "bytes": float(offsets[-1]),
        "bytes_per_voxel": offsets[-1] / math.prod(shape),
        "cue_bytes": float(sizes[cue_slice] / sizes.mean()),
        "cue_place": cue_slice / max(shape[0] - 1, 1),
    }


def measure_surroundings(upper: Slices, lower: Slices, outside: Mask, spacing_mm: Spacing) -> Measures:
    """Measure noise, sharpness, background, table and values of an image outside its tumour.

    Parameters
    ----------
    upper, lower : ndarray of int16, shape (n, rows, columns)
        Slices from all over the volume, and the next one below each.
    outside : ndarray of bool, shape of `upper`
        Where neither holds tumour.
    """
    hu = upper[outside]
    soft = _within(upper, SOFT_TISSUE_HU) & outside
    values = upper[soft]
    noise_hu, noise_apart_hu = rms_step(upper, soft), rms_step(upper, soft, voxels=2)
    between = (lower - upper)[soft & _within(lower, SOFT_TISSUE_HU)]
    tail = upper[:, -max(upper.shape[1] // 10, 1) :]
    return {
        "lowest_hu": float(hu.min()),
        "highest_hu": float(hu.max()),
        "padding": float(np.mean(hu == hu.min())),
        "air": float(np.mean(hu < AIR_HU)),
        "table": float(np.mean(tail >= AIR_HU)),
        "soft_hu": _mean(values),
        "uneven_values": _unevenness(values),
        "noise_hu": noise_hu,
        "grain": _ratio(noise_hu, noise_apart_hu),
        "slice_change": _ratio(_rms(between) / math.sqrt(2), noise_hu),
        "sharpness": _sharpness(upper, outside) / spacing_mm[2],
    }


def measure_organ(hu: Slices, organ: Mask) -> Measures:
    """Measure an organ's brightness and noise; `organ` leaves the tumour out."""
    tissue = organ & _within(hu, SOFT_TISSUE_HU)
    return {"organ_hu": _mean(hu[tissue]), "organ_noise_hu": rms_step(hu, tissue)}


def distance_around(tumor: Mask, reach_mm: float, spacing_mm: Spacing) -> tuple[Box, Distance]:
    """Return a box that reaches `reach_mm` around a tumour, and each of its voxels' distance to the tumour in mm."""
    from synthesis.masks import bounding_box

    i, j, k = (math.ceil(reach_mm / step) for step in spacing_mm)
    box = bounding_box(tumor, margin=(i, j, k))
    return box, np.asarray(ndimage.distance_transform_edt(~tumor[box], sampling=spacing_mm))


def measure_tumor(
    box: Box, distance_mm: Distance, organ: Mask | None, *, shape: Sequence[int], spacing_mm: Spacing
) -> Measures:
    """Measure how many lesions a tumour has, and where it lies: in the image, and in its organ where that is known.

    Parameters
    ----------
    box, distance_mm
        As `distance_around` gives them, reaching `SHELL_MM` or farther.
    organ : ndarray of bool or None
        On the whole image.
    shape : sequence of int
        (slices, rows, columns) of the image.
    spacing_mm : tuple of float
    """
    from synthesis.masks import bounding_box, volume_mm3

    tumor = distance_mm == 0
    middle = [float(at.mean()) + axis.start for at, axis in zip(np.nonzero(tumor), box, strict=True)]
    image = [slice(0, size) for size in shape]
    measures = {
        "lesions": float(count_lesions(tumor)),
        **dict(zip(("image_down", "image_back", "image_left"), _fractions(middle, image), strict=True)),
    }
    if organ is not None:
        places = _fractions(middle, bounding_box(organ))
        measures |= dict(zip(("organ_down", "organ_back", "organ_left"), places, strict=True))
        shell = ~tumor & (distance_mm <= max(SHELL_MM, *spacing_mm))
        measures["organ_around"] = float(organ[box][shell].mean())
        measures["organ_ml"] = (volume_mm3(organ, spacing_mm) + volume_mm3(tumor & ~organ[box], spacing_mm)) / 1000
    return measures


def rms_step(hu: Slices, inside: Mask, *, voxels: int = 1) -> float:
    """Return the noise that the steps to the neighbour `voxels` columns on show, in HU: their RMS over √2."""
    step = hu[..., voxels:] - hu[..., :-voxels]
    return _rms(step[inside[..., voxels:] & inside[..., :-voxels]]) / math.sqrt(2)


def _sharpness(hu: Slices, outside: Mask) -> float:
    """Return the step in HU between neighbouring columns that one in a hundred exceeds."""
    steps = np.abs(np.diff(hu, axis=2))[outside[..., 1:] & outside[..., :-1]]
    return float(np.percentile(steps, SHARPEST))


def _unevenness(values: Slices) -> float:
    """Return how far the numbers of voxels of each HU lie from those of the next HU below and above: 0 if evenly.

    Rounding and rescaling leave gaps and peaks: where only even values occur, it is 1.
    """
    low, high = SOFT_TISSUE_HU
    counts = np.bincount(values - low, minlength=high - low + 1)
    jumps = np.abs(counts[1:-1] - (counts[:-2] + counts[2:]) / 2)
    return _ratio(float(jumps.sum()), 2.0 * len(values))


def _fractions(point: Sequence[float], box: Sequence[slice]) -> list[float]:
    """Return where a point lies between the first (0) and the last (1) voxel of a box, along each axis."""
    return [(at - axis.start) / max(axis.stop - axis.start - 1, 1) for at, axis in zip(point, box, strict=True)]


def _within(hu: Slices, limits: tuple[int, int]) -> Mask:
    return (hu >= limits[0]) & (hu <= limits[1])


def _rms(steps: Slices) -> float:
    """Return the root mean square of the steps that are no edges."""
    small = steps[np.abs(steps) <= EDGE_HU].astype(np.float64)
    return float(np.sqrt(np.mean(small**2))) if small.size else math.nan


def _ratio(one: float, other: float) -> float:
    return one / other if other else math.nan


def _mean(values: Slices) -> float:
    return float(values.mean()) if values.size else math.nan
