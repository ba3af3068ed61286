"""The region is the largest lesion within its half-contrast edge, on any grid."""

import math

import numpy as np
import pytest

from synthesis.radiomics.extraction import extract
from synthesis.radiomics.region import AS_GIVEN, HALF_CONTRAST, NoTumor, tumor_region
from synthesis.radiomics.settings import Settings
from tests.synthesis.test_half_contrast import lesion

RADIUS_MM = 8.0
GRIDS = [(1.0, 1.0, 1.0), (0.7, 0.7, 2.5), (0.8, 0.8, 5.0)]


def radius_mm(region):
    return (3 / (4 * math.pi) * np.count_nonzero(region.mask) * region.spacing_mm**3) ** (1 / 3)


@pytest.mark.parametrize("spacing_mm", GRIDS)
@pytest.mark.parametrize("widened_mm", [0.0, 2.0])
def test_region_ends_at_half_contrast_however_wide_the_mask_was_drawn(spacing_mm, widened_mm):
    hu, mask = lesion(RADIUS_MM, spacing_mm=spacing_mm, widened_mm=widened_mm)

    region = tumor_region(hu, mask, spacing_mm, cube_mm=1.0)

    assert (region.delineation, region.note, region.lesions, region.at_edge) == (HALF_CONTRAST, "", 1, False)
    assert radius_mm(region) == pytest.approx(RADIUS_MM, abs=0.5)


def test_size_and_hu_are_those_of_another_grid():
    spacing_mm = (0.7, 0.7, 2.5)  # slices of 5 mm mix a tumour's edge into it, which no resampling undoes
    fine, coarse = (
        extract(tumor_region(*lesion(RADIUS_MM, spacing_mm=grid), grid, cube_mm=1.0), Settings()).values
        for grid in (GRIDS[0], spacing_mm)
    )

    assert coarse["firstorder_median"] == pytest.approx(fine["firstorder_median"], abs=3)
    assert coarse["shape_maximum_3d_diameter"] == pytest.approx(fine["shape_maximum_3d_diameter"], abs=2.5)


def test_mask_is_taken_as_given_where_no_edge_can_be_told():
    hu, mask = lesion(RADIUS_MM, contrast_hu=0.0)

    region = tumor_region(hu, mask, GRIDS[0], cube_mm=1.0)

    assert (region.delineation, region.note) == (AS_GIVEN, "too little contrast")
    assert np.count_nonzero(region.mask) == np.count_nonzero(mask)


def test_largest_of_several_lesions_is_taken():
    hu, mask = lesion(RADIUS_MM)
    mask[0, 0, 0] = mask[-1, -1, -1] = True

    region = tumor_region(hu, mask, GRIDS[0], cube_mm=1.0)

    assert region.lesions == 3
    assert radius_mm(region) == pytest.approx(RADIUS_MM, abs=0.5)
    assert not region.at_edge


@pytest.mark.parametrize("spacing_mm", GRIDS)
@pytest.mark.parametrize("corner", [False, True])
def test_one_voxel_is_a_region_on_any_grid(spacing_mm, corner):
    hu, mask = lesion(RADIUS_MM, spacing_mm=spacing_mm)
    alone = np.zeros_like(mask)
    alone[(0, 0, 0) if corner else tuple(n // 2 for n in mask.shape)] = True

    region = tumor_region(hu, alone, spacing_mm, cube_mm=1.0)

    assert region.mask.any()
    assert region.note == "too small"
    assert region.at_edge == corner
    assert not region.mask[[0, -1]].any()


def test_lesion_cut_by_the_edge_of_the_volume_is_measured_and_marked():
    hu, mask = lesion(RADIUS_MM, widened_mm=2.0)
    middle = mask.shape[2] // 2

    region = tumor_region(hu[..., middle:], mask[..., middle:], GRIDS[0], cube_mm=1.0)

    assert region.at_edge
    assert not extract(region, Settings()).missing


def test_one_slice_is_measured():
    hu, mask = lesion(RADIUS_MM)
    middle = mask.shape[2] // 2

    region = tumor_region(hu[..., middle : middle + 1], mask[..., middle : middle + 1], GRIDS[0], cube_mm=1.0)

    assert extract(region, Settings()).values["shape_flatness"] == 0


def test_empty_mask_is_refused():
    hu, mask = lesion(RADIUS_MM)

    with pytest.raises(NoTumor, match="mask is empty; check its file"):
        tumor_region(hu, mask & False, GRIDS[0], cube_mm=1.0)
