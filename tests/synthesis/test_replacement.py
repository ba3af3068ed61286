"""What every method's tumour owes to the blending, whatever its shape."""

import numpy as np
import pytest
from scipy import ndimage

from synthesis import Host, Volume, apply_recipe, sample_recipe
from synthesis.blending import replace_tissue, soft_edge
from synthesis.realism import band_correlation
from synthesis.registry import METHODS
from tests.synthesis.conftest import build_host

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
    return replace_tissue(host, box, share, np.float32(CONTRAST_HU), noise_offset=(0, 0, 0)).astype(float)


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
    after = replace_tissue(host, box, soft_edge(depth), np.float32(CONTRAST_HU), noise_offset=(0, 0, 0))
    darker = (host.ct.hu - after).astype(float)
    inside = ndimage.distance_transform_edt(host.organ_mask)

    assert not darker[~host.organ_mask].any()
    assert darker[inside > 4].mean() == pytest.approx(CONTRAST_HU, abs=1.5)
    assert 0.5 * CONTRAST_HU < darker[inside == 1].mean() < 0.95 * CONTRAST_HU


@pytest.mark.parametrize("method", METHODS)
def test_small_tumours_on_coarse_voxels_show_no_ghosts(method):
    host = uneven_host()
    found = []
    for seed in range(12):
        tumor = apply_recipe(host, sample_recipe(host, method=method, diameter_mm=11.0, seed=seed))
        before = host.ct.hu[tumor.box].astype(float)
        found.append(band_correlation(before, tumor.hu.astype(float), tumor.mask, host.ct.spacing_mm, (3, 6)))
    assert np.median(found) < 0.2
