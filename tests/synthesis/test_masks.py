import math

import numpy as np
import pytest

from synthesis.masks import (
    axis_ratio,
    bounding_box,
    component_at,
    equivalent_diameter_mm,
    longest_diameter_mm,
    signed_distance_mm,
    sphere_volume_mm3,
    volume_mm3,
)

SPACING = (0.7, 0.7, 2.5)


def ellipsoid(semi_axes_mm, spacing_mm=SPACING):
    counts = [math.ceil(a / s) + 2 for a, s in zip(semi_axes_mm, spacing_mm, strict=True)]
    axes = [np.arange(-n, n + 1) * s for n, s in zip(counts, spacing_mm, strict=True)]
    grid = np.meshgrid(*axes, indexing="ij")
    return sum((g / a) ** 2 for g, a in zip(grid, semi_axes_mm, strict=True)) <= 1


def test_the_measures_of_a_ball_on_flat_voxels():
    ball = ellipsoid((12.0, 12.0, 12.0))

    assert volume_mm3(ball, SPACING) == pytest.approx(sphere_volume_mm3(24.0), rel=0.02)
    assert equivalent_diameter_mm(ball, SPACING) == pytest.approx(24.0, rel=0.01)
    assert longest_diameter_mm(ball, SPACING) == pytest.approx(24.0, abs=0.8)
    assert axis_ratio(ball, SPACING) == pytest.approx(1.0, abs=0.03)


def test_the_measures_of_an_ellipsoid():
    body = ellipsoid((15.0, 10.0, 10.0))

    assert equivalent_diameter_mm(body, SPACING) == pytest.approx(2 * 1500 ** (1 / 3), rel=0.01)
    assert longest_diameter_mm(body, SPACING) == pytest.approx(30.0, abs=0.8)
    assert axis_ratio(body, SPACING) == pytest.approx(1.5, abs=0.04)


def test_the_longest_diameter_is_that_of_every_pair_compared():
    mask = np.random.default_rng(2).random((9, 8, 7)) > 0.8
    points = np.argwhere(mask) * SPACING
    every_pair = np.linalg.norm(points[:, None] - points[None], axis=-1)

    assert longest_diameter_mm(mask, SPACING) == pytest.approx(every_pair.max())


@pytest.mark.parametrize(
    ("voxels", "expected"),
    [
        ([], 0.0),
        ([(1, 1, 1)], 0.0),
        ([(0, 1, 1), (3, 1, 1)], 2.1),
        ([(i, i, j) for i in range(4) for j in range(3)], math.hypot(2.1, 2.1, 5.0)),
        ([(i, j, 2) for i in range(4) for j in range(5)], math.hypot(2.1, 2.8)),
    ],
    ids=["none", "one", "line", "oblique plane", "plane"],
)
def test_the_longest_diameter_of_what_has_no_hull(voxels, expected):
    mask = np.zeros((6, 6, 6), dtype=bool)
    for voxel in voxels:
        mask[voxel] = True
    assert longest_diameter_mm(mask, SPACING) == pytest.approx(expected)


def test_a_bounding_box_takes_its_margin_within_the_array():
    mask = np.zeros((10, 10, 10), dtype=bool)
    mask[2:4, 5, 9] = True

    assert bounding_box(mask) == (slice(2, 4), slice(5, 6), slice(9, 10))
    assert bounding_box(mask, margin=(1, 2, 3)) == (slice(1, 5), slice(3, 8), slice(6, 10))


def test_an_empty_mask_has_no_bounding_box():
    with pytest.raises(ValueError, match="empty mask"):
        bounding_box(np.zeros((3, 3, 3), dtype=bool))


def test_a_component_is_what_faces_connect():
    mask = np.zeros((5, 5, 5), dtype=bool)
    mask[0, 0, :3] = True
    mask[1, 1, 0] = True  # touches by an edge alone

    assert np.argwhere(component_at(mask, (0, 0, 1))).tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 2]]
    assert not component_at(mask, (4, 4, 4)).any()


def test_the_signed_distance_is_in_mm_on_flat_voxels():
    mask = np.zeros((9, 9, 9), dtype=bool)
    mask[..., :4] = True

    along_k = signed_distance_mm(mask, (1.0, 1.0, 3.0))[4, 4]

    assert along_k.tolist() == [-11.5, -8.5, -5.5, -2.5, 2.5, 5.5, 8.5, 11.5, 14.5]
