import numpy as np
import pytest

from synthesis.masks import axis_ratio
from synthesis.methods.star_shape import StarShape, sample_star_shape, spread_directions

SHAPES = [sample_star_shape(np.random.default_rng(seed)) for seed in range(200)]


def ellipsoid(*semi_axes):
    return StarShape(semi_axes, (0.0, 0.0, 0.0, 1.0), (), (), ())


def voxels_of(shape):
    grid = (np.indices((81, 81, 81)) - 40).astype(np.float32) / 16
    return shape.reach(grid) <= 1


def test_an_ellipsoids_radius_along_its_axes():
    reach = ellipsoid(1.0, 2.0, 4.0).reach(np.eye(3, dtype=np.float32))
    assert reach == pytest.approx([2.0, 1.0, 0.5], rel=0.01)


def test_the_centre_is_inside():
    assert SHAPES[0].reach(np.zeros((3, 1), dtype=np.float32)) == [0.0]


def test_a_rotation_turns_the_axes():
    quarter_turn_about_k = (0.0, 0.0, 2**-0.5, 2**-0.5)
    shape = StarShape((1.0, 2.0, 4.0), quarter_turn_about_k, (), (), ())
    assert shape.reach(np.eye(3, dtype=np.float32)) == pytest.approx([1.0, 2.0, 0.5], rel=0.01)


@pytest.mark.parametrize("shape", SHAPES[:5], ids=range(5))
def test_the_volume_is_that_of_the_unit_ball(shape):
    assert voxels_of(shape).sum() / 16**3 == pytest.approx(4 / 3 * np.pi, rel=0.03)


@pytest.mark.parametrize("shape", [ellipsoid(1.0, 1.0, 1.8), *SHAPES[:4]], ids=range(5))
def test_the_axis_ratio_is_that_of_its_voxels(shape):
    assert shape.axis_ratio == pytest.approx(axis_ratio(voxels_of(shape), (1.0, 1.0, 1.0)), rel=0.03)


def test_the_axis_ratios_are_those_of_real_lesions():
    ratios = np.array([shape.axis_ratio for shape in SHAPES])
    assert ratios.min() >= 1.2
    assert ratios.max() <= 2.0
    assert np.median(ratios) == pytest.approx(1.44, abs=0.07)


def test_no_shape_is_a_plain_ellipsoid():
    directions = spread_directions()
    for shape in SHAPES[:20]:
        plain = StarShape(shape.semi_axes, shape.rotation, (), (), ())
        assert np.std(np.log(shape.reach(directions) / plain.reach(directions))) > 0.03


def test_the_directions_are_spread_evenly():
    directions = spread_directions().astype(np.float64)
    assert np.linalg.norm(directions, axis=0) == pytest.approx(np.ones(directions.shape[1]), abs=1e-5)
    assert directions @ directions.T / directions.shape[1] == pytest.approx(np.eye(3) / 3, abs=0.005)
