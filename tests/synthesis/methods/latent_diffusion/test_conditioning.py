import numpy as np
import pytest
import torch

from synthesis.methods.latent_diffusion.conditioning import (
    changed_cells,
    erased,
    mask_channels,
    tissue_level_hu,
    to_hu,
    to_unit,
)


def ball(radius: float, size: int = 24) -> np.ndarray:
    grid = np.indices((size, size, size)) - (size - 1) / 2
    return np.sqrt((grid**2).sum(axis=0)) < radius


def test_nothing_of_the_tumor_is_left_to_read_its_contrast_from():
    rng = np.random.default_rng(0)
    organ = 100 + rng.normal(0, 5, (24, 24, 24)).astype(np.float32)
    tumor = ball(4.0)
    edge = ball(5.0) * 0.5 + tumor * 0.5  # the tumour's own edge reaches beyond the mask
    first, second = (organ - contrast * edge for contrast in (20.0, 80.0))

    both = [erased(one.astype(np.float32), tumor, 100.0, voxel_mm=1.0) for one in (first, second)]

    assert np.abs(both[0] - both[1]).max() < 1.5
    np.testing.assert_allclose(both[0][~ball(11.0)], organ[~ball(11.0)], atol=0.1)


def test_the_level_is_the_organs_around_the_tumor_and_not_its_edges():
    hu = np.full((24, 24, 24), -100.0, dtype=np.float32)
    hu[ball(11)] = 110
    hu[ball(5)] = 60
    assert tissue_level_hu(hu, ball(4), ball(11), voxel_mm=1.0) == 110
    assert tissue_level_hu(hu, ball(4), np.zeros_like(ball(4)), voxel_mm=1.0) == 110
    assert tissue_level_hu(np.full_like(hu, -1000), ball(4), ball(11), voxel_mm=1.0) == 60


@pytest.mark.parametrize("factor", [2, 4])
def test_a_single_voxel_does_not_vanish_from_the_mask(factor):
    mask = torch.zeros(1, 1, 8, 8, 8)
    mask[0, 0, 5, 2, 7] = 1

    channels = mask_channels(mask, factor)

    assert channels.shape == (1, 8, 8 // factor, 8 // factor, 8 // factor)
    assert channels.sum() == pytest.approx(1 / (factor // 2) ** 3)
    part = channels.nonzero()[0]
    assert part.tolist()[2:] == [5 // factor, 2 // factor, 7 // factor]


def test_the_parts_of_a_latent_voxel_are_told_apart():
    mask = torch.zeros(1, 1, 4, 4, 4)
    mask[..., 0] = 1
    channels = mask_channels(mask, 2)
    assert channels[0, :, 0, 0, 0].tolist() == [1, 0, 1, 0, 1, 0, 1, 0]
    assert channels[0, :, 0, 0, 1].tolist() == [0] * 8


def test_what_changes_is_the_tumor_with_its_edge():
    mask = torch.zeros(1, 1, 16, 16, 16)
    mask[0, 0, 8, 8, 8] = 1
    cells = changed_cells(mask, 4, voxel_mm=1.0)
    assert cells.shape == (1, 1, 4, 4, 4)
    assert cells.sum() == 8


def test_hu_are_windowed_and_come_back():
    hu = np.array([-1000.0, -175.0, 37.5, 250.0, 900.0], dtype=np.float32)
    unit = to_unit(hu, (-175.0, 250.0))
    np.testing.assert_allclose(unit, [-1.0, -1.0, 0.0, 1.0, 1.0], atol=1e-6)
    np.testing.assert_allclose(to_hu(unit, (-175.0, 250.0)), hu.clip(-175, 250), atol=1e-3)
