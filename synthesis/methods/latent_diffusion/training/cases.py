"""What is trained on: the cases of a manifest, each as a small cube around its tumour."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from synthesis.errors import UnusableInput
from synthesis.io import read_ct, read_mask
from synthesis.manifest import UnusableManifest, parse_labels, read_rows
from synthesis.masks import Mask, bounding_box
from synthesis.methods.latent_diffusion.conditioning import tissue_level_hu
from synthesis.methods.latent_diffusion.region import Region
from synthesis.methods.latent_diffusion.training.config import Data
from synthesis.volume import Volume

_NEEDED = ("case_id", "ct")


class Skipped(NamedTuple):
    """A case that was left out, and why."""

    case: str
    reason: str


@dataclass(frozen=True, eq=False)
class TrainingCase:
    """A cube of a CT at the networks' resolution.

    Attributes
    ----------
    name, patient, organ : str
    hu : ndarray of int16
    organ_mask, tumor : ndarray of bool
        The tumour's is empty where the CT has none.
    level_hu : float
        Of the organ around the tumour.
    """

    name: str
    patient: str
    organ: str
    hu: npt.NDArray[np.int16]
    organ_mask: Mask
    tumor: Mask
    level_hu: float


class Cases(NamedTuple):
    """The cases of a manifest.

    Attributes
    ----------
    cases : list of TrainingCase
    skipped : list of Skipped
        Those that could not be read, or hold nothing to train on.
    sha256 : str
        Of what is trained on: the cubes, in the manifest's order.
    """

    cases: list[TrainingCase]
    skipped: list[Skipped]
    sha256: str


def read_cases(manifest: Path, data: Data, *, cache: Path, progress: Callable[[int, int], None] | None = None) -> Cases:
    """Read the cases of a manifest; see docs/operations.md for its columns.

    A case that can't be read is skipped by name. The cubes are kept in `cache`, so that going on after an
    interruption does not read the CTs again.

    Raises
    ------
    UnusableManifest
        If the file is no manifest, or none of its cases has a tumour.
    """
    rows = read_rows(manifest, needed=_NEEDED)
    cases: list[TrainingCase] = []
    skipped: list[Skipped] = []
    cache.mkdir(parents=True, exist_ok=True)
    for number, row in enumerate(rows):
        try:
            cases += _cubes(row, manifest.parent, data, cache, number)
        except (UnusableInput, OSError, ValueError) as error:
            skipped.append(Skipped(row["case_id"], str(error)))
        if progress:
            progress(number + 1, len(rows))
    if not any(case.tumor.any() for case in cases):
        first = f" ({skipped[0].case}: {skipped[0].reason})" if skipped else ""
        raise UnusableManifest(
            f"{manifest.name} names no case with a tumour that can be used{first}; tumour masks stand in its column "
            "tumor_mask."
        )
    digest = hashlib.sha256()
    for case in cases:
        digest.update(case.hu.tobytes() + np.packbits(case.tumor).tobytes())
    return Cases(cases, skipped, digest.hexdigest())


def held_out(cases: Sequence[TrainingCase], share: float, seed: int) -> tuple[list[TrainingCase], list[TrainingCase]]:
    """Part the cases, patient by patient, in those to train on and those held out.

    At least one patient with a tumour is held out where the share is not zero and there are two; none, where one
    patient is all there is.
    """
    with_tumor = sorted({case.patient for case in cases if case.tumor.any()})
    others = sorted({case.patient for case in cases} - set(with_tumor))
    rng = np.random.default_rng([seed, 1])
    out: set[str] = set()
    for group, least in ((with_tumor, int(share > 0 and len(with_tumor) > 1)), (others, 0)):
        count = min(max(round(share * len(group)), least), max(len(group) - 1, 0))
        out |= {group[index] for index in rng.permutation(len(group))[:count]}
    return [case for case in cases if case.patient not in out], [case for case in cases if case.patient in out]


def _cubes(row: dict[str, str], folder: Path, data: Data, cache: Path, number: int) -> list[TrainingCase]:
    """Cut the cubes of one row, or take them from the cache where they were cut from the same files."""
    kept = cache / f"{_key(row, folder, data, number)}.npz"
    cubes = _from_cache(kept)
    if cubes is None:
        cubes = _cut(row, folder, data, number)
        partial = kept.with_suffix(f".{os.getpid()}.partial.npz")
        hu, organ_mask, tumor, level_hu = (np.stack(column) for column in zip(*cubes, strict=True))
        np.savez_compressed(partial, hu=hu, organ_mask=organ_mask, tumor=tumor, level_hu=level_hu)
        partial.replace(kept)
    patient = row.get("patient_id") or row["case_id"]
    return [TrainingCase(row["case_id"], patient, row.get("organ", ""), *cube) for cube in cubes]


def _from_cache(kept: Path) -> list[_Cube] | None:
    """Return the cubes of a row that were cut before; None where they were not, or the file is damaged."""
    try:
        with np.load(kept, allow_pickle=False) as stored:
            columns = [stored[name] for name in _Cube._fields]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return [_Cube(hu, organ, tumor, float(level)) for hu, organ, tumor, level in zip(*columns, strict=True)]


class _Cube(NamedTuple):
    hu: npt.NDArray[np.int16]
    organ_mask: Mask
    tumor: Mask
    level_hu: float


def _key(row: dict[str, str], folder: Path, data: Data, number: int) -> str:
    digest = hashlib.sha256(repr((number, sorted(row.items()), data.model_dump())).encode())
    for column in ("ct", "organ_mask", "tumor_mask"):
        if row.get(column):
            stat = (folder / row[column]).stat()
            digest.update(repr((stat.st_size, stat.st_mtime_ns)).encode())
    return digest.hexdigest()[:32]


def _cut(row: dict[str, str], folder: Path, data: Data, number: int) -> list[_Cube]:
    ct = read_ct(folder / row["ct"])
    organ = np.zeros(ct.shape, dtype=bool)
    if row.get("organ_mask"):
        organ = read_mask(folder / row["organ_mask"], like=ct, labels=parse_labels(row.get("organ_label", "")))
    if row.get("tumor_mask"):
        tumor = read_mask(folder / row["tumor_mask"], like=ct, labels=parse_labels(row.get("tumor_label", "")))
        box = bounding_box(tumor)
        return [_cube(ct, organ | tumor, tumor, [(axis.start + axis.stop - 1) / 2 for axis in box], data)]
    if not organ.any():
        raise UnusableManifest("it has neither a tumour mask nor an organ mask; give one of them")
    inside = np.argwhere(organ)
    rng = np.random.default_rng([number, 2])
    centers = inside[rng.integers(len(inside), size=data.regions_per_host)]
    none = np.zeros(ct.shape, dtype=bool)
    return [_cube(ct, organ, none, center.tolist(), data) for center in centers]


def _cube(ct: Volume, organ: Mask, tumor: Mask, center: Sequence[float], data: Data) -> _Cube:
    n = data.region_voxels
    region = Region((center[0], center[1], center[2]), (n, n, n), data.voxel_mm, ct.spacing_mm)
    hu = region.gathered(ct.hu)
    organ_there, tumor_there = (region.gathered(mask) >= 0.5 for mask in (organ, tumor))
    if tumor.any() and not tumor_there.any():
        raise UnusableManifest("its tumour is smaller than a voxel of the networks' grid; leave it out")
    level = tissue_level_hu(hu, tumor_there, organ_there, voxel_mm=data.voxel_mm)
    return _Cube(np.rint(hu).astype(np.int16), organ_there, tumor_there, level)
