"""Tumours of which every figure is known, and folders of them."""

import numpy as np
import pytest
from scipy import ndimage, special

from synthesis.inspection.cases import Case
from synthesis.io import write_nifti
from synthesis.volume import Volume

SHAPE = (48, 48, 36)
SPACING = (1.0, 1.0, 1.0)


def build_case(
    *,
    name="case",
    radius_mm=10.0,
    contrast_hu=40.0,
    sigma_mm=1.3,
    noise_hu=8.0,
    noise_factor=1.0,
    elongation=1.0,
    with_host=False,
    seed=0,
):
    """A spheroid in soft tissue in air, with an edge of one width and noise that is stronger by a factor inside."""
    rng = np.random.default_rng(seed)
    grid = np.indices(SHAPE) - (np.reshape(SHAPE, (3, 1, 1, 1)) - 1) / 2
    stretch = np.reshape([elongation ** (-2 / 3), elongation ** (1 / 3), elongation ** (1 / 3)], (3, 1, 1, 1))
    depth = radius_mm - np.linalg.norm(grid * stretch, axis=0)
    noise = ndimage.gaussian_filter(rng.standard_normal(SHAPE), (0.6, 0.6, 0.0))
    noise *= noise_hu / noise.std()
    before = 100 + noise
    before[0:2] = -1000
    after = before - contrast_hu * special.ndtr(depth / sigma_mm) + np.where(depth > 0, (noise_factor - 1) * noise, 0)
    affine = np.diag([*SPACING, 1.0])
    host = Volume(np.rint(before).astype(np.int16), affine) if with_host else None
    return Case(name, Volume(np.rint(after).astype(np.int16), affine), depth > 0, None, host)


def write_cases(folder, count, **options):
    for number in range(count):
        case = build_case(**{"seed": number, **{k: v(number) if callable(v) else v for k, v in options.items()}})
        place = folder / f"{number:04d}"
        place.mkdir(parents=True)
        write_nifti(place / "ct.nii.gz", case.ct.hu, case.ct.affine)
        write_nifti(place / "tumor.nii.gz", case.mask.astype(np.uint8), case.ct.affine)


@pytest.fixture(scope="session")
def two_folders(tmp_path_factory):
    """Ten darker tumours with sharp edges in ``synthetic``, and ten with soft ones in ``real``."""
    root = tmp_path_factory.mktemp("inspected")
    write_cases(root / "synthetic", 10, radius_mm=lambda n: 6.0 + 0.3 * n, sigma_mm=0.8)
    write_cases(root / "real", 10, radius_mm=lambda n: 6.0 + 0.3 * n, sigma_mm=1.8, contrast_hu=55.0)
    return root
