import numpy as np
import pytest
from matplotlib.figure import Figure

from synthesis.preview import show_axial
from synthesis.volume import Volume


def drawn(hu, mask, *, outlined=False, spacing=(1.0, 1.0, 1.0)):
    axis = Figure().subplots()
    show_axial(axis, Volume(hu, np.diag([*spacing, 1.0])), mask, "liver", outlined=outlined)
    return axis


@pytest.fixture
def mask():
    mask = np.zeros((60, 50, 12), dtype=bool)
    mask[25:35, 20:30, 3:9] = True
    mask[24:36, 19:31, 7] = True
    return mask


def test_the_patients_right_is_on_the_left_and_the_front_on_top(mask):
    hu = np.zeros(mask.shape, dtype=np.int16)
    hu[45:, 35:, 7] = 200  # arrays are RAS+: high i is right, high j is the front

    axis = drawn(hu, mask)

    (picture,) = axis.images
    rows, columns = np.nonzero(picture.get_array() == 200)
    height, width = picture.get_array().shape
    assert columns.max() < width / 2
    assert picture.origin == "lower"
    assert rows.min() > height / 2


def test_shows_the_slice_in_which_the_tumour_is_largest(mask):
    hu = np.broadcast_to(np.arange(12, dtype=np.int16), mask.shape).copy()
    (picture,) = drawn(hu, mask).images
    assert np.unique(picture.get_array()).tolist() == [7]


def test_the_outline_is_drawn_where_asked_for(mask):
    hu = np.zeros(mask.shape, dtype=np.int16)
    assert not drawn(hu, mask).collections
    assert drawn(hu, mask, outlined=True).collections


def test_voxels_that_are_no_squares_are_shown_in_proportion(mask):
    hu = np.zeros(mask.shape, dtype=np.int16)
    assert drawn(hu, mask, spacing=(1.0, 2.0, 3.0)).get_aspect() == 2.0
