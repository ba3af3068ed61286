"""The features by which the arms of a study must not differ; `readerstudy.analysis.leak_audit` weighs them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from readerstudy.analysis.leak_audit import Feature, Part
from readerstudy.domain.organ_task import is_organ_task

_WORDS = {
    Part.NON_PIXEL: {
        "slices": "number of slices",
        "rows": "rows of the image",
        "columns": "columns of the image",
        "slice_mm": "distance between slices in mm",
        "row_mm": "distance between rows in mm",
        "column_mm": "distance between columns in mm",
        "tilt_deg": "tilt of the scan against the body's axes in degrees",
        "bytes": "bytes sent for the case",
        "bytes_per_voxel": "bytes sent per voxel",
        "cue_bytes": "bytes of the slice shown first, against the mean slice",
        "cue_place": "place of the slice shown first, 0 at the top of the volume and 1 at its end",
        "order": "mean place in the readers' orders",
    },
    Part.SURROUNDINGS: {
        "field_mm": "width of the field of view in mm",
        "coverage_mm": "height of the scanned range in mm",
        "lowest_hu": "lowest HU",
        "highest_hu": "highest HU",
        "padding": "share of voxels that have the lowest HU",
        "air": "share of voxels that are air",
        "table": "share of the lowest tenth of the image that is not air (table, back)",
        "soft_hu": "mean HU of soft tissue and fat",
        "uneven_values": "unevenness of the numbers of voxels from HU to HU (rounding, rescaling)",
        "noise_hu": "noise in soft tissue and fat in HU",
        "grain": "noise from voxel to voxel against two voxels apart (kernel, resampling)",
        "slice_change": "change from slice to slice against change within a slice (thickness, resampling)",
        "sharpness": "steepness of edges in HU per mm",
        "organ_ml": "volume of the organ in ml",
        "organ_hu": "mean HU of the organ outside the tumour (contrast phase)",
        "organ_noise_hu": "noise in the organ outside the tumour in HU",
        "filled": "share of voxels that are the gray of what is not shown",
    },
    Part.TUMOR: {
        "lesions": "number of lesions",
        "diameter_mm": "equivalent diameter of the largest lesion in mm",
        "tumor_ml": "volume of all lesions in ml",
        "image_down": "place in the volume from the top (0) to the end (1)",
        "image_back": "place in the image from the front (0) to the back (1)",
        "image_left": "place in the image from the patient's right (0) to left (1)",
        "organ_down": "place in the organ from its top (0) to its lower end (1)",
        "organ_back": "place in the organ from its front (0) to its back (1)",
        "organ_left": "place in the organ from its right (0) to its left (1)",
        "organ_around": "share of the tumour's surroundings that is the organ (1 = deep inside)",
    },
}

_ALL = [Feature(name, part, words) for part, features in _WORDS.items() for name, words in features.items()]
_OF_CROPS_ALONE = {"filled"}
_OF_ANATOMY = {
    *("air", "table", "soft_hu", "lowest_hu", "highest_hu", "padding", "organ_ml", "organ_hu", "organ_noise_hu"),
    *("organ_down", "organ_back", "organ_left", "organ_around"),
}
FEATURES = [feature for feature in _ALL if feature.name not in _OF_CROPS_ALONE]
"""Of the first task: nothing but the tumour may tell real from synthetic."""
CROP_FEATURES = [feature for feature in _ALL if feature.name not in _OF_ANATOMY]
"""Of organ recognition: what tells how an image was made; what lies around a tumour is the organ itself."""


def features_of(design: Mapping[str, Any]) -> list[Feature]:
    """Return what is measured of the cases of a stored design."""
    return CROP_FEATURES if is_organ_task(design) else FEATURES


@dataclass(frozen=True)
class DataSetFeatures:
    """Which data set each case's CT comes from: a column of 0 and 1 for each data set, and the feature it is."""

    features: list[Feature]
    columns: pd.DataFrame


def data_set_features(cases: pd.DataFrame) -> DataSetFeatures:
    """Turn the column `data_set` into features."""
    names = sorted(cases["data_set"].unique())
    features = [Feature(f"data set {name}", Part.SURROUNDINGS, f"source data set {name}") for name in names]
    columns = {
        feature.name: (cases["data_set"] == name).astype(float) for feature, name in zip(features, names, strict=True)
    }
    return DataSetFeatures(features, pd.DataFrame(columns))
