"""Where in an organ a tumour goes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from synthesis.errors import UnusableInput
from synthesis.host import Host
from synthesis.masks import Mask

VESSEL_SMOOTHING_MM = 1.5  # standard deviation: noise averages out, vessels over 3 mm remain
SMALLEST_VESSEL_MM3 = 60.0  # smaller bright specks are noise


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


def place(host: Host, *, diameter_mm: float, rng: np.random.Generator) -> tuple[int, int, int]:
    """Draw the voxel at a new tumour's centre, uniformly from where the organ holds it.

    Every voxel of the organ is a candidate around which a sphere of the diameter lies within the organ.
    Candidates whose sphere holds a vessel are left out; where all do, the tenth that is farthest from
    vessels remains.

    Parameters
    ----------
    host : Host
    diameter_mm : float
        Of the sphere with the tumour's volume.
    rng : Generator

    Returns
    -------
    (i, j, k)
        A voxel of the CT.

    Raises
    ------
    OrganTooSmall
        If there is no candidate.
    """
    radius_mm = diameter_mm / 2
    fits = host.depth_mm >= radius_mm
    if not fits.any():
        raise OrganTooSmall(host, diameter_mm)
    vessels = vessel_mask(host)
    if vessels.any():
        clearance_mm = np.asarray(ndimage.distance_transform_edt(~vessels, sampling=host.ct.spacing_mm))
        fits &= clearance_mm >= min(radius_mm, float(np.quantile(clearance_mm[fits], 0.9)))
    candidates = np.argwhere(fits)
    i, j, k = candidates[rng.integers(len(candidates))] + [axis.start for axis in host.box]
    return int(i), int(j), int(k)


def vessel_mask(host: Host) -> Mask:
    """Return what shines in the organ, within `host.box`: vessels where the host shows them, and stones.

    A vessel is smoothed tissue that is brighter than the host's parenchyma by the organ's
    `vessel_margin_hu` over more than a speck.
    """
    hu: npt.NDArray[np.float32] = host.ct.hu[host.box].astype(np.float32)
    smooth = ndimage.gaussian_filter(hu, [VESSEL_SMOOTHING_MM / s for s in host.ct.spacing_mm])
    bright = (smooth > host.parenchyma_hu + host.organ.vessel_margin_hu) & host.organ_mask[host.box]
    labels, _ = ndimage.label(bright)
    large = np.bincount(labels.ravel()) * np.prod(host.ct.spacing_mm) >= SMALLEST_VESSEL_MM3
    large[0] = False
    return np.asarray(large[labels])
