"""What features depend on beside the tumour; two tables compare only where these are the same."""

from __future__ import annotations

import math
from dataclasses import dataclass

from synthesis.errors import UnusableInput


class UnusableSetting(UnusableInput):
    """A setting makes no sense."""


@dataclass(frozen=True)
class Settings:
    """How features are worked out.

    Attributes
    ----------
    bin_width_hu : float
        Width of a gray level, the same for every tumour (IBSI: fixed bin size); levels begin at multiples of it.
        10 HU part a small low-contrast tumour into some 8 to 15 levels; with the usual 25 HU, three or four are left.
    spacing_mm : float
        Edge of the cubes that CT and mask are resampled to, so that a texture's distances are the same along every
        axis and for every scanner.
    """

    bin_width_hu: float = 10.0
    spacing_mm: float = 1.0

    def __post_init__(self) -> None:
        for name, value, most in (("bin width", self.bin_width_hu, 500.0), ("spacing", self.spacing_mm, 10.0)):
            if not (math.isfinite(value) and 0 < value <= most):
                raise UnusableSetting(f"A {name} of {value:g} can't be used; give one above 0, up to {most:g}.")
