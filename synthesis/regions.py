"""Which part of its organ a place lies in: the same measure for patients' tumours and for those that we make.

- *Liver*: right or left half of its box, and the upper, middle or lower third.
- *Kidney*: right or left of the image's middle, where the spine is, and the upper, middle or lower third of that one.
- *Pancreas*: head, body or tail: thirds of the way through the organ from its rightmost end to its farthest.

A place outside the mask (some data sets cut the tumour out of its organ) belongs to the part that is nearest.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from synthesis.host import Host
from synthesis.masks import Mask, Spacing

LEVELS = ("lower", "middle", "upper")
SIDES = ("left", "right")
ALONG = ("head", "body", "tail")
REGIONS = {
    "liver": tuple(f"{side} {level}" for side in SIDES for level in LEVELS),
    "kidney": tuple(f"{side} {level}" for side in SIDES for level in LEVELS),
    "pancreas": ALONG,
}

Labels = npt.NDArray[np.intp]
"""Numbers of an organ's `REGIONS`."""


def region_labels(host: Host) -> Labels:
    """Return the region of every block of the host's overview, the organ's or not, as a number of `REGIONS`."""
    if host.organ.name == "pancreas":
        return _thirds(_way(host.overview.inside, host.overview.spacing_mm))
    return _side_and_level(host, is_paired=host.organ.name == "kidney")


def region_at(host: Host, voxel: Sequence[float]) -> str:
    """Return the region that a place, in voxels of the CT, lies in or next to."""
    seen, labels = host.overview, region_labels(host)
    i, j, k = (
        int(np.clip((at - origin) // factor, 0, n - 1))
        for at, origin, factor, n in zip(voxel, seen.origin, seen.factors, labels.shape, strict=True)
    )
    return REGIONS[host.organ.name][int(labels[i, j, k])]


def _side_and_level(host: Host, *, is_paired: bool) -> Labels:
    """Halves from left to right and thirds from below; of a paired organ, of the one on that side."""
    seen = host.overview
    blocks: Sequence[npt.NDArray[np.int_]] = np.indices(seen.inside.shape, sparse=True)
    i, _, k = blocks
    middle = (host.ct.shape[0] / 2 - seen.origin[0]) / seen.factors[0] if is_paired else seen.inside.shape[0] / 2
    right = np.broadcast_to(i + 0.5 > middle, seen.inside.shape)
    if not is_paired:
        return 3 * right + _thirds((k + 0.5) / seen.inside.shape[2])
    level = np.zeros(seen.inside.shape, dtype=np.intp)
    for side in (right, ~right):
        heights = np.flatnonzero((seen.inside & side).any(axis=(0, 1)))
        low, high = (heights[0], heights[-1] + 1) if len(heights) else (0, seen.inside.shape[2])
        level = np.where(side, _thirds((k + 0.5 - low) / (high - low)), level)
    return 3 * right + level


def _thirds(fraction: npt.NDArray[np.float64]) -> Labels:
    return np.clip(np.floor(3 * fraction), 0, 2).astype(np.intp)


def _way(inside: Mask, spacing_mm: Spacing) -> npt.NDArray[np.float64]:
    """Return how far along an elongated organ each block lies: 0 at its rightmost end, 1 at the end farthest from it.

    Distances are measured through the organ (Dijkstra's, over blocks that touch), so that a bent one is followed.
    """
    if not inside.any():  # too thin for a whole block: along the box
        along = 1 - (np.arange(inside.shape[0]) + 0.5) / inside.shape[0]
        return np.broadcast_to(along[:, None, None], inside.shape)
    numbers = np.full(inside.shape, -1)
    numbers[inside] = np.arange(inside.sum())
    rightmost = numbers[tuple(np.argwhere(inside)[np.argmax(np.argwhere(inside)[:, 0])])]
    distance = dijkstra(_touching(numbers, spacing_mm), directed=False, indices=[int(rightmost)])[0]
    distance[~np.isfinite(distance)] = np.nan
    way = np.full(inside.shape, np.nan)
    way[inside] = distance / max(float(np.nanmax(distance)), 1e-9)
    nearest = ndimage.distance_transform_edt(np.isnan(way), spacing_mm, return_distances=False, return_indices=True)
    return np.asarray(way[tuple(nearest)])


def _touching(numbers: npt.NDArray[np.int_], spacing_mm: Spacing) -> csr_array:
    """Return the graph of the numbered blocks: how many mm each is from those it shares a face, edge or corner with."""
    first, second, length = [], [], []
    for offset in itertools.product((-1, 0, 1), repeat=3):
        if offset <= (0, 0, 0):  # each pair once
            continue
        here = tuple(slice(max(0, -o), n - max(0, o)) for o, n in zip(offset, numbers.shape, strict=True))
        there = tuple(slice(max(0, o), n + min(0, o)) for o, n in zip(offset, numbers.shape, strict=True))
        both = (numbers[here] >= 0) & (numbers[there] >= 0)
        first.append(numbers[here][both])
        second.append(numbers[there][both])
        length.append(np.full(int(both.sum()), float(np.linalg.norm(np.multiply(offset, spacing_mm)))))
    n = int(numbers.max()) + 1
    return csr_array((np.concatenate(length), (np.concatenate(first), np.concatenate(second))), shape=(n, n))
