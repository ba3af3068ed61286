"""A synthetic tumour: the few voxels that it changes, and its mask."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from synthesis.errors import UnusableInput
from synthesis.host import ct_hash
from synthesis.masks import Box, Mask
from synthesis.recipe import InvalidRecipe, Recipe
from synthesis.volume import Volume


class DamagedTumor(UnusableInput):
    """A stored tumour cannot be read back."""


@dataclass(frozen=True, eq=False)
class SyntheticTumor:
    """A tumour as a box of voxels to lay over its host.

    Attributes
    ----------
    origin : (i, j, k)
        The host's voxel on which the box's first voxel lies.
    hu : ndarray of int16
        The host with the tumour, within the box.
    mask : ndarray of bool, shape of `hu`
        The tumour's exact voxels.
    recipe : Recipe
    """

    origin: tuple[int, int, int]
    hu: npt.NDArray[np.int16]
    mask: Mask
    recipe: Recipe

    @property
    def box(self) -> Box:
        """Where in the host the box lies."""
        i, j, k = (slice(o, o + n) for o, n in zip(self.origin, self.hu.shape, strict=True))
        return i, j, k

    def apply_to(self, ct: Volume) -> Volume:
        """Return the host with the tumour in it; voxels outside the box are the host's own.

        Raises
        ------
        InvalidRecipe
            If `ct` is not the host that the tumour was made for.
        """
        if ct_hash(ct) != self.recipe.host_hash:
            raise InvalidRecipe("This tumour was made for another CT; apply it to its own host.")
        hu = ct.hu.copy()
        hu[self.box] = self.hu
        return Volume(hu, ct.affine)

    def full_mask(self, shape: tuple[int, int, int]) -> Mask:
        """Return the tumour's mask on the host's whole grid."""
        mask = np.zeros(shape, dtype=bool)
        mask[self.box] = self.mask
        return mask

    def save(self, file: Path | BinaryIO) -> None:
        """Write the tumour as a compressed ``.npz``: a few kB, and no pickle in it."""
        np.savez_compressed(
            file,
            origin=np.array(self.origin),
            hu=self.hu,
            mask=self.mask,
            recipe=np.frombuffer(self.recipe.to_json().encode(), dtype=np.uint8),
        )

    @classmethod
    def load(cls, file: Path | BinaryIO) -> SyntheticTumor:
        """Read what `save` wrote.

        Raises
        ------
        DamagedTumor
            If it is not that.
        """
        try:
            with np.load(file, allow_pickle=False) as stored:
                i, j, k = (int(n) for n in stored["origin"])
                recipe = Recipe.from_json(stored["recipe"].tobytes().decode())
                return cls(origin=(i, j, k), hu=stored["hu"], mask=stored["mask"], recipe=recipe)
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            raise DamagedTumor("The stored tumour is damaged; make it again from its recipe.") from error


def merge(ct: Volume, parts: Sequence[SyntheticTumor], recipe: Recipe) -> SyntheticTumor:
    """Return several tumours of one host as one: a box around them all.

    Where two of them change the same voxel, the later has it.
    """
    if len(parts) == 1:
        return parts[0]
    low = np.min([part.origin for part in parts], axis=0)
    high = np.max([np.add(part.origin, part.hu.shape) for part in parts], axis=0)
    i, j, k = (slice(int(start), int(stop)) for start, stop in zip(low, high, strict=True))
    hu = ct.hu[i, j, k].copy()
    mask = np.zeros(hu.shape, dtype=bool)
    for part in parts:
        own = tuple(slice(o - n, o - n + length) for o, n, length in zip(part.origin, low, part.hu.shape, strict=True))
        changed = part.hu != ct.hu[part.box]
        hu[own][changed] = part.hu[changed]
        mask[own] |= part.mask
    return SyntheticTumor(origin=(i.start, j.start, k.start), hu=hu, mask=mask, recipe=recipe)
