"""The contrast phase of a CT, told from the organ itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

Phase = Literal["none", "arterial", "portal", "delayed"]
PHASES: tuple[Phase, ...] = get_args(Phase)


class Enhancement(NamedTuple):
    """How an organ looks in one phase, in HU.

    Attributes
    ----------
    parenchyma_hu : float
    bright_hu : float
        Its brightest part: the 97th percentile of its smoothed voxels (vessels; the kidney's cortex).
    spread_hu : float
        From the 25th percentile to there.
    """

    parenchyma_hu: float
    bright_hu: float
    spread_hu: float

    @classmethod
    def of(cls, parenchyma_hu: float, smooth_hu: npt.NDArray[np.float32]) -> Enhancement:
        """Take the measures of an organ."""
        dark, bright = (float(level) for level in np.percentile(smooth_hu, (25, 97)))
        return cls(parenchyma_hu, bright, bright - dark)


_BETWEEN_PATIENTS_HU = Enhancement(20.0, 12.0, 10.0)  # standard deviations in the same phase


def estimate_phase(seen: Enhancement, typical: Mapping[Phase, Enhancement]) -> Phase:
    """Return the phase whose typical look is nearest to what is seen, in standard deviations between patients.

    An estimate: a faintly enhancing organ looks alike in neighbouring phases.

    Examples
    --------
    >>> typical = {"none": Enhancement(55, 68, 16), "portal": Enhancement(110, 142, 35)}
    >>> estimate_phase(Enhancement(92, 125, 32), typical)
    'portal'
    """

    def distance(phase: Phase) -> float:
        measures = zip(seen, typical[phase], _BETWEEN_PATIENTS_HU, strict=True)
        return sum(((value - usual) / sd) ** 2 for value, usual, sd in measures)

    return min(typical, key=distance)
