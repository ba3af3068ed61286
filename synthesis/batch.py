"""Making many tumours: the hosts that files hold, and the work on them, in as many processes as asked for."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from synthesis.errors import UnusableInput
from synthesis.generation import apply_recipe, sample_recipe
from synthesis.host import Host
from synthesis.io import read_ct, read_mask, write_nifti
from synthesis.masks import equivalent_diameter_mm
from synthesis.organs import organ
from synthesis.series import sample_series
from synthesis.tumor import SyntheticTumor
from synthesis.volume import Volume

Line = dict[str, Any]  # of the summary: what was made, and where


class NoPairs(UnusableInput):
    """A folder of CTs and one of masks do not belong together."""


@dataclass(frozen=True)
class Source:
    """The files of one host.

    Attributes
    ----------
    ct, organ_mask : Path
    organ : str
    organ_labels : tuple of int
        The organ's values in the mask; empty for every value but zero.
    folder : str
        Where in the output its tumours go: empty where there is only one host.
    """

    ct: Path
    organ_mask: Path
    organ: str
    organ_labels: tuple[int, ...]
    folder: str = ""


@dataclass(frozen=True)
class Order:
    """One tumour to make.

    Attributes
    ----------
    source : Source
    number : int
        Of the tumour among its host's.
    method : str
    diameter_mm : (low, high)
    seed : int
    ages : int
        1, or at how many ages from `low` to `high` the tumour is made.
    options : mapping
        Of the method; see `synthesis.generation.sample_recipe`.
    preview : bool
        Whether to draw it too.
    """

    source: Source
    number: int
    method: str
    diameter_mm: tuple[float, float]
    seed: int
    ages: int
    options: Mapping[str, Any]
    preview: bool


def pair(ct: Path, organ_mask: Path, *, organ: str, organ_labels: tuple[int, ...]) -> list[Source]:
    """Return the hosts of a CT and its mask, or of a folder of CTs and one of masks with the same names.

    Raises
    ------
    NoPairs
        If only one of the two is a folder, the folder of CTs holds none, a CT has no mask, or two differ only in
        being compressed.
    """
    if ct.is_dir() != organ_mask.is_dir():
        raise NoPairs(f"{ct} and {organ_mask} must be both files or both folders; masks have their CTs' names.")
    if not ct.is_dir():
        return [Source(ct, organ_mask, organ, organ_labels)]
    volumes = [path for path in ct.iterdir() if path.name.endswith((".nii", ".nii.gz"))]
    found = sorted(volumes, key=lambda path: (_stem(path), path.name))
    if not found:
        raise NoPairs(f"{ct} holds no .nii or .nii.gz file; name a folder of CTs.")
    for path in found:
        if not (organ_mask / path.name).is_file():
            raise NoPairs(f"{path.name} has no mask of its name in {organ_mask}; add it or take the CT away.")
    sources = [Source(path, organ_mask / path.name, organ, organ_labels, folder=_stem(path)) for path in found]
    for first, second in itertools.pairwise(sources):
        if first.folder == second.folder:
            raise NoPairs(f"{first.ct.name} and {second.ct.name} would share a folder; rename one, and its mask.")
    return sources


def _stem(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".nii")


def seeds(seed: int, count: int) -> list[int]:
    """Return independent seeds, the same for the same seed; more of them begin with the fewer."""
    return [int(child.generate_state(1, np.uint64)[0]) for child in np.random.SeedSequence(seed).spawn(count)]


def carry_out(orders: Sequence[Order], folder: Path, *, jobs: int) -> Iterator[list[Line]]:
    """Make the tumours and write their files, in the orders' order; yield each one's lines of the summary.

    What is made does not depend on the number of processes.
    """
    if jobs == 1:
        yield from (_carry_out(order, folder) for order in orders)
        return
    with ProcessPoolExecutor(max_workers=min(jobs, len(orders))) as pool:
        try:
            yield from pool.map(_carry_out_elsewhere, orders, [folder] * len(orders))
        finally:
            pool.shutdown(cancel_futures=True)


@lru_cache(maxsize=1)
def read_host(source: Source) -> Host:
    """Read a host's files; the last one is kept, as one tumour after the other goes into it."""
    ct = read_ct(source.ct)
    mask = read_mask(source.organ_mask, like=ct, labels=source.organ_labels)
    return Host(ct, mask, organ(source.organ))


def write_case(case: Path, host: Volume, tumor: SyntheticTumor, *, on_grid_of: Path) -> Line:
    """Write one tumour's three files on the CT file's own grid; return its line of the summary."""
    case.mkdir(parents=True)
    mask = tumor.full_mask(host.shape)
    write_nifti(case / "ct.nii.gz", tumor.apply_to(host).hu, host.affine, on_grid_of=on_grid_of)
    write_nifti(case / "tumor.nii.gz", mask.astype(np.uint8), host.affine, on_grid_of=on_grid_of)
    (case / "recipe.json").write_text(tumor.recipe.to_json(), encoding="utf-8")
    return {
        "organ": tumor.recipe.organ,
        "method": tumor.recipe.method,
        "diameter_mm": round(equivalent_diameter_mm(mask, host.spacing_mm), 3),
        "seed": tumor.recipe.seed,
    }


def _carry_out_elsewhere(order: Order, folder: Path) -> list[Line]:
    """Carry out an order in another process: from there, an error comes back by its message alone."""
    try:
        return _carry_out(order, folder)
    except UnusableInput as error:
        raise UnusableInput(str(error)) from None


def _carry_out(order: Order, folder: Path) -> list[Line]:
    source = order.source
    host = read_host(source)
    place = folder / source.folder / f"{order.number:04d}"
    asked = {"method": order.method, "diameter_mm": order.diameter_mm, "seed": order.seed, **order.options}
    if order.ages == 1:
        recipes, cases = [sample_recipe(host, **asked)], [place]
    else:
        recipes = sample_series(host, ages=order.ages, **asked)
        cases = [place / f"age-{age:02d}" for age in range(order.ages)]
    tumors = [apply_recipe(host, dataclasses.replace(recipe, organ_labels=source.organ_labels)) for recipe in recipes]
    lines = []
    for case, tumor in zip(cases, tumors, strict=True):
        line = write_case(case, host.ct, tumor, on_grid_of=source.ct)
        lines.append({"folder": case.relative_to(folder).as_posix(), **line})
    if order.preview or order.ages > 1:
        _draw(order, host.ct, tumors, cases)
    return lines


def _draw(order: Order, host: Volume, tumors: list[SyntheticTumor], cases: list[Path]) -> None:
    from synthesis import preview  # matplotlib takes longer to import than a tumour to make

    if order.preview:
        for case, tumor in zip(cases, tumors, strict=True):
            preview.save_preview(case / "preview.png", host, tumor)
    if order.ages > 1:
        captions = [f"{tumor.recipe.diameter_mm:.1f} mm" for tumor in tumors]
        preview.save_contact_sheet(cases[0].parent / "series.png", host, tumors, captions)
