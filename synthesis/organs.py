"""The organs a tumour can be put into, with the numbers that CT gives them.

Sources, cited by tag in the table:

[L] Lai et al., "From Pixel to Cancer", MICCAI 2024: enhanced liver and pancreas 100-160 HU, kidney
    140-200 HU.
[R] Radiological convention: in the portal venous phase hypoattenuating liver lesions lie 20-65 HU below the
    parenchyma; unenhanced liver 50-60, pancreas 35-45, kidney 25-35 HU.
[W] Quantitative washout of hepatocellular carcinoma, PubMed 23255745: in the delayed phase the liver has 107 %
    and more (median 121 %) of the lesion's HU.
[E] Lee et al., Br J Radiol 2012, PMC3487070: 78 % of hepatocellular carcinomas are brighter than the liver in the
    arterial phase.
[D] Pancreatic carcinoma in three phases, PubMed 17961951: 60 +/- 25 HU below the pancreas in the pancreatic phase,
    41 +/- 23 in the portal venous, 18 +/- 12 in the delayed.
[C] Pol J Radiol 2017; 82: 384: in the corticomedullary phase clear-cell carcinomas lie above 86-89 HU, the other
    renal-cell carcinomas below.
[P] Papillary renal-cell carcinoma, Am J Roentgenol, hsrc.himmelfarb.gwu.edu/smhs_rad_facpubs/990: unenhanced
    15-51, corticomedullary 32-100, portal venous 41-95, nephrographic 18-91, excretory 18-73 HU.
[O] This project's own choice, or measured on its phantom, where no source gives a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from synthesis.errors import UnusableInput
from synthesis.phase import Enhancement, Phase

LESION_FLOOR_HU = 10.0  # a solid or necrotic lesion is never darker [R]: water is 0, necrosis 10-20 and above
CAPSULE_HU = (10.0, 25.0)  # how far a capsule stands out [R]

_LEAST_CONTRAST_HU = 5.0
_SPAN_LIMITS = (0.4, 1.3)  # a host's enhancement over the typical one


class UnknownOrgan(UnusableInput):
    """The name is no organ that tumours can be put into."""


class ImplausibleOrgan(UnusableInput):
    """The organ mask does not lie over soft tissue."""


class NotIntoFat(UnusableInput):
    """Tumours of this organ do not grow out of it."""


class LesionType(NamedTuple):
    """A kind of tumour.

    Attributes
    ----------
    share : float
        How often it is drawn, among the organ's.
    contrast_hu : mapping of phase to (low, high)
        How far it lies below a typical parenchyma; negative where it is brighter.
    capsule_phases : tuple of phases
        Those in which larger ones may show a bright capsule.
    """

    share: float
    contrast_hu: Mapping[Phase, tuple[float, float]]
    capsule_phases: tuple[Phase, ...] = ()


class Lesion(NamedTuple):
    """A kind of tumour, and how far it lies below its host's parenchyma."""

    kind: str
    contrast_hu: float


@dataclass(frozen=True)
class Organ:
    """One organ's numbers, all in HU.

    Attributes
    ----------
    name : str
    tissue_hu : (low, high)
        Voxels of the organ's mask within these count as its tissue; below is fat or gas at the border,
        above calcification or bone.
    enhancement : mapping of phase to Enhancement
        Its typical look.
    lesions : mapping of name to LesionType
    vessel_margin_hu : float
        Smoothed tissue this far above the parenchyma is a vessel, a stone or excreted contrast medium.
    grows_into_fat : bool
        Whether its tumours may grow out of it into the fat around.
    necrosis_from_step : int
        Steps of the cellular automaton from which its tumours may die inside.
    window : (center, width)
        The display window in which readers look for its lesions.
    """

    name: str
    tissue_hu: tuple[float, float]
    enhancement: Mapping[Phase, Enhancement]
    lesions: Mapping[str, LesionType]
    vessel_margin_hu: float
    grows_into_fat: bool
    necrosis_from_step: int
    window: tuple[float, float]

    def check_into_fat(self) -> None:
        """Raise `NotIntoFat` if the organ's tumours do not grow out into the fat around."""
        if not self.grows_into_fat:
            raise NotIntoFat(f"Tumours of the {self.name} do not grow out into fat; leave that out.")

    def parenchyma_hu(self, organ_hu: npt.NDArray[np.int16]) -> float:
        """Return the host's own parenchyma: the median of its voxels that are tissue.

        Parameters
        ----------
        organ_hu : ndarray of int16
            Voxels of the organ's mask, in any order.

        Raises
        ------
        ImplausibleOrgan
            If less than a tenth of the voxels is tissue.
        """
        tissue = organ_hu[(organ_hu >= self.tissue_hu[0]) & (organ_hu <= self.tissue_hu[1])]
        if tissue.size < max(0.1 * organ_hu.size, 1):
            raise ImplausibleOrgan(
                f"Only {tissue.size / max(organ_hu.size, 1):.0%} of the {self.name} mask lies over soft "
                f"tissue ({self.tissue_hu[0]:.0f} to {self.tissue_hu[1]:.0f} HU); check that the mask "
                "belongs to this CT and to this organ."
            )
        return float(np.median(tissue))

    def contrast_range_hu(self, kind: str, phase: Phase, parenchyma_hu: float) -> tuple[float, float]:
        """Return the lowest and highest plausible contrast of a lesion in a host, in HU below its parenchyma.

        After contrast medium, the table's range is scaled by the host's own enhancement over the typical one.
        No lesion falls below `LESION_FLOOR_HU`, unless the parenchyma itself is as dark: 5 HU of contrast
        always remain.

        Examples
        --------
        >>> organ("liver").contrast_range_hu("metastasis", "portal", 110.0)
        (20.0, 65.0)
        >>> organ("liver").contrast_range_hu("carcinoma", "arterial", 75.0)
        (-50.0, -15.0)
        """
        unenhanced = self.enhancement["none"].parenchyma_hu
        span = self.enhancement[phase].parenchyma_hu - unenhanced
        scale = np.clip((parenchyma_hu - unenhanced) / span, *_SPAN_LIMITS) if phase != "none" else 1.0
        most = max(parenchyma_hu - LESION_FLOOR_HU, _LEAST_CONTRAST_HU)
        low, high = (min(float(scale * contrast), most) for contrast in self.lesions[kind].contrast_hu[phase])
        return low, high

    def sample_lesion(
        self,
        phase: Phase,
        parenchyma_hu: float,
        rng: np.random.Generator,
        *,
        kind: str | None = None,
        least_hu: float = _LEAST_CONTRAST_HU,
    ) -> Lesion:
        """Draw a kind of lesion (or take one), and its contrast in a host.

        In one direction or the other, the contrast is at least `least_hu`, or the most that is plausible.
        """
        shares = [lesion.share for lesion in self.lesions.values()]
        kind = kind or str(rng.choice(list(self.lesions), p=shares))
        low, high = self.contrast_range_hu(kind, phase, parenchyma_hu)
        contrast = float(rng.uniform(low, high))
        least = min(max(least_hu, _LEAST_CONTRAST_HU), max(abs(low), abs(high)))
        return Lesion(kind, float(np.copysign(max(abs(contrast), least), contrast)))


ORGANS = {
    row.name: row
    for row in (
        Organ(
            name="liver",
            tissue_hu=(0.0, 200.0),  # fatty liver to arterial enhancement [L]
            enhancement={  # parenchyma: none [R], portal [L] (lower part), others [O]; bright parts [O]
                "none": Enhancement(55.0, 68.0, 16.0),
                "arterial": Enhancement(75.0, 92.0, 20.0),
                "portal": Enhancement(110.0, 142.0, 35.0),
                "delayed": Enhancement(95.0, 117.0, 23.0),
            },
            lesions={
                "metastasis": LesionType(
                    share=0.6,  # [O]
                    contrast_hu={
                        "none": (10.0, 25.0),  # [O]
                        "arterial": (10.0, 35.0),  # [O]
                        "portal": (20.0, 65.0),  # [R]
                        "delayed": (15.0, 45.0),  # [O]
                    },
                ),
                "carcinoma": LesionType(  # hepatocellular
                    share=0.4,  # [O]
                    contrast_hu={
                        "none": (8.0, 20.0),  # [O]
                        "arterial": (-50.0, -15.0),  # bright in 78 % [E]; how bright [O]
                        "portal": (8.0, 35.0),  # early ones are often isodense [R], and not seen then
                        "delayed": (7.0, 28.0),  # 107-140 % of 95 HU [W]
                    },
                    capsule_phases=("portal", "delayed"),  # [R]
                ),
            },
            vessel_margin_hu=20.0,  # [O]; portal and hepatic veins are 30-80 HU brighter
            grows_into_fat=False,
            necrosis_from_step=50,  # [L]
            window=(60.0, 300.0),  # [O]
        ),
        Organ(
            name="pancreas",
            tissue_hu=(15.0, 200.0),  # its lobules lie in fat, which the mask holds too
            enhancement={  # parenchyma: none [R], arterial and portal [L], delayed [O]; bright parts [O]
                "none": Enhancement(40.0, 50.0, 36.0),
                "arterial": Enhancement(108.0, 123.0, 45.0),
                "portal": Enhancement(94.0, 108.0, 43.0),
                "delayed": Enhancement(72.0, 84.0, 39.0),
            },
            lesions={
                "ductal carcinoma": LesionType(
                    share=1.0,
                    contrast_hu={
                        "none": (8.0, 20.0),  # [O]
                        "arterial": (35.0, 85.0),  # 60 +/- 25 [D]
                        "portal": (18.0, 63.0),  # 41 +/- 23 [D]
                        "delayed": (7.0, 30.0),  # 18 +/- 12 [D]
                    },
                ),
            },
            vessel_margin_hu=25.0,  # [O]; the splenic vein runs along it
            grows_into_fat=True,
            necrosis_from_step=30,  # [L]
            window=(50.0, 350.0),  # [O]
        ),
        Organ(
            name="kidney",
            tissue_hu=(15.0, 300.0),  # unenhanced to corticomedullary cortex [L]
            enhancement={  # parenchyma: none [R], portal [L] (the middle), others [O]; bright parts [O]
                "none": Enhancement(30.0, 37.0, 24.0),
                "arterial": Enhancement(130.0, 153.0, 90.0),  # corticomedullary: cortex and medulla stand apart
                "portal": Enhancement(170.0, 188.0, 48.0),
                "delayed": Enhancement(150.0, 163.0, 39.0),
            },
            lesions={
                "clear-cell carcinoma": LesionType(
                    share=0.7,  # of renal-cell carcinomas 75 % are clear-cell, 7-15 % papillary
                    contrast_hu={
                        "none": (8.0, 15.0),  # [O]
                        "arterial": (-40.0, 40.0),  # 90-170 HU, above 86-89 [C]
                        "portal": (40.0, 85.0),  # 85-130 HU [O], above the papillary
                        "delayed": (40.0, 85.0),  # 65-110 HU [O]
                    },
                ),
                "papillary carcinoma": LesionType(
                    share=0.3,  # [O]
                    contrast_hu={
                        "none": (8.0, 15.0),  # 15-51 HU [P]
                        "arterial": (35.0, 95.0),  # 32-100 HU [P]
                        "portal": (75.0, 125.0),  # 41-95 HU [P]
                        "delayed": (77.0, 125.0),  # 18-73 HU [P]
                    },
                ),
            },
            vessel_margin_hu=120.0,  # [O]; stones and the filled pelvis; an arterial cortex is no vessel
            grows_into_fat=True,
            necrosis_from_step=30,  # [L]
            window=(60.0, 400.0),  # [O]
        ),
    )
}
_ALIASES = {"kidneys": "kidney"}


def organ(name: str) -> Organ:
    """Return an organ's row by its name; ``kidneys`` means ``kidney``.

    Raises
    ------
    UnknownOrgan
        If the table has no such organ.
    """
    try:
        return ORGANS[_ALIASES.get(name, name)]
    except KeyError:
        raise UnknownOrgan(f"'{name}' is no known organ; choose one of {', '.join(ORGANS)}.") from None
