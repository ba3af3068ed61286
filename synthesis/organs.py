"""The organs a tumour can be put into, with the numbers that CT gives them.

Sources, cited by tag in the table:

[H] Hu et al., "Label-Free Liver Tumor Segmentation", CVPR 2023: lesions darker than the organ.
[L] Lai et al., "From Pixel to Cancer", MICCAI 2024: enhanced liver and pancreas 100-160 HU, kidney
    140-200 HU.
[R] Radiological convention for portal venous CT: hypoattenuating liver lesions lie 20-65 HU below the
    parenchyma; pancreatic ductal carcinoma and most renal-cell carcinomas enhance less than the organ;
    unenhanced liver 50-60, pancreas 35-45, kidney 25-35 HU.
[P] This project's choice where no source gives a number: lesions of an unenhanced organ are faint.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synthesis.errors import UnusableInput

LESION_FLOOR_HU = 10.0  # a solid or necrotic lesion is never darker [R]: water is 0, necrosis 10-20 and above


class UnknownOrgan(UnusableInput):
    """The name is no organ that tumours can be put into."""


class ImplausibleOrgan(UnusableInput):
    """The organ mask does not lie over soft tissue."""


@dataclass(frozen=True)
class Organ:
    """One organ's numbers, all in HU.

    Attributes
    ----------
    name : str
    tissue_hu : (low, high)
        Voxels of the organ's mask within these count as its tissue; below is fat or gas at the border,
        above calcification or bone.
    unenhanced_hu, enhanced_hu : float
        Parenchyma without contrast medium, and in the portal venous (kidney: nephrographic) phase.
    unenhanced_contrast_hu, enhanced_contrast_hu : (low, high)
        How far a hypoattenuating lesion lies below the parenchyma in these two states.
    vessel_margin_hu : float
        Smoothed tissue this far above the parenchyma is a vessel, a stone or excreted contrast medium.
    window : (center, width)
        The display window in which readers look for its lesions.
    """

    name: str
    tissue_hu: tuple[float, float]
    unenhanced_hu: float
    enhanced_hu: float
    unenhanced_contrast_hu: tuple[float, float]
    enhanced_contrast_hu: tuple[float, float]
    vessel_margin_hu: float
    window: tuple[float, float]

    def parenchyma_hu(self, organ_hu: npt.NDArray[np.int16]) -> float:
        """Return the host's own parenchyma: the median of its voxels that are tissue.

        Parameters
        ----------
        organ_hu : ndarray of int16
            Every voxel of the organ's mask, in any order.

        Raises
        ------
        ImplausibleOrgan
            If less than a tenth of the voxels is tissue.
        """
        tissue = organ_hu[(organ_hu >= self.tissue_hu[0]) & (organ_hu <= self.tissue_hu[1])]
        if tissue.size < 0.1 * organ_hu.size:
            raise ImplausibleOrgan(
                f"Only {tissue.size / max(organ_hu.size, 1):.0%} of the {self.name} mask lies over soft "
                f"tissue ({self.tissue_hu[0]:.0f} to {self.tissue_hu[1]:.0f} HU); check that the mask "
                "belongs to this CT and to this organ."
            )
        return float(np.median(tissue))

    def contrast_range_hu(self, parenchyma_hu: float) -> tuple[float, float]:
        """Return the lowest and highest plausible contrast of a lesion in a host, in HU below parenchyma.

        The host's enhancement (0 at `unenhanced_hu`, 1 at `enhanced_hu` and above) interpolates between
        the two ranges; no lesion falls below `LESION_FLOOR_HU`, unless the parenchyma itself is as dark:
        5 HU of contrast always remain.

        Examples
        --------
        >>> organ("liver").contrast_range_hu(110.0)
        (20.0, 65.0)
        >>> organ("liver").contrast_range_hu(45.0)
        (10.0, 25.0)
        """
        span = self.enhanced_hu - self.unenhanced_hu
        enhancement = min(max((parenchyma_hu - self.unenhanced_hu) / span, 0.0), 1.0)
        most = max(parenchyma_hu - LESION_FLOOR_HU, 5.0)
        low, high = (
            min(faint + enhancement * (strong - faint), most)
            for faint, strong in zip(self.unenhanced_contrast_hu, self.enhanced_contrast_hu, strict=True)
        )
        return low, high


ORGANS = {
    row.name: row
    for row in (
        Organ(
            name="liver",
            tissue_hu=(0.0, 200.0),  # fatty liver to arterial enhancement [L]
            unenhanced_hu=55.0,  # [R]
            enhanced_hu=110.0,  # [L], lower part: 100-160
            unenhanced_contrast_hu=(10.0, 25.0),  # [P]
            enhanced_contrast_hu=(20.0, 65.0),  # [R]
            vessel_margin_hu=20.0,  # [P]; portal and hepatic veins are 30-80 HU brighter
            window=(60.0, 300.0),  # [P]
        ),
        Organ(
            name="pancreas",
            tissue_hu=(15.0, 200.0),  # its lobules lie in fat, which the mask holds too
            unenhanced_hu=40.0,  # [R]
            enhanced_hu=100.0,  # [L]
            unenhanced_contrast_hu=(10.0, 25.0),  # [P]
            enhanced_contrast_hu=(20.0, 60.0),  # [R]
            vessel_margin_hu=25.0,  # [P]; the splenic vein runs along it
            window=(50.0, 350.0),  # [P]
        ),
        Organ(
            name="kidney",
            tissue_hu=(15.0, 300.0),  # unenhanced to corticomedullary cortex [L]
            unenhanced_hu=30.0,  # [R]
            enhanced_hu=170.0,  # [L], the middle of 140-200
            unenhanced_contrast_hu=(10.0, 20.0),  # [P]
            enhanced_contrast_hu=(35.0, 90.0),  # [R]; renal-cell carcinoma enhances to 80-130
            vessel_margin_hu=120.0,  # [P]; stones and the filled pelvis; an arterial cortex is no vessel
            window=(60.0, 400.0),  # [P]
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
