"""Folders of tumours, as `generate` writes them, and the hosts that they were put into."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synthesis.errors import UnusableInput
from synthesis.host import ct_hash
from synthesis.io import read_ct, read_mask
from synthesis.masks import Mask, bounding_box
from synthesis.recipe import Recipe
from synthesis.volume import Volume

_PICTURED_MM = 60.0  # beyond the tumour


class NoCases(UnusableInput):
    """A folder holds no tumours, or a host fits none of them."""


@dataclass(frozen=True, eq=False)
class Case:
    """One tumour to look at.

    Attributes
    ----------
    name : str
        Its folder, from the folder of all cases.
    ct : Volume
        The CT with the tumour.
    mask : ndarray of bool, shape of `ct`
        The tumour.
    recipe : Recipe or None
        None for a real tumour.
    host : Volume or None
        The CT before, where it is known.
    """

    name: str
    ct: Volume
    mask: Mask
    recipe: Recipe | None
    host: Volume | None


def case_folders(folder: Path) -> list[Path]:
    """Return the folders, at any depth, that hold a ``ct.nii.gz`` and a ``tumor.nii.gz``.

    Raises
    ------
    NoCases
        If there are none.
    """
    found = sorted(path.parent for path in folder.rglob("tumor.nii.gz") if (path.parent / "ct.nii.gz").is_file())
    if not found:
        raise NoCases(f"{folder} holds no case (a folder with ct.nii.gz and tumor.nii.gz); name one that does.")
    return found


def read_hosts(paths: Sequence[Path]) -> dict[str, Volume]:
    """Read CTs, and return them by their hash."""
    hosts = [read_ct(path) for path in paths]
    return {ct_hash(host): host for host in hosts}


def read_cases(folder: Path, hosts: dict[str, Volume]) -> Iterator[Case]:
    """Read the cases of a folder, one after the other; a recipe tells a synthetic tumour from a real one."""
    for place in case_folders(folder):
        ct = read_ct(place / "ct.nii.gz")
        recipe_file = place / "recipe.json"
        recipe = Recipe.from_json(recipe_file.read_text(encoding="utf-8")) if recipe_file.is_file() else None
        yield Case(
            name=place.relative_to(folder).as_posix(),
            ct=ct,
            mask=read_mask(place / "tumor.nii.gz", like=ct),
            recipe=recipe,
            host=hosts.get(recipe.host_hash) if recipe is not None else None,
        )


def cropped(case: Case) -> Case:
    """Return a case with as much of its CT as a picture shows, so that many of them take little memory."""
    i, j, k = (math.ceil(_PICTURED_MM / s) for s in case.ct.spacing_mm)
    box = bounding_box(case.mask, margin=(i, j, k))
    corner = case.ct.affine @ [box[0].start, box[1].start, box[2].start, 1.0]
    affine = np.column_stack([case.ct.affine[:, :3], corner])
    return Case(case.name, Volume(case.ct.hu[box].copy(), affine), case.mask[box].copy(), case.recipe, None)
