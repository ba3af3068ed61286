"""What every method's tumour owes to the way its tissue replaces the organ's, whatever its shape."""

import numpy as np
import pytest
from scipy import ndimage

from synthesis import Host, Volume, apply_recipe, sample_recipe
from synthesis.blending import soft_edge
from synthesis.realism import band_correlation, compare_noise
from synthesis.registry import METHODS
from synthesis.replacement import replace_tissue
from tests.synthesis.conftest import build_host

MODELLING = [name for name, entry in METHODS.items() if not entry.trained]

CONTRAST_HU = 40.0


def uneven_host(*, uneven_hu=12.0, **options):
    """The small host, with structure of some 5 mm in its organ."""
    plain = build_host(**options)
    structure = ndimage.gaussian_filter(np.random.default_rng(3).standard_normal(plain.ct.shape), 1.6)
    hu = plain.ct.hu + uneven_hu * structure / structure.std() * plain.organ_mask
    return Host(Volume(np.rint(hu).astype(np.int16), plain.ct.affine), plain.organ_mask, plain.organ)


def box_within(host):
    """Return a box that lies in the organ's middle."""
    i, j, k = (slice(n // 2 - 6, n // 2 + 6) for n in host.ct.shape)
    return i, j, k


def blend(host, box, share):
    share = np.full([axis.stop - axis.start for axis in box], share, dtype=np.float32)
    return replaced(host, box, share).astype(float)


def replaced(host, box, share):
    mask = (share >= 0.5) & host.organ_mask[box]
    return replace_tissue(host, box, share, np.float32(CONTRAST_HU), mask=mask, noise_offset=(0, 0, 0))


@pytest.mark.parametrize("share", [0.5, 0.8, 1.0])
def test_the_contrast_has_its_share_and_the_anatomy_is_gone(share):
    host = uneven_host()
    box = box_within(host)
    before = host.ct.hu[box].astype(float)

    after = blend(host, box, share)

    assert np.median(after) == pytest.approx(np.median(before) - share * CONTRAST_HU, abs=6)
    everywhere = np.ones(before.shape, dtype=bool)
    assert band_correlation(before, after, everywhere, host.ct.spacing_mm, (5, 12)) < 0.4


def test_where_a_lesion_has_no_share_nothing_changes():
    host = uneven_host()
    box = box_within(host)
    assert np.array_equal(blend(host, box, 0.0), host.ct.hu[box])


def test_at_the_organs_border_the_fat_keeps_its_part_of_a_voxel():
    host = build_host(noise_hu=0.5)
    box = tuple(slice(0, n) for n in host.ct.shape)
    depth = np.full(host.ct.shape, 5.0, dtype=np.float32)
    after = replaced(host, box, soft_edge(depth))
    darker = (host.ct.hu - after).astype(float)
    inside = ndimage.distance_transform_edt(host.organ_mask)

    assert not darker[~host.organ_mask].any()
    assert darker[inside > 4].mean() == pytest.approx(CONTRAST_HU, abs=1.5)
    assert 0.5 * CONTRAST_HU < darker[inside == 1].mean() < 0.95 * CONTRAST_HU


@pytest.mark.parametrize("method", MODELLING)
def test_small_tumours_on_coarse_voxels_show_no_ghosts(method):
    host = uneven_host()
    found = []
    for seed in range(12):
        tumor = apply_recipe(host, sample_recipe(host, method=method, diameter_mm=11.0, seed=seed))
        before = host.ct.hu[tumor.box].astype(float)
        found.append(band_correlation(before, tumor.hu.astype(float), tumor.mask, host.ct.spacing_mm, (3, 6)))
    assert np.median(found) < 0.2


def noise_comparisons(host, method, diameter_mm, count=10):
    for seed in range(count):
        tumor = apply_recipe(host, sample_recipe(host, method=method, diameter_mm=diameter_mm, seed=seed))
        yield compare_noise(host.ct.hu, tumor.apply_to(host.ct).hu, tumor.full_mask(host.ct.shape))


def is_kept(compared):
    return 0.9 <= compared.sd_ratio <= 1.1 and abs(compared.skew_difference) < 0.2


@pytest.mark.parametrize("method", MODELLING)
@pytest.mark.parametrize("spacing_mm", [(0.8, 0.8, 2.5), (1.5, 1.5, 1.5)])
def test_the_noise_is_kept_in_uneven_organs(method, spacing_mm):
    kept = [is_kept(compared) for compared in noise_comparisons(uneven_host(spacing_mm=spacing_mm), method, (10, 20))]
    assert sum(kept) >= 9


@pytest.mark.parametrize("method", MODELLING)
def test_the_noise_is_kept_on_a_real_ct_of_coarse_voxels(method, sample_host):
    largest = min(24.0, sample_host.largest_diameter_mm)
    kept = [is_kept(compared) for compared in noise_comparisons(sample_host, method, (10.0, largest))]
    assert sum(kept) >= 9


def test_a_vessel_goes_although_that_changes_the_noise():
    plain = build_host()
    hu = plain.ct.hu.copy()
    j, k = (n // 2 for n in hu.shape[1:])
    hu[:, j - 1 : j + 2, k - 1 : k + 2] += np.where(plain.organ_mask[:, j - 1 : j + 2, k - 1 : k + 2], 80, 0).astype(
        "i2"
    )
    host = Host(Volume(hu, plain.ct.affine), plain.organ_mask, plain.organ)
    box = box_within(host)
    share = np.ones([axis.stop - axis.start for axis in box], dtype=np.float32)

    after = replaced(host, box, share)

    vessel = host.ct.hu[box] - plain.ct.hu[box] > 0
    assert after[vessel].mean() == pytest.approx(after[~vessel].mean(), abs=5)


def test_the_mean_contrast_is_the_recipes():
    host = build_host(noise_hu=15.0)
    box = box_within(host)
    for offset in range(0, 60, 20):
        share = np.ones([axis.stop - axis.start for axis in box], dtype=np.float32)
        mask = share > 0.5
        after = replace_tissue(host, box, share, np.float32(CONTRAST_HU), mask=mask, noise_offset=(offset, 0, 0))
        assert after.mean() == pytest.approx(host.parenchyma_hu - CONTRAST_HU, abs=1.5)
