"""The shapes that the phantom is made of."""

import numpy as np
import pytest

from synthesis.phantom.geometry import curve, ellipsoid, smooth_field, tube
from synthesis.phantom.vessels import Displacement

from .conftest import cube


def test_displaced_vessels_go_round_the_lesion_and_stay_put_elsewhere():
    points = np.array([[3.0, 0, 0, 1], [0, 9.0, 0, 1], [0, 0, 18.1, 1], [40.0, 0, 0, 1]])

    moved = Displacement(np.zeros(3), radius=10.0, share=0.4).move(points)

    before, after = np.linalg.norm(points[:, :3], axis=1), np.linalg.norm(moved[:, :3], axis=1)
    assert (after[:2] > before[:2] + 0.5).all()
    assert after[1] > after[0]
    np.testing.assert_array_equal(moved[2:], points[2:])


def test_a_smooth_field_is_standard_and_the_same_on_a_coarse_and_a_fine_grid():
    coarse, fine = cube(60, 4.0), cube(60, 4.0 / 3)

    field, detailed = (smooth_field(region, 12.0, np.random.default_rng(0)) for region in (coarse, fine))

    np.testing.assert_allclose(detailed[1::3, 1::3, 1::3], field, atol=2e-4)
    assert abs(field.mean()) < 0.1
    assert field.std() == pytest.approx(1, abs=0.12)


def test_a_tube_is_the_nearest_of_its_spheres():
    region = cube(12, 1.5)
    path = curve([(-6, -3, 0, 2), (0, 4, 1, 3), (6, 0, -4, 1.5)], 1.0)

    distance, _ = tube(region, path)

    voxels = np.stack(np.meshgrid(*region.axes, indexing="ij"), axis=-1)
    plain = (np.linalg.norm(voxels[..., None, :] - path[:, :3], axis=-1) - path[:, 3]).min(axis=-1)
    near = plain < 3
    np.testing.assert_allclose(distance[near], plain[near], atol=1e-4)
    assert (distance[~near] >= 3 - 1e-4).all()


def test_a_curve_passes_through_its_points_in_short_steps():
    points = [(0, 0, 0, 2.0), (10, 0, 0, 3.0), (10, 10, 5, 1.0)]

    path = curve(points, 1.0)

    gaps = np.linalg.norm(path[:, None, :] - np.array(points), axis=-1).min(axis=0)
    assert gaps.max() < 1e-9
    assert np.linalg.norm(np.diff(path[:, :3], axis=0), axis=1).max() < 1.5


def test_an_ellipsoids_volume_and_distances_are_right():
    region = cube(30, 1.0)

    shape = ellipsoid(region, (2, -1, 0), (20, 12, 8))
    ball = ellipsoid(region, (0, 0, 0), (10, 10, 10))

    assert (shape < 0).sum() == pytest.approx(4 / 3 * np.pi * 20 * 12 * 8, rel=0.01)
    radius = np.sqrt(region.x**2 + region.y**2 + region.z**2)
    np.testing.assert_allclose(ball, radius - 10, atol=1e-3)
