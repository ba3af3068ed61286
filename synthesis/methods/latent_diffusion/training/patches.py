"""Patches of cases, varied at random: every number of a patch comes from the generator that it is drawn with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from synthesis.masks import Mask, bounding_box
from synthesis.methods.latent_diffusion.conditioning import ERASED_MM
from synthesis.methods.latent_diffusion.region import Field, softened
from synthesis.methods.latent_diffusion.training.cases import TrainingCase
from synthesis.methods.latent_diffusion.training.config import Augmentation


@dataclass(frozen=True, eq=False)
class Patch:
    """A cube out of a case's cube.

    Attributes
    ----------
    hu : ndarray of float32
    tumor : ndarray of bool
    level_hu : float
        Of the organ around.
    """

    hu: Field
    tumor: Mask
    level_hu: float


def draw_patch(
    case: TrainingCase,
    size: int,
    rng: np.random.Generator,
    how: Augmentation,
    *,
    voxel_mm: float,
    anywhere: bool = False,
) -> Patch:
    """Draw a patch: around the tumour, or anywhere in the case's cube, and vary it."""
    edge = case.hu.shape[0]
    if anywhere or not case.tumor.any():
        corner = rng.integers(0, edge - size + 1, 3)
    else:
        middle = np.array([(axis.start + axis.stop) / 2 for axis in bounding_box(case.tumor)])
        shift = rng.integers(-how.shift_voxels, how.shift_voxels + 1, 3)
        corner = np.clip(np.rint(middle - size / 2).astype(int) + shift, 0, edge - size)
    part = tuple(slice(int(start), int(start) + size) for start in corner)
    hu, tumor = case.hu[part].astype(np.float32), case.tumor[part]
    if how.mirror:
        turns, flips = int(rng.integers(4)), (rng.random(2) < 0.5).tolist()
        hu, tumor = turned(hu, turns, flips), turned(tumor, turns, flips)
    factor = rng.uniform(1 - how.contrast, 1 + how.contrast)
    if how.contrast and tumor.any():
        share = softened(tumor, reach_voxels=ERASED_MM / voxel_mm)
        hu = hu + share * np.float32(factor - 1) * (hu - np.float32(case.level_hu))
    offset, noise = rng.normal(0, how.level_hu), rng.uniform(0, how.noise_hu)
    hu = hu + np.float32(offset)
    if how.noise_hu:
        hu = hu + np.float32(noise) * rng.standard_normal(hu.shape, dtype=np.float32)
    return Patch(np.ascontiguousarray(hu, dtype=np.float32), np.ascontiguousarray(tumor), case.level_hu + offset)


def turned(values: npt.NDArray[Any], turns: int, flips: Iterable[bool]) -> npt.NDArray[Any]:
    """Turn in plane by right angles, and mirror along i and k where so said."""
    axes = tuple(axis for axis, flip in zip((0, 2), flips, strict=True) if flip)
    return np.flip(np.rot90(values, turns, axes=(0, 1)), axes)
