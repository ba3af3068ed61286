"""A folder of phantom patients with a manifest, as a research group would keep its own data."""

from __future__ import annotations

import csv
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from synthesis.io import write_nifti
from synthesis.phantom.lesion import ORGAN_LABELS, LesionFitError
from synthesis.phantom.parameters import sample_patient
from synthesis.phantom.render import render_patient, sample_lesion

ORGANS = ("liver", "pancreas", "kidney")
COLUMNS = (
    "case_id",
    "patient_id",
    "organ",
    "ct",
    "organ_mask",
    "organ_label",
    "tumor_mask",
    "tumor_label",
    "origin",
    "generator",
    "stand_in",
)
MANIFEST = "manifest.csv"
_ATTEMPTS = 20


@dataclass(frozen=True)
class _Order:
    """One patient to render; `organ` has the lesion, empty for a host."""

    name: str
    organ: str
    seed: int
    diameter_mm: tuple[float, float]
    shape: tuple[int, int, int] | None
    phase: str | None


def write_dataset(
    folder: Path,
    *,
    real_per_organ: int,
    hosts: int,
    seed: int,
    diameter_mm: tuple[float, float] = (8, 20),
    shape: tuple[int, int, int] | None = None,
    phase: str | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Render patients into `folder` and return its manifest, which `import_dataset --layout manifest` reads.

    Parameters
    ----------
    folder : Path
        Gets ``NAME_ct.nii.gz``, ``NAME_organs.nii.gz`` (see `LABELS`) and, where there is a lesion,
        ``NAME_tumor.nii.gz``.
    real_per_organ : int
        Patients with one lesion in each of liver, pancreas and kidney; rows of origin ``real`` flagged
        ``stand_in``: the lesions are the phantom's own, not patients'.
    hosts : int
        Patients without a lesion: a row of origin ``healthy`` for each of the three organs.
    seed : int
        The same seed gives the same patients, however many `jobs`.
    diameter_mm : two floats
        Range of the lesions' equivalent-sphere diameters.
    shape : three ints, optional
        Voxels of each CT; see `sample_patient`.
    phase : str, optional
        The contrast phase of every CT, one of `PHASES`; drawn for each when not given.
    jobs : int
        Processes.
    progress : callable, optional
        Called with the patients done and the patients in all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [organ for organ in ORGANS for _ in range(real_per_organ)] + [""] * hosts
    seeds = np.random.SeedSequence(seed).generate_state(len(wanted), dtype=np.uint64)
    orders = [
        _Order(f"phantom-{n:03d}", organ, int(patient_seed), diameter_mm, shape, phase)
        for n, (organ, patient_seed) in enumerate(zip(wanted, seeds, strict=True), start=1)
    ]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        rendered = [pool.submit(_write_patient, folder, order) for order in orders]
        for done, future in enumerate(as_completed(rendered), start=1):
            future.result()
            if progress:
                progress(done, len(orders))
    return _write_manifest(folder, orders)


def _write_patient(folder: Path, order: _Order) -> None:
    """Render one patient; one whose organ is too small for its lesion is drawn anew."""
    rng = np.random.default_rng(order.seed)
    for _ in range(_ATTEMPTS):
        patient = sample_patient(rng, shape=order.shape, phase=order.phase)
        try:
            lesion = (
                sample_lesion(patient, organ=order.organ, diameter_mm=order.diameter_mm, rng=rng)
                if order.organ
                else None
            )
        except LesionFitError:
            continue
        break
    else:
        low, high = order.diameter_mm
        raise LesionFitError(
            f"None of {_ATTEMPTS} phantom patients has a {order.organ} that holds {low:g}–{high:g} mm; ask for smaller."
        )
    phantom = render_patient(patient, lesion=lesion)
    write_nifti(folder / f"{order.name}_ct.nii.gz", phantom.ct.hu, phantom.ct.affine)
    write_nifti(folder / f"{order.name}_organs.nii.gz", phantom.labels, phantom.ct.affine)
    if lesion:
        write_nifti(folder / f"{order.name}_tumor.nii.gz", phantom.tumor_mask.astype(np.uint8), phantom.ct.affine)


def _write_manifest(folder: Path, orders: list[_Order]) -> Path:
    manifest = folder / MANIFEST
    with manifest.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for order in orders:
            for organ in [order.organ] if order.organ else ORGANS:
                writer.writerow(_row(order, organ))
    return manifest


def _row(order: _Order, organ: str) -> dict[str, str]:
    real = bool(order.organ)
    return {
        "case_id": order.name,
        "patient_id": order.name,
        "organ": organ,
        "ct": f"{order.name}_ct.nii.gz",
        "organ_mask": f"{order.name}_organs.nii.gz",
        "organ_label": ";".join(str(label) for label in ORGAN_LABELS[organ]),
        "tumor_mask": f"{order.name}_tumor.nii.gz" if real else "",
        "origin": "real" if real else "healthy",
        "stand_in": "true" if real else "",
    }
