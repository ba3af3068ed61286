"""Sizes at half contrast against lesions whose radius is known, at many contrasts, noises, spacings and masks."""

import math

import numpy as np
import pytest
from scipy import ndimage, special

from synthesis.half_contrast import NoEdge, delineate

SIGMA_MM = 1.2  # of the blur: an edge of 3 mm from 10 to 90 %
FINE = (1.0, 1.0, 1.0)


def ball_share(distance_mm, radius_mm, sigma_mm=SIGMA_MM):
    """The share that a blurred ball has of each place: the convolution of a ball with a Gaussian, in closed form."""
    near, far = ((radius_mm + sign * distance_mm) / (math.sqrt(2) * sigma_mm) for sign in (-1, 1))
    at = np.maximum(distance_mm, 1e-3)
    shell = sigma_mm / (math.sqrt(2 * math.pi) * at) * (np.exp(-(near**2)) - np.exp(-(far**2)))
    return (special.erf(near) + special.erf(far)) / 2 - shell


def lesion(radius_mm, *, contrast_hu=50.0, noise_hu=8.0, spacing_mm=FINE, widened_mm=0.0, seed=0):
    """HU and mask of a ball off the grid's centre, in soft tissue with noise."""
    rng = np.random.default_rng(seed)
    shape = [2 * math.ceil((radius_mm + 14) / s) + 1 for s in spacing_mm]
    away = [((np.arange(n) - (n - 1) / 2 + rng.uniform(-0.5, 0.5)) * s) for n, s in zip(shape, spacing_mm, strict=True)]
    slabs = max(1, round(spacing_mm[2]))  # a thick slice averages over its thickness
    share, distance = 0.0, None
    for offset in (np.arange(slabs) + 0.5) / slabs - 0.5:
        x, y, z = np.meshgrid(away[0], away[1], away[2] + offset * spacing_mm[2], indexing="ij", sparse=True)
        share = share + ball_share(np.sqrt(x**2 + y**2 + z**2), radius_mm) / slabs
    x, y, z = np.meshgrid(*away, indexing="ij", sparse=True)
    distance = np.sqrt(x**2 + y**2 + z**2)
    noise = ndimage.gaussian_filter(rng.standard_normal(shape), (0.7, 0.7, 0.0))
    hu = 100 - contrast_hu * share + noise * noise_hu / noise.std()
    return np.rint(hu).astype(np.int16), distance <= radius_mm + widened_mm


@pytest.mark.parametrize("widened_mm", [0.0, 2.0])
@pytest.mark.parametrize("spacing_mm", [(0.7, 0.7, 1.0), FINE, (0.8, 0.8, 2.5), (0.7, 0.7, 5.0)])
@pytest.mark.parametrize("radius_mm", [5.0, 10.0, 20.0])
def test_the_diameter_is_the_lesions_whatever_the_masks(radius_mm, spacing_mm, widened_mm):
    hu, mask = lesion(radius_mm, spacing_mm=spacing_mm, widened_mm=widened_mm)

    found = delineate(hu, mask, spacing_mm)

    assert found.equivalent_diameter_mm == pytest.approx(2 * radius_mm, abs=0.9)
    assert found.longest_diameter_mm == pytest.approx(2 * radius_mm, abs=max(1.2, spacing_mm[2]))
    assert found.volume_mm3 == pytest.approx(math.pi / 6 * found.equivalent_diameter_mm**3)


@pytest.mark.parametrize(("contrast_hu", "noise_hu"), [(60.0, 12.0), (25.0, 8.0), (20.0, 12.0), (-40.0, 10.0)])
@pytest.mark.parametrize("radius_mm", [5.0, 10.0])
def test_contrast_and_noise_do_not_move_it(radius_mm, contrast_hu, noise_hu):
    errors = []
    for seed in range(6):
        hu, mask = lesion(radius_mm, contrast_hu=contrast_hu, noise_hu=noise_hu, widened_mm=2.0, seed=seed)
        found = delineate(hu, mask, FINE)
        errors.append(found.equivalent_diameter_mm - 2 * radius_mm)
        assert found.contrast_hu == pytest.approx(contrast_hu, rel=0.35)

    assert abs(np.mean(errors)) < 0.7
    assert np.std(errors) < 0.9


def test_small_lesions_are_sized_within_a_millimetre():
    for widened_mm in (0.0, 2.0):
        hu, mask = lesion(3.0, widened_mm=widened_mm, noise_hu=5.0)
        assert delineate(hu, mask, FINE).equivalent_diameter_mm == pytest.approx(6.0, abs=1.0)


def test_the_offset_says_how_far_the_mask_is_too_wide():
    hu, mask = lesion(12.0, widened_mm=2.0, noise_hu=5.0)

    assert delineate(hu, mask, FINE).offset_mm == pytest.approx(-2.0, abs=0.5)


def test_fat_beside_an_organ_is_no_tissue_around():
    hu, mask = lesion(8.0, widened_mm=2.0, contrast_hu=40)
    hu[hu.shape[0] // 2 + 6 :] = -90  # the lesion bulges into the fat

    found = delineate(hu, mask, FINE)

    assert found.contrast_hu == pytest.approx(40, abs=6)
    assert found.equivalent_diameter_mm == pytest.approx(16, abs=1.5)


def test_tissue_around_is_looked_for_in_the_organ():
    hu, mask = lesion(8.0, contrast_hu=40)
    organ = np.zeros(mask.shape, dtype=bool)
    organ[: mask.shape[0] // 2 + 2] = True
    hu[mask.shape[0] // 2 + 12 :] = 20  # bowel or muscle beyond the organ

    assert delineate(hu, mask, FINE, organ=organ | mask).contrast_hu == pytest.approx(40, abs=5)


def test_another_lesion_is_no_tissue_around():
    hu, mask = lesion(8.0, contrast_hu=40)
    other = np.zeros(mask.shape, dtype=bool)
    other[mask.shape[0] // 2 + 13 :] = True
    hu[other] -= 60

    found = delineate(hu, mask, FINE, others=mask | other)

    assert found.contrast_hu == pytest.approx(40, abs=5)
    assert found.equivalent_diameter_mm == pytest.approx(16, abs=0.8)


def test_a_mask_in_its_own_box_is_the_same_lesion():
    hu, mask = lesion(8.0)
    place = tuple(slice(11, n - 11) for n in mask.shape)

    assert delineate(hu, mask[place], FINE, place=place) == delineate(hu, mask, FINE)


@pytest.mark.parametrize("contrast_hu", [0.0, 3.0])
def test_too_little_contrast_is_said(contrast_hu):
    hu, mask = lesion(8.0, contrast_hu=contrast_hu)

    with pytest.raises(NoEdge, match=r"^too little contrast$"):
        delineate(hu, mask, FINE)


def test_a_lesion_in_air_has_nothing_around_it():
    hu, mask = lesion(8.0)
    hu[~mask] = -1000

    with pytest.raises(NoEdge, match=r"^no soft tissue around$"):
        delineate(hu, mask, FINE)


def test_a_lesion_of_fat_has_no_soft_tissue_in_it():
    hu, mask = lesion(8.0)
    hu[mask] = -100

    with pytest.raises(NoEdge, match=r"^no soft tissue in it$"):
        delineate(hu, mask, FINE)


def test_a_mask_far_too_wide_is_none_of_the_lesion():
    hu, mask = lesion(4.0, contrast_hu=60, widened_mm=9.0)

    with pytest.raises(NoEdge):
        delineate(hu, mask, FINE)


def test_at_the_volumes_edge():
    hu, mask = lesion(8.0)
    cut = mask.shape[2] // 2

    assert delineate(hu[..., cut:], mask[..., cut:], FINE).volume_mm3 == pytest.approx(
        delineate(hu, mask, FINE).volume_mm3 / 2, rel=0.15
    )
