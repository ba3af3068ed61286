import numpy as np
import pytest

from synthesis.organs import LESION_FLOOR_HU, ORGANS, ImplausibleOrgan, UnknownOrgan, organ


def test_kidneys_means_kidney():
    assert organ("kidneys") is organ("kidney")


def test_an_unknown_organ_is_refused_with_the_known_ones():
    with pytest.raises(UnknownOrgan, match="'spleen' is no known organ; choose one of liver, pancreas, kidney"):
        organ("spleen")


@pytest.mark.parametrize("name", ORGANS)
def test_parenchyma_is_not_moved_by_fat_and_stones_in_the_mask(name):
    row = organ(name)
    hu = np.r_[np.full(60, 90), np.full(30, -80), np.full(10, 900)].astype(np.int16)
    assert row.parenchyma_hu(hu) == 90.0


def test_a_mask_over_air_is_refused():
    with pytest.raises(ImplausibleOrgan, match=r"Only 1% of the liver mask lies over soft tissue"):
        organ("liver").parenchyma_hu(np.r_[np.full(99, -900), 50].astype(np.int16))


@pytest.mark.parametrize("name", ORGANS)
def test_contrast_follows_the_hosts_enhancement(name):
    row = organ(name)

    assert row.contrast_range_hu(row.enhanced_hu) == row.enhanced_contrast_hu
    assert row.contrast_range_hu(row.enhanced_hu + 100) == row.enhanced_contrast_hu
    faint, strong = row.contrast_range_hu(row.unenhanced_hu), row.enhanced_contrast_hu
    middle = row.contrast_range_hu((row.unenhanced_hu + row.enhanced_hu) / 2)
    assert faint[0] < middle[0] < strong[0]
    assert faint[1] < middle[1] < strong[1]


@pytest.mark.parametrize("name", ORGANS)
@pytest.mark.parametrize("parenchyma_hu", [15.0, 25.0, 45.0, 110.0, 200.0])
def test_no_lesion_falls_below_plausible_tissue(name, parenchyma_hu):
    low, high = organ(name).contrast_range_hu(parenchyma_hu)
    assert 0 < low <= high
    assert parenchyma_hu - high >= LESION_FLOOR_HU
