"""Regions that break formulas: each feature is a finite number, or not estimable with a reason."""

import math

import numpy as np
import pytest

from synthesis.radiomics.dictionary import COLUMNS, FEATURES, TEXTURES
from synthesis.radiomics.extraction import extract
from synthesis.radiomics.region import AS_GIVEN, Region
from synthesis.radiomics.settings import Settings, UnusableSetting
from synthesis.radiomics.table import row

SHAPE = (9, 9, 9)
SETTINGS = Settings()


def region(*boxes, hu=None, seed=0):
    mask = np.zeros(SHAPE, dtype=bool)
    for box in boxes:
        mask[box] = True
    noise = np.rint(np.random.default_rng(seed).normal(50, 20, SHAPE)) if hu is None else np.full(SHAPE, hu)
    return placed(noise.astype(np.float32), mask)


def placed(hu, mask, ct_voxels=None):
    ct_voxels = np.count_nonzero(mask) if ct_voxels is None else ct_voxels
    return Region(hu, mask, 1.0, AS_GIVEN, "", ct_voxels=ct_voxels, lesions=1, at_edge=False)


ONE_VOXEL = region(np.s_[4, 4, 4])
TWO_VOXELS = region(np.s_[4, 4, 4:6])
FAR_APART = region(np.s_[1, 1, 1], np.s_[7, 7, 7])
FLAT = region(np.s_[4, 2:7, 2:7])
LINE = region(np.s_[4, 4, :])
EVEN = region(np.s_[2:7, 2:7, 2:7], hu=50.0)
CHECKED = region(np.s_[2:7, 2:7, 2:7], hu=-3000.0)
IN_TWO_PARTS = region(np.s_[1:3, 1:3, 1:3], np.s_[6:8, 6:8, 6:8])
SCATTERED = region(np.s_[::2, ::2, ::2])
WHOLE_FIELD = region(np.s_[:, :, :])
HARD = {
    "one voxel": ONE_VOXEL,
    "two voxels": TWO_VOXELS,
    "two voxels far apart": FAR_APART,
    "flat": FLAT,
    "a line": LINE,
    "all alike": EVEN,
    "all alike, air": CHECKED,
    "two parts": IN_TWO_PARTS,
    "no neighbours": SCATTERED,
    "the whole field": WHOLE_FIELD,
}


@pytest.mark.parametrize("name", HARD)
def test_every_feature_is_finite_or_not_estimable_for_a_reason(name):
    extracted = extract(HARD[name], SETTINGS)

    assert extracted.values.keys() | extracted.missing.keys() == set(COLUMNS)
    assert not extracted.values.keys() & extracted.missing.keys()
    assert all(math.isfinite(value) for value in extracted.values.values())
    assert all(extracted.missing.values())


def test_one_voxel_has_a_size_and_an_hu_but_no_texture():
    extracted = extract(ONE_VOXEL, SETTINGS)

    assert extracted.values["shape_voxel_volume"] == 1
    assert extracted.values["firstorder_mean"] == ONE_VOXEL.hu[4, 4, 4]
    textures = {feature.column for feature in FEATURES if feature.feature_class in TEXTURES}
    assert {extracted.missing[column] for column in textures} == {"1 voxel of the CT, a texture takes 8"}
    assert extracted.missing["firstorder_skewness"] == "every voxel has the same HU"


def test_texture_is_none_that_interpolation_made():
    tumour = region(np.s_[2:7, 2:7, 2:7])

    extracted = extract(placed(tumour.hu, tumour.mask, ct_voxels=7), SETTINGS)

    assert extracted.missing["glcm_contrast"] == "7 voxels of the CT, a texture takes 8"


def test_tumour_of_one_gray_level_has_no_texture():
    extracted = extract(EVEN, SETTINGS)

    assert extracted.missing["glcm_correlation"] == "one gray level of 10 HU"
    assert extracted.values["firstorder_variance"] == 0


def test_flat_tumour_has_every_feature_and_no_thickness():
    extracted = extract(FLAT, SETTINGS)

    assert not extracted.missing
    assert extracted.values["shape_flatness"] == 0


def test_what_the_ibsi_sets_at_will_is_not_estimable():
    extracted = extract(SCATTERED, SETTINGS)

    assert extracted.missing["ngtdm_coarseness"] == "no voxel differs from its neighbours"


def test_row_says_why_cells_are_empty():
    cells = row(ONE_VOXEL, extract(ONE_VOXEL, SETTINGS))

    assert cells["glcm_contrast"] is None
    assert "every voxel has the same HU: firstorder_kurtosis, firstorder_skewness" in cells["not_estimable"]


def test_features_do_not_depend_on_what_lies_around():
    tumour = region(np.s_[2:7, 2:7, 2:7])
    around = tumour.hu.copy()
    around[~tumour.mask] = 3000

    elsewhere = placed(around, tumour.mask)

    assert extract(elsewhere, SETTINGS) == extract(tumour, SETTINGS)


@pytest.mark.parametrize(("bin_width_hu", "spacing_mm"), [(0, 1), (math.nan, 1), (10, -1), (10, 1e9)])
def test_senseless_settings_are_refused(bin_width_hu, spacing_mm):
    with pytest.raises(UnusableSetting, match="can't be used; give one above 0"):
        Settings(bin_width_hu, spacing_mm)
