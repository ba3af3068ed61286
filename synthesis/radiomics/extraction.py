"""The features of one region, by pyradiomics; each is a finite number, or not estimable for a reason."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK
from radiomics.firstorder import RadiomicsFirstOrder
from radiomics.glcm import RadiomicsGLCM
from radiomics.gldm import RadiomicsGLDM
from radiomics.glrlm import RadiomicsGLRLM
from radiomics.glszm import RadiomicsGLSZM
from radiomics.ngtdm import RadiomicsNGTDM
from radiomics.shape import RadiomicsShape

from synthesis.radiomics.dictionary import FEATURES, TEXTURES, Feature
from synthesis.radiomics.region import Region
from synthesis.radiomics.settings import Settings

FEWEST_VOXELS = 8  # of a texture: a cube of two voxels' edge
NO_DIFFERENCE = 1e6  # what pyradiomics and the IBSI put for the coarseness of a region without any
_CLASSES: Mapping[str, Callable[..., Any]] = {
    "shape": RadiomicsShape,
    "firstorder": RadiomicsFirstOrder,
    "glcm": RadiomicsGLCM,
    "glrlm": RadiomicsGLRLM,
    "glszm": RadiomicsGLSZM,
    "ngtdm": RadiomicsNGTDM,
    "gldm": RadiomicsGLDM,
}
_OF_ONE_LEVEL = ("skewness", "kurtosis")

logging.getLogger("radiomics").setLevel(logging.ERROR)  # it warns of a single gray level, which is said here


@dataclass(frozen=True)
class Extracted:
    """What came of one region.

    Attributes
    ----------
    values : dict
        Column → finite number; columns that are not estimable are left out.
    missing : dict
        Column → why it is not estimable. Every column is in one of the two.
    voxels, gray_levels : int
        Of the region; levels that it holds.
    """

    values: dict[str, float]
    missing: dict[str, str]
    voxels: int
    gray_levels: int


def extract(region: Region, settings: Settings, *, classes: tuple[str, ...] = tuple(_CLASSES)) -> Extracted:
    """Return the features of a region.

    Parameters
    ----------
    region : Region
        On cubes of `settings.spacing_mm`.
    settings : Settings
    classes : tuple of str
        Feature classes of `synthesis.radiomics.dictionary.CLASSES`; all, where not said.
    """
    voxels = int(np.count_nonzero(region.mask))
    levels = np.unique(np.floor(region.hu[region.mask] / settings.bin_width_hu)).size
    image, mask = _image(region.hu.astype(np.float64), region), _image(region.mask.astype(np.uint8), region)
    values: dict[str, float] = {}
    missing: dict[str, str] = {}
    for name in classes:
        features = [feature for feature in FEATURES if feature.feature_class == name]
        reason = _no_texture(region, voxels, levels, settings) if name in TEXTURES else ""
        if reason:
            missing |= {feature.column: reason for feature in features}
            continue
        worked_out = _class(name, image, mask, settings)
        for feature in features:
            value = complex(worked_out[feature.name]).real  # eigenvalues of the MCC come with an imaginary 0
            if why := _not_estimable(feature, value, region):
                missing[feature.column] = why
            else:
                values[feature.column] = value
    return Extracted(values, missing, voxels, levels)


def _image(values: np.ndarray[Any, Any], region: Region) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(values.T)  # SimpleITK's arrays are [k, j, i]
    image.SetSpacing([region.spacing_mm] * 3)
    return image


def _class(name: str, image: SimpleITK.Image, mask: SimpleITK.Image, settings: Settings) -> Mapping[str, Any]:
    worker = _CLASSES[name](image, mask, binWidth=settings.bin_width_hu)
    worker.enableAllFeatures()
    found: Mapping[str, Any] = worker.execute()
    return found


def _no_texture(region: Region, voxels: int, levels: int, settings: Settings) -> str:
    for count, of in ((region.ct_voxels, "the CT"), (voxels, f"{settings.spacing_mm:g} mm")):
        if count < FEWEST_VOXELS:
            return f"{count} voxel{'' if count == 1 else 's'} of {of}, a texture takes {FEWEST_VOXELS}"
    if levels < 2:
        return f"one gray level of {settings.bin_width_hu:g} HU"
    return ""


def _not_estimable(feature: Feature, value: float, region: Region) -> str:
    """Return why the value is none, or an empty string."""
    if feature.name.lower() in _OF_ONE_LEVEL and np.ptp(region.hu[region.mask]) == 0:
        return "every voxel has the same HU"
    if not math.isfinite(value):
        return "its formula divides by zero here"
    if feature.column == "ngtdm_coarseness" and value >= NO_DIFFERENCE:
        return "no voxel differs from its neighbours"
    return ""
