import numpy as np
import pytest

from synthesis.methods.latent_diffusion.region import Region, region_shape, softened


@pytest.mark.parametrize("voxel_mm", [1.0, 2.0])
def test_a_ramp_is_gathered_and_given_back_exactly(voxel_mm):
    place = np.indices((40, 41, 42)).astype(np.float32)
    region = Region((20.3, 19.5, 21.0), (16, 14, 12), voxel_mm, (1.25, 0.8, 3.0))
    box = (slice(18, 23), slice(17, 22), slice(20, 23))

    for axis in range(3):
        there = region.gathered(place[axis])
        assert there.shape == (16, 14, 12)
        assert there.mean() == pytest.approx(region.center[axis], abs=1e-4)
        np.testing.assert_allclose(region.at_voxels(there, box), place[axis][box], atol=1e-4)


def test_a_finer_ct_is_averaged_so_that_its_noise_goes_down():
    noise = np.random.default_rng(0).standard_normal((64, 64, 64)).astype(np.float32)

    coarse = Region((31.5, 31.5, 31.5), (16, 16, 16), 2.0, (0.5, 0.5, 0.5)).gathered(noise)

    assert coarse.std() < 0.2


def test_beyond_the_volume_lies_what_lies_at_its_border():
    values = np.zeros((4, 4, 4), dtype=np.int16)
    values[0] = 7
    there = Region((0.0, 1.5, 1.5), (6, 2, 2), 1.0, (1.0, 1.0, 1.0)).gathered(values)
    assert there[0, 0, 0] == 7


def test_a_region_holds_the_extent_with_its_margin_and_is_no_smaller_than_asked():
    extents_mm = [2.0, 9.9, 10.1]
    assert region_shape(extents_mm, margin_mm=2.0, voxel_mm=2.0, multiple=4, least=4) == (4, 12, 16)
    assert region_shape(extents_mm, margin_mm=2.0, voxel_mm=2.0, multiple=4, least=12) == (12, 12, 16)


def test_a_softened_mask_is_whole_within_its_reach_and_nothing_well_outside():
    mask = np.zeros((21, 21, 21), dtype=bool)
    mask[10, 10, 10] = True
    share = softened(mask, reach_voxels=3)
    assert share[10, 10, 12] > 0.95
    assert share[10, 10, 17] < 0.02
    assert not softened(np.zeros_like(mask), reach_voxels=3).any()
