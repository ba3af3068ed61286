import numpy as np
import pytest
from scipy import ndimage

from synthesis.masks import bounding_box
from synthesis.overview import overview
from synthesis.volume import Volume


def survey(mask, spacing_mm):
    ct = Volume(np.where(mask, 60, -100).astype(np.int16), np.diag([*spacing_mm, 1.0]))
    return overview(ct, mask, bounding_box(mask))


def ball(shape, spacing_mm, radius_mm):
    place = [(n - (length - 1) / 2) * s for n, length, s in zip(np.indices(shape), shape, spacing_mm, strict=True)]
    return np.sqrt(sum(axis**2 for axis in place)) <= radius_mm


def test_a_small_organ_is_seen_voxel_by_voxel():
    seen = survey(np.ones((9, 9, 5), dtype=bool), (1.0, 1.0, 4.0))

    assert seen.factors == (1, 1, 1)
    assert seen.depth_mm[4, 4].tolist() == [4.0, 5.0, 5.0, 5.0, 4.0]


@pytest.mark.parametrize("spacing_mm", [(0.7, 0.7, 0.7), (0.6, 0.6, 3.0)])
def test_a_large_organ_is_seen_in_blocks_that_promise_no_more_than_there_is(spacing_mm):
    mask = ball([round(100 / s) for s in spacing_mm], spacing_mm, 47.0)
    seen = survey(mask, spacing_mm)

    assert max(seen.factors) > 1
    assert max(seen.spacing_mm) / min(seen.spacing_mm) < 3.0
    assert 43.0 < seen.depth_mm.max() <= 47.5
    exact = ndimage.distance_transform_edt(mask, sampling=spacing_mm)
    deep = np.argwhere(seen.depth_mm > 5)
    for block in deep[:: len(deep) // 50]:
        assert exact[seen.voxel(block)] >= seen.depth_mm[tuple(block)] - 0.5


def test_a_cleft_of_one_voxel_is_not_overlooked():
    mask = np.ones((140, 140, 30), dtype=bool)
    mask[70] = False
    seen = survey(mask, (0.7, 0.7, 3.0))
    assert max(seen.factors) > 1
    assert 2 * seen.depth_mm.max() < 51.0


def test_noise_is_smoothed_alike_in_blocks_and_voxels():
    noise = np.random.default_rng(3).normal(0, 20, (160, 160, 60)).astype(np.int16)
    spreads = []
    for part in (noise, noise[:40, :40]):
        ct = Volume(np.ascontiguousarray(part), np.eye(4))
        mask = np.ones(ct.shape, dtype=bool)
        spreads.append(overview(ct, mask, bounding_box(mask)).smooth_hu.std())
    assert spreads[0] == pytest.approx(spreads[1], rel=0.2)
