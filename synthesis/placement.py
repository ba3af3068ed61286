"""Where in an organ a tumour goes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.errors import UnusableInput
from synthesis.host import Host
from synthesis.masks import Mask
from synthesis.regions import REGIONS, region_labels

SMALLEST_VESSEL_MM3 = 60.0  # smaller bright specks are noise

_BULGE_DEPTH = (0.35, 0.8)  # of the radius: how deep in the organ the centre of a tumour lies that bulges out


class OrganTooSmall(UnusableInput):
    """No place in the organ holds a tumour of the asked diameter.

    Attributes
    ----------
    largest_diameter_mm : float
        The largest that fits.
    """

    def __init__(self, host: Host, diameter_mm: float) -> None:
        self.largest_diameter_mm = host.largest_diameter_mm
        super().__init__(
            f"The {host.organ.name} is too small for a tumour of {diameter_mm:.1f} mm: "
            f"the largest that fits has {self.largest_diameter_mm:.1f} mm; "
            "ask for a smaller diameter or use another CT."
        )


class NoRoom(UnusableInput):
    """The organ holds each of several tumours, but not all of them apart from each other."""


class Occupied(NamedTuple):
    """A ball that another tumour keeps to itself: its centre's voxel and its radius in mm."""

    center_voxel: tuple[int, int, int]
    radius_mm: float


def place(
    host: Host,
    *,
    diameter_mm: float,
    rng: np.random.Generator,
    at_surface: bool = False,
    occupied: Sequence[Occupied] = (),
) -> tuple[int, int, int]:
    """Draw the voxel at a new tumour's centre, uniformly from where the organ holds it.

    Candidates are the blocks of the organ's overview around which a sphere of the diameter lies within the
    organ. Those whose sphere holds a vessel are left out; where all do, the tenth that is farthest from
    vessels remains. Where the host names a region of the organ, its blocks alone are candidates, if any is left there.

    Parameters
    ----------
    host : Host
    diameter_mm : float
        Of the sphere with the tumour's volume.
    rng : Generator
    at_surface : bool
        Take a place so near to the organ's surface that the sphere bulges out of it.
    occupied : sequence of Occupied
        Balls that the tumour's sphere may not touch.

    Returns
    -------
    (i, j, k)
        A voxel of the CT.

    Raises
    ------
    OrganTooSmall
        If the organ does not hold the sphere anywhere.
    NoRoom
        If it does, but what is occupied leaves no place.
    """
    radius_mm = diameter_mm / 2
    depth_mm = host.overview.depth_mm
    fits = depth_mm >= radius_mm
    if not fits.any():
        raise OrganTooSmall(host, diameter_mm)
    if at_surface:
        low, high = np.multiply(_BULGE_DEPTH, radius_mm)
        near = (depth_mm >= low) & (depth_mm <= high)
        fits = near if near.any() else fits
    fits &= _free(host, radius_mm, occupied)
    fits = _in_region(host, fits)
    if not fits.any():
        raise NoRoom(
            f"The {host.organ.name} has no room for another tumour of {diameter_mm:.1f} mm beside the first; "
            "ask for fewer or smaller ones."
        )
    vessels = vessel_mask(host)
    if vessels.any():
        clearance_mm = np.asarray(ndimage.distance_transform_edt(~vessels, sampling=host.overview.spacing_mm))
        fits &= clearance_mm >= min(radius_mm, float(np.quantile(clearance_mm[fits], 0.9)))
    candidates = np.argwhere(fits)
    return host.overview.voxel(candidates[rng.integers(len(candidates))])


def _in_region(host: Host, fits: Mask) -> Mask:
    if not host.region:
        return fits
    there = fits & (region_labels(host) == REGIONS[host.organ.name].index(host.region))
    return there if there.any() else fits


def vessel_mask(host: Host) -> Mask:
    """Return what shines in the organ, in blocks of `host.overview`: vessels where the host shows them, stones.

    A vessel is smoothed tissue that is brighter than the host's parenchyma by the organ's
    `vessel_margin_hu` over more than a speck; a speck that is brighter by twice as much is a stone.
    """
    seen = host.overview
    margin_hu = host.organ.vessel_margin_hu
    above_hu = np.where(seen.depth_mm > 0, seen.smooth_hu - host.parenchyma_hu, 0)
    labels, count = ndimage.label(above_hu > margin_hu)
    taken = np.bincount(labels.ravel()) * np.prod(seen.spacing_mm) >= SMALLEST_VESSEL_MM3
    taken[1:] |= ndimage.maximum(above_hu, labels, np.arange(1, count + 1)) > 2 * margin_hu
    taken[0] = False
    return np.asarray(taken[labels])


def _free(host: Host, radius_mm: float, occupied: Sequence[Occupied]) -> Mask:
    """Return the blocks around which a sphere touches nothing that is occupied."""
    seen = host.overview
    free = np.ones(seen.inside.shape, dtype=bool)
    for ball in occupied:
        blocks: Sequence[npt.NDArray[np.int_]] = np.indices(free.shape, sparse=True)
        away = [
            (origin + (block + 0.5) * factor - 0.5 - center) * s
            for origin, block, factor, center, s in zip(
                seen.origin, blocks, seen.factors, ball.center_voxel, host.ct.spacing_mm, strict=True
            )
        ]
        free &= away[0] ** 2 + away[1] ** 2 + away[2] ** 2 > (radius_mm + ball.radius_mm) ** 2
    return free
