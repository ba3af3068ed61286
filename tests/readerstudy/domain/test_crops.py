import numpy as np
import pytest

from readerstudy.domain.crops import FILL_HU, crop_around, crop_grid, crop_size, resample
from readerstudy.domain.slice_packs import direction_letters, display_affine, display_array, display_spacing_mm


def ramp(shape, affine, towards=(1.0, 2.0, -3.0)):
    """Return HU that grow linearly in mm: linear interpolation must give them back exactly."""
    i, j, k = np.indices(shape)
    places = np.stack([i, j, k], axis=-1) @ affine[:3, :3].T + affine[:3, 3]
    return places @ np.array(towards)


def box(shape, low, high):
    mask = np.zeros(shape, dtype=bool)
    mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    return mask


STRAIGHT = np.array([[0.7, 0, 0, -20], [0, 0.8, 0, 10], [0, 0, 2.5, -100], [0, 0, 0, 1.0]])


def turned(degrees):
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    affine = STRAIGHT.copy()
    affine[:3, :3] = turn @ np.diag([-0.7, 0.8, 2.5])  # a left-handed grid, oblique
    return affine


@pytest.mark.parametrize(("side_mm", "spacing_mm", "size"), [(60, 1, 61), (60, 0.8, 75), (59, 2, 29), (60, 0.6, 101)])
def test_a_side_is_odd_and_never_longer_than_asked(side_mm, spacing_mm, size):
    assert crop_size(side_mm, spacing_mm) == size
    assert (size - 1) * spacing_mm <= side_mm + 1e-9


def test_an_empty_mask_is_refused():
    with pytest.raises(ValueError, match="mask is empty"):
        crop_around(np.zeros((4, 4, 4)), np.zeros((4, 4, 4), bool), np.eye(4), side_mm=10, spacing_mm=1)


@pytest.mark.parametrize("affine", [STRAIGHT, turned(0), turned(33)])
def test_values_are_those_of_the_place_in_the_patient(affine):
    shape = (60, 60, 30)
    hu = ramp(shape, affine)

    crop = crop_around(hu, box(shape, (27, 27, 14), (34, 34, 17)), affine, side_mm=12, spacing_mm=1)

    assert crop.hu.shape == (13, 13, 13)
    np.testing.assert_allclose(crop.hu, ramp((13, 13, 13), crop.grid.affine), atol=1e-3)


def test_every_case_has_one_shape_spacing_orientation_and_middle_in_its_tumour():
    told = set()
    for shape, affine, low, high in [
        ((60, 60, 30), STRAIGHT, (20, 20, 10), (24, 23, 12)),
        ((80, 50, 40), turned(20), (30, 20, 15), (39, 29, 20)),
        ((60, 60, 30), turned(0), (0, 0, 0), (1, 1, 1)),  # one voxel in a corner
    ]:
        crop = crop_around(ramp(shape, affine), box(shape, low, high), affine, side_mm=20, spacing_mm=1.25)
        shown = display_array(crop.hu, crop.grid.affine)
        tumor = display_array(crop.tumor.astype(np.int16), crop.grid.affine)
        middle = tuple(n // 2 for n in shown.shape)
        assert tumor[middle] == 1
        letters = direction_letters(display_affine(crop.hu.shape, crop.grid.affine))
        told.add((shown.shape, display_spacing_mm((1.25,) * 3, crop.grid.affine), tuple(letters)))
    assert told == {((17, 17, 17), (1.25, 1.25, 1.25), ("I", "P", "L"))}


def test_the_middle_is_in_the_largest_lesion_nearest_to_its_centre_of_mass():
    tumor = box((40, 40, 40), (3, 3, 3), (6, 6, 6)) | box((40, 40, 40), (20, 20, 20), (25, 25, 25))

    grid = crop_grid(tumor, np.diag([1.0, 1, 2, 1]), side_mm=10, spacing_mm=1)

    np.testing.assert_allclose(grid.affine[:3, 3] + 5, [22, 22, 44])


def test_of_a_ring_the_middle_is_in_the_ring():
    tumor = box((21, 21, 5), (5, 5, 2), (16, 16, 3)) & ~box((21, 21, 5), (7, 7, 0), (14, 14, 5))

    crop = crop_around(np.zeros(tumor.shape), tumor, np.eye(4), side_mm=10, spacing_mm=1)

    assert crop.tumor[5, 5, 5]


def test_beyond_the_scan_is_one_gray_that_nothing_is_mixed_with():
    hu = np.full((20, 20, 20), 500.0)

    crop = crop_around(hu, box(hu.shape, (0, 9, 9), (3, 12, 12)), np.eye(4), side_mm=10, spacing_mm=0.5)

    assert set(np.unique(crop.hu)) == {FILL_HU, 500.0}
    assert (crop.hu[:4] == FILL_HU).all()  # 5 to 3.5 mm beside the middle, which is 1 mm from the edge's centres


def test_masked_keeps_the_tumour_and_its_margin_alone():
    hu = np.full((40, 40, 40), 90.0)
    tumor = box(hu.shape, (18, 18, 18), (23, 23, 23))

    crop = crop_around(hu, tumor, np.eye(4), side_mm=30, spacing_mm=1, margin_mm=3)

    line = crop.hu[:, 15, 15]
    assert np.flatnonzero(line == 90.0).tolist() == list(range(10, 21))  # 5 of tumour, 3 on either side
    assert set(np.unique(crop.hu)) == {FILL_HU, 90.0}
    assert crop.tumor.sum() == 125
    kept = crop_around(hu, tumor, np.eye(4), side_mm=30, spacing_mm=1)
    assert (kept.hu == 90.0).all()


def test_a_part_of_the_volume_resamples_as_the_whole_would():
    rng = np.random.default_rng(1)
    hu = rng.normal(50, 20, (50, 50, 30))
    grid = crop_grid(box(hu.shape, (24, 24, 14), (26, 26, 16)), turned(33), side_mm=15, spacing_mm=1)

    got = resample(hu, turned(33), grid, fill=0)

    to_volume = np.linalg.inv(turned(33)) @ grid.affine
    for place in rng.integers(0, grid.size, (50, 3)):
        at = to_volume[:3, :3] @ place + to_volume[:3, 3]
        low = np.floor(at).astype(int)
        expected = 0.0
        for corner in np.ndindex(2, 2, 2):
            weight = np.prod([f if c else 1 - f for c, f in zip(corner, at - low, strict=True)])
            expected += weight * hu[tuple(low + corner)]
        assert got[tuple(place)] == pytest.approx(expected, abs=1e-3)
