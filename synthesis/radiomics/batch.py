"""The features of a manifest's tumours, by several processes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from synthesis.errors import UnusableInput
from synthesis.io import MaskResampled, read_ct, read_mask
from synthesis.manifest import UnusableManifest, parse_labels, read_rows
from synthesis.masks import Mask
from synthesis.radiomics.extraction import extract
from synthesis.radiomics.region import tumor_region
from synthesis.radiomics.settings import Settings
from synthesis.radiomics.table import Row, row
from synthesis.volume import Volume

_NEEDED = ("case_id", "organ", "ct", "tumor_mask")
_ORIGINS = ("real", "synthetic")


@dataclass(frozen=True)
class TumorFiles:
    """One tumour of a manifest: its files, and what it is called."""

    folder: Path
    cells: dict[str, str]

    @property
    def name(self) -> str:
        return self.cells["case_id"]

    @property
    def description(self) -> Row:
        cells = self.cells
        return {
            "case_id": cells["case_id"],
            "patient_id": cells.get("patient_id") or cells["case_id"],
            "organ": cells["organ"],
            "origin": cells.get("origin") or "real",
            "generator": cells.get("generator", ""),
        }


class Outcome(NamedTuple):
    """A tumour's row, or why there is none."""

    name: str
    row: Row | None
    refusal: str


def read_tumors(manifest: Path) -> list[TumorFiles]:
    """Return the tumours of a manifest: its rows with a tumour mask whose origin is not ``healthy``.

    Raises
    ------
    UnusableManifest
        If it has none, a row has no case or no organ, or an origin is unknown.
    """
    rows = read_rows(manifest, needed=_NEEDED)
    tumors = []
    for line, cells in enumerate(rows, start=2):
        origin = cells.get("origin") or "real"
        if not cells["tumor_mask"] or origin == "healthy":
            continue
        if origin not in _ORIGINS:
            raise UnusableManifest(
                f"{manifest.name}, line {line}: origin '{origin}' is none of real, synthetic, healthy."
            )
        for name in ("case_id", "organ", "ct"):
            if not cells[name]:
                raise UnusableManifest(f"{manifest.name}, line {line}: {name} is empty; fill it in.")
        tumors.append(TumorFiles(manifest.parent, cells))
    if not tumors:
        raise UnusableManifest(f"{manifest.name} names no tumour; their masks stand in its column tumor_mask.")
    return tumors


def extract_all(tumors: Sequence[TumorFiles], settings: Settings, *, jobs: int) -> Iterator[Outcome]:
    """Yield what came of each tumour, in their order; what comes does not depend on the number of processes."""
    if jobs == 1:
        yield from (_extract(tumor, settings) for tumor in tumors)
        return
    with ProcessPoolExecutor(max_workers=min(jobs, len(tumors))) as pool:
        try:
            yield from pool.map(_extract, tumors, [settings] * len(tumors))
        finally:
            pool.shutdown(cancel_futures=True)


def measure(ct: Volume, tumor: Mask, settings: Settings, *, organ: Mask | None = None) -> Row:
    """Return the row of a CT's tumour, but for what it is called; see `region.tumor_region`."""
    region = tumor_region(ct.hu, tumor, ct.spacing_mm, cube_mm=settings.spacing_mm, organ=organ)
    return row(region, extract(region, settings))


def _extract(tumor: TumorFiles, settings: Settings) -> Outcome:
    try:
        return Outcome(tumor.name, {**tumor.description, **_measure_files(tumor, settings)}, "")
    except (UnusableInput, OSError) as error:
        return Outcome(tumor.name, None, str(error))


def _measure_files(tumor: TumorFiles, settings: Settings) -> Row:
    cells, folder = tumor.cells, tumor.folder
    ct = _ct(folder / cells["ct"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MaskResampled)  # said once, when the data were imported
        mask = read_mask(folder / cells["tumor_mask"], like=ct, labels=parse_labels(cells.get("tumor_label", "")))
        organ = None
        if cells.get("organ_mask"):
            organ = read_mask(folder / cells["organ_mask"], like=ct, labels=parse_labels(cells.get("organ_label", "")))
    return measure(ct, mask, settings, organ=organ)


@lru_cache(maxsize=1)
def _ct(path: Path) -> Volume:
    """Read a CT; the last one is kept, as its organs follow each other in a manifest."""
    return read_ct(path)
