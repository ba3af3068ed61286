import io

import numpy as np
import pytest

from synthesis.generation import generate
from synthesis.recipe import InvalidRecipe
from synthesis.tumor import DamagedTumor, SyntheticTumor
from synthesis.volume import Volume


@pytest.fixture(scope="module")
def tumor(host):
    return generate(host.ct, host.organ_mask, method="hand-crafted", organ="liver", diameter_mm=14.0, seed=3)


def test_voxels_outside_the_box_are_the_hosts_own(host, tumor):
    before = host.ct.hu.copy()

    after = tumor.apply_to(host.ct)

    changed = after.hu != host.ct.hu
    assert changed.any()
    changed[tumor.box] = False
    assert not changed.any()
    assert np.array_equal(host.ct.hu, before)
    assert np.array_equal(after.affine, host.ct.affine)


def test_the_full_mask_holds_the_tumours_voxels_where_they_lie(host, tumor):
    full = tumor.full_mask(host.ct.shape)
    assert np.array_equal(full[tumor.box], tumor.mask)
    assert full.sum() == tumor.mask.sum() > 0


def test_is_not_applied_to_another_ct(host, tumor):
    other = Volume(host.ct.hu + np.int16(1), host.ct.affine)
    with pytest.raises(InvalidRecipe, match="made for another CT"):
        tumor.apply_to(other)


def test_survives_storage_in_a_fraction_of_the_volume(host, tumor):
    stored = io.BytesIO()
    tumor.save(stored)
    assert len(stored.getvalue()) < host.ct.hu.nbytes / 5

    stored.seek(0)
    loaded = SyntheticTumor.load(stored)

    assert loaded.origin == tumor.origin
    assert loaded.recipe.to_json() == tumor.recipe.to_json()
    assert loaded.hu.dtype == np.int16
    assert np.array_equal(loaded.hu, tumor.hu)
    assert np.array_equal(loaded.mask, tumor.mask)


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_a_damaged_file_is_refused(tumor, keep):
    stored = io.BytesIO()
    tumor.save(stored)
    content = stored.getvalue()
    cut = content[: int(len(content) * keep) if isinstance(keep, float) else keep]

    with pytest.raises(DamagedTumor, match="make it again"):
        SyntheticTumor.load(io.BytesIO(cut))


def test_a_pickle_is_refused():
    stored = io.BytesIO()
    np.savez(stored, origin=np.array([object()], dtype=object))
    stored.seek(0)
    with pytest.raises(DamagedTumor):
        SyntheticTumor.load(stored)
