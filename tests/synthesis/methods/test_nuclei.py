import numpy as np
import pytest

from synthesis.methods.nuclei import SATELLITES_WITHIN, foreseen_axis_ratio, sample_nuclei


def test_one_nucleus_is_foreseen_to_grow_to_a_ball():
    assert foreseen_axis_ratio(np.array([[0, 0, 0]]), 10.0) == pytest.approx(1.0, abs=0.05)


def test_two_nuclei_are_foreseen_to_grow_to_a_longer_body_the_farther_apart_they_are():
    near, far = (foreseen_axis_ratio(np.array([[-d, 0, 0], [d, 0, 0]]), 10.0) for d in (3, 5))
    assert 1.1 < near < far < 2.0


def test_nuclei_too_far_apart_are_foreseen_to_make_two_bodies():
    assert foreseen_axis_ratio(np.array([[-14, 0, 0], [14, 0, 0]]), 10.0) == np.inf


@pytest.mark.parametrize("radius_cells", [5.0, 30.0])
def test_layouts_are_foreseen_to_grow_as_long_as_real_lesions(radius_cells):
    rng = np.random.default_rng(0)
    layouts = [np.array(sample_nuclei(rng, radius_cells=radius_cells)) for _ in range(40)]

    ratios = [foreseen_axis_ratio(layout, radius_cells) for layout in layouts]
    assert np.median(ratios) == pytest.approx(1.44, abs=0.08)
    assert min(ratios) > 1.1
    assert max(ratios) < 2.1
    assert max(map(len, layouts)) > 9  # satellites
    assert max(np.abs(layout).max() for layout in layouts) < 2 * radius_cells + SATELLITES_WITHIN
