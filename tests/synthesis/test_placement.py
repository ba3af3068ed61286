import numpy as np
import pytest

from synthesis.host import Host
from synthesis.placement import NoRoom, Occupied, OrganTooSmall, place, vessel_mask
from synthesis.volume import Volume

from .conftest import build_host


def centers(host, diameter_mm, count=200):
    rng = np.random.default_rng(5)
    return np.array([place(host, diameter_mm=diameter_mm, rng=rng) for _ in range(count)])


def with_vessel(host):
    """The host with a vessel of 6 mm along i, through the organ's middle."""
    hu = host.ct.hu.copy()
    j, k = (n // 2 for n in host.ct.shape[1:])
    hu[:, j - 2 : j + 2, k - 1 : k + 2] += np.int16(70)
    return Host(Volume(np.where(host.organ_mask, hu, host.ct.hu), host.ct.affine), host.organ_mask, host.organ)


def test_every_place_holds_the_whole_sphere(host):
    voxels = np.argwhere(~host.organ_mask) * host.ct.spacing_mm
    for center in centers(host, 16.0, count=20):
        assert np.linalg.norm(voxels - center * host.ct.spacing_mm, axis=1).min() >= 8.0


def test_the_whole_extent_of_the_organ_is_used(host):
    used = np.ptp(centers(host, 6.0), axis=0) * host.ct.spacing_mm
    extent = [(axis.stop - axis.start) * s for axis, s in zip(host.box, host.ct.spacing_mm, strict=True)]
    assert (used > 0.7 * np.array(extent)).all()


def test_an_organ_that_is_too_small_is_refused_with_the_largest_that_fits(host):
    largest = host.largest_diameter_mm
    place(host, diameter_mm=largest, rng=np.random.default_rng(0))

    with pytest.raises(OrganTooSmall, match=rf"largest that fits has {largest:.1f} mm") as refusal:
        place(host, diameter_mm=largest + 0.1, rng=np.random.default_rng(0))

    assert refusal.value.largest_diameter_mm == largest


def test_noise_is_no_vessel(host):
    assert not vessel_mask(host).any()


def test_vessels_are_found_and_kept_clear_of(host):
    vascular = with_vessel(host)
    vessels = vessel_mask(vascular)
    points = (np.argwhere(vessels) + [axis.start for axis in vascular.box]) * vascular.ct.spacing_mm

    assert np.ptp(points[:, 0]) > 40.0
    for center in centers(vascular, 10.0, count=50):
        assert np.linalg.norm(points - center * vascular.ct.spacing_mm, axis=1).min() >= 5.0


def test_stones_of_a_few_voxels_are_kept_clear_of(host):
    hu = host.ct.hu.copy()
    middle = tuple(n // 2 for n in host.ct.shape)
    hu[middle[0] : middle[0] + 2, middle[1], middle[2]] = 600
    stony = Host(Volume(hu, host.ct.affine), host.organ_mask, host.organ)

    assert 0 < vessel_mask(stony).sum() <= 27
    for center in centers(stony, 10.0, count=50):
        assert np.linalg.norm(np.subtract(center, middle) * stony.ct.spacing_mm) >= 5.0


def test_a_tumour_too_large_to_miss_the_vessels_still_finds_a_place(host):
    vascular = with_vessel(host)
    assert len(centers(vascular, vascular.largest_diameter_mm, count=2)) == 2


def test_an_unenhanced_host_shows_no_vessels():
    assert not vessel_mask(build_host(organ_hu=50.0)).any()


def test_a_place_at_the_surface_lets_the_sphere_bulge_out(host):
    rng = np.random.default_rng(2)
    voxels = np.argwhere(~host.organ_mask) * host.ct.spacing_mm
    for _ in range(20):
        center = place(host, diameter_mm=20.0, rng=rng, at_surface=True)
        assert host.organ_mask[center]
        assert 2.0 < np.linalg.norm(voxels - np.multiply(center, host.ct.spacing_mm), axis=1).min() < 10.0


def test_what_is_occupied_is_kept_clear_of(host):
    middle = tuple(n // 2 for n in host.ct.shape)
    occupied = [Occupied(middle, 12.0)]
    for seed in range(20):
        center = place(host, diameter_mm=8.0, rng=np.random.default_rng(seed), occupied=occupied)
        assert np.linalg.norm(np.subtract(center, middle) * host.ct.spacing_mm) > 16.0 - 1.0


def test_an_organ_that_is_all_occupied_is_refused(host):
    everything = [Occupied(tuple(n // 2 for n in host.ct.shape), 100.0)]
    with pytest.raises(NoRoom, match="no room for another tumour of 8"):
        place(host, diameter_mm=8.0, rng=np.random.default_rng(0), occupied=everything)
