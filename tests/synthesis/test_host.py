import hashlib

import numpy as np
import pytest

from synthesis.host import Host, InvalidHost, ct_hash, ct_hashes
from synthesis.organs import organ
from synthesis.volume import Volume


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.ones((2, 2, 2), dtype=np.uint8), "bool array"),
        (np.ones((2, 2, 3), dtype=bool), "of shape"),
        (np.zeros((2, 2, 2), dtype=bool), "is empty"),
    ],
    ids=["not bool", "another shape", "empty"],
)
def test_refuses_a_mask_that_does_not_fit(mask, message):
    ct = Volume(np.zeros((2, 2, 2), dtype=np.int16), np.eye(4))
    with pytest.raises(InvalidHost, match=message):
        Host(ct, mask, organ("liver"))


def test_the_largest_diameter_is_that_of_a_sphere_within_the_volume():
    ct = Volume(np.full((9, 9, 5), 60, dtype=np.int16), np.diag([1.0, 1.0, 4.0, 1.0]))
    assert Host(ct, np.ones(ct.shape, dtype=bool), organ("liver")).largest_diameter_mm == 10.0


def test_the_hash_is_of_what_the_ct_is_and_not_of_how_it_lies_in_memory(host):
    hu, affine = host.ct.hu, host.ct.affine
    same = Volume(np.asfortranarray(hu), affine.copy())
    other_voxel = hu.copy()
    other_voxel[0, 0, 0] += 1

    assert ct_hash(same) == ct_hash(host.ct)
    assert ct_hash(Volume(other_voxel, affine)) != ct_hash(host.ct)
    assert ct_hash(Volume(hu, affine + np.eye(4) * [1, 0, 0, 0])) != ct_hash(host.ct)
    assert ct_hash(Volume(hu.reshape(hu.shape[::-1]), affine)) != ct_hash(host.ct)


def test_the_hash_does_not_hang_on_the_order_in_memory(host):
    turned = Volume(np.asfortranarray(host.ct.hu), host.ct.affine)
    moved = Volume(host.ct.hu, host.ct.affine + np.diag([0, 0, 0.5, 0]))

    assert ct_hashes(turned) == ct_hashes(host.ct)
    assert (
        ct_hash(host.ct)
        == hashlib.sha256(
            host.ct.hu.tobytes() + np.array(host.ct.shape).tobytes() + host.ct.affine.tobytes()
        ).hexdigest()
    )
    assert ct_hashes(moved)[0] != ct_hashes(host.ct)[0]
    assert ct_hashes(moved)[1] == ct_hashes(host.ct)[1]
