"""Parts of organs: of simple shapes known by construction, and where tumours are put."""

import dataclasses

import numpy as np
import pytest

from synthesis import generate
from synthesis.generation import InvalidOption
from synthesis.host import Host
from synthesis.organs import organ
from synthesis.regions import REGIONS, region_at, region_labels
from synthesis.volume import Volume
from tests.synthesis.conftest import build_host


def host_of(mask, name, spacing_mm=(2.0, 2.0, 2.0)):
    hu = np.where(mask, 100, -100).astype(np.int16)
    return Host(Volume(hu, np.diag([*spacing_mm, 1.0])), mask, organ(name))


def block(shape, *corners):
    mask = np.zeros(shape, dtype=bool)
    mask[tuple(slice(low, high) for low, high in corners)] = True
    return mask


@pytest.mark.parametrize(
    ("voxel", "region"),
    [
        ((40, 20, 28), "right upper"),
        ((40, 20, 20), "right middle"),
        ((12, 20, 12), "left lower"),
        ((2, 2, 2), "left lower"),  # outside: the part that is nearest
    ],
)
def test_a_liver_has_halves_and_thirds(voxel, region):
    host = host_of(block((50, 40, 40), (10, 45), (10, 30), (10, 32)), "liver")

    assert region_at(host, voxel) == region


def test_each_kidney_has_thirds_of_its_own():
    """The right one lies lower, as it does."""
    both = block((60, 40, 60), (8, 18), (10, 20), (20, 50)) | block((60, 40, 60), (42, 52), (10, 20), (5, 35))
    host = host_of(both, "kidney")

    assert region_at(host, (47, 15, 30)) == "right upper"
    assert region_at(host, (13, 15, 25)) == "left lower"
    assert region_at(host, (13, 15, 45)) == "left upper"


def test_one_kidney_alone_keeps_its_side():
    host = host_of(block((60, 40, 60), (8, 18), (10, 20), (20, 50)), "kidney")

    assert region_at(host, (17, 15, 35)) == "left middle"


def test_a_bent_pancreas_is_followed():
    """A horseshoe: both of its ends lie far right, and what counts is the way through it."""
    shoe = np.zeros((60, 40, 12), dtype=bool)
    shoe[10:50, 4:10, 3:9] = True  # from right to left in front
    shoe[10:16, 4:36, 3:9] = True  # round the left
    shoe[10:48, 30:36, 3:9] = True  # and back to the right behind
    host = host_of(shoe, "pancreas")

    assert region_at(host, (47, 7, 6)) == "head"
    assert region_at(host, (13, 20, 6)) == "body"
    assert region_at(host, (45, 33, 6)) == "tail"


def test_an_organ_thinner_than_a_block_has_parts_all_the_same():
    host = host_of(block((40, 20, 20), (5, 35), (10, 11), (10, 11)), "pancreas")

    assert [region_at(host, (i, 10, 10)) for i in (33, 20, 6)] == ["head", "body", "tail"]


@pytest.mark.parametrize("name", ["liver", "pancreas", "kidney"])
@pytest.mark.parametrize("method", ["hand-crafted", "cellular-automaton", "control"])
def test_a_tumour_lies_where_it_was_asked_to(method, name):
    host = build_host(name=name)
    for region in {REGIONS[name][0], REGIONS[name][-1]}:
        wanted = dataclasses.replace(host, region=region)
        assert (region_labels(wanted) == REGIONS[name].index(region))[wanted.overview.depth_mm >= 5].any()
        tumor = generate(host.ct, host.organ_mask, method=method, organ=name, diameter_mm=10.0, seed=3, region=region)
        (center,) = {tuple(np.argwhere(tumor.full_mask(host.ct.shape)).mean(axis=0).round().astype(int))}
        found = region_at(host, center)
        assert found.split()[0] == region.split()[0]


def test_a_region_that_the_organ_does_not_have_is_refused():
    host = build_host()

    with pytest.raises(InvalidOption, match="The liver has no region 'tail'; choose one of left lower"):
        generate(
            host.ct, host.organ_mask, method="hand-crafted", organ="liver", diameter_mm=10.0, seed=1, region="tail"
        )
