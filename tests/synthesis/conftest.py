"""A small CT built in code, and the real sample CTs where they are at hand."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from synthesis.host import Host
from synthesis.io import read_ct, read_mask
from synthesis.organs import organ
from synthesis.phantom.geometry import Region
from synthesis.volume import Volume

SAMPLES = Path(__file__).parents[2].parent / "shared" / "data" / "totalsegmentator"
SAMPLE_LABELS = {"liver": [5], "pancreas": [7], "kidney": [2, 3]}


def build_host(
    *,
    shape: tuple[int, int, int] = (56, 56, 40),
    spacing_mm: tuple[float, float, float] = (1.5, 1.5, 2.0),
    name: str = "liver",
    organ_hu: float = 110.0,
    noise_hu: float = 10.0,
) -> Host:
    """Build an ellipsoid organ in fat in air, with noise that is correlated in plane."""
    rng = np.random.default_rng(7)
    grid = np.indices(shape)
    center = (np.array(shape) - 1) / 2
    place = (grid - center.reshape(3, 1, 1, 1)) / center.reshape(3, 1, 1, 1)
    reach = np.sqrt((place**2).sum(axis=0))
    noise = ndimage.gaussian_filter(rng.standard_normal(shape), (0.6, 0.6, 0.0))
    hu = np.select([reach < 0.75, reach < 0.95], [organ_hu, -100.0], -1000.0) + noise * noise_hu / noise.std()
    affine = np.diag([*spacing_mm, 1.0])
    affine[:3, 3] = (-40.0, 12.5, 300.0)
    return Host(Volume(np.rint(hu).astype(np.int16), affine), reach < 0.75, organ(name))


def cube(half, step):
    """A region of ±half mm with voxels of `step` mm."""
    axis = np.arange(-half + step / 2, half, step, dtype=np.float32)
    return Region((axis, axis, axis), (slice(0, axis.size),) * 3, (-half,) * 3, (half,) * 3)


@pytest.fixture(scope="session")
def host() -> Host:
    return build_host()


@pytest.fixture
def files(tmp_path, host):
    """The small CT and its mask (label 5) as files: ``ct.nii.gz`` and ``mask.nii.gz``."""
    nib.save(nib.Nifti1Image(host.ct.hu, host.ct.affine), tmp_path / "ct.nii.gz")
    nib.save(nib.Nifti1Image(host.organ_mask.astype(np.uint8) * 5, host.ct.affine), tmp_path / "mask.nii.gz")
    return tmp_path


@pytest.fixture(scope="session", params=["liver", "pancreas", "kidney"])
def sample_host(request) -> Host:
    """A real, unenhanced CT (3 mm voxels) with each of the three organs."""
    if not SAMPLES.is_dir():
        pytest.skip("the shared sample data are not here")
    ct = read_ct(SAMPLES / "example_ct.nii.gz")
    mask = read_mask(SAMPLES / "example_seg_fast_force_split.nii.gz", like=ct, labels=SAMPLE_LABELS[request.param])
    return Host(ct, mask, organ(request.param))
