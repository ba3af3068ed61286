import nibabel as nib
import numpy as np
import pytest

from synthesis.survey import noise_hu, shows_head
from synthesis.volume import Volume
from tests.synthesis.conftest import SAMPLES


def volume(hu, spacing_mm=(1.0, 1.0, 1.0)):
    return Volume(np.rint(hu).astype(np.int16), np.diag([*spacing_mm, 1.0]))


def ellipsoid(shape, spacing_mm, axes_mm, center):
    place = [
        (np.arange(n) - c * (n - 1)) * s / a for n, s, a, c in zip(shape, spacing_mm, axes_mm, center, strict=True)
    ]
    x, y, z = np.meshgrid(*place, indexing="ij", sparse=True)
    return x**2 + y**2 + z**2 <= 1


def head(spacing_mm, *, height=0.6, shell_hu=900, inside_hu=35):
    """A skull of 7 mm with a brain in it, in skin, in air."""
    shape = tuple(int(length / s) for length, s in zip((220, 240, 160), spacing_mm, strict=True))
    hu = np.full(shape, -1000.0)
    for axes_mm, value in (((80, 98, 95), 50), ((75, 93, 90), shell_hu), ((68, 86, 83), inside_hu)):
        hu[ellipsoid(shape, spacing_mm, axes_mm, (0.5, 0.5, height))] = value
    return volume(hu + np.random.default_rng(0).normal(0, 5, shape), spacing_mm)


@pytest.mark.parametrize("spacing_mm", [(0.8, 0.8, 2.0), (1.0, 1.0, 5.0), (0.5, 0.5, 0.8)])
def test_a_head_is_seen(spacing_mm):
    assert shows_head(head(spacing_mm))


def test_the_top_of_a_head_is_seen():
    assert shows_head(head((1.0, 1.0, 3.0), height=-0.2))


@pytest.mark.parametrize("change", [{"shell_hu": 40}, {"inside_hu": -900}, {"inside_hu": 300}])
def test_what_is_like_a_head_in_size_alone_is_none(change):
    assert not shows_head(head((1.0, 1.0, 3.0), **change))


def test_a_phantoms_abdomen_is_none(host):
    assert not shows_head(host.ct)


@pytest.mark.parametrize("name", ["totalsegmentator/example_ct.nii.gz"])
def test_real_abdomens_are_none(name):
    path = SAMPLES.parent / name
    if not path.is_file():
        pytest.skip(f"no {name} in ../shared/data")
    image = nib.as_closest_canonical(nib.load(path))
    assert not shows_head(Volume(np.asarray(image.dataobj, dtype=np.int16), image.affine))


@pytest.mark.parametrize("sd_hu", [5.0, 12.0, 25.0])
@pytest.mark.parametrize("spacing_mm", [(0.7, 0.7, 2.0), (3.0, 3.0, 3.0)])
def test_white_noise_in_even_tissue_is_measured(sd_hu, spacing_mm):
    rng = np.random.default_rng(1)
    shape = (96, 80, 24)
    hu = 60 + rng.normal(0, sd_hu, shape)
    hu[:10] = -1000
    hu[40:50, 40:50] += 300  # anatomy

    # The residual takes 1/9 of white noise's variance away.
    assert noise_hu(volume(hu, spacing_mm)) == pytest.approx(sd_hu * np.sqrt(8 / 9), rel=0.1)


def test_without_soft_tissue_there_is_no_noise_to_tell():
    assert noise_hu(volume(np.full((40, 40, 8), -1000.0))) is None
    assert noise_hu(volume(np.full((4, 4, 8), 50.0))) is None
