"""Small real objects: tiny CTs written through the store, studies drawn and built from them, readers at work.

Nothing here is a stand-in for the project's own code; every object is made by it.
"""

from __future__ import annotations

import copy
import functools
import itertools
from collections.abc import Callable
from typing import Any, NamedTuple, ParamSpec

import numpy as np
from django.db import connection
from django.test import Client
from django.urls import reverse

from readerstudy.domain.canonical import canonical_json
from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.design import parse_design
from readerstudy.domain.enrolment import invite_reader
from readerstudy.domain.generation import run_synthesis, write_pack
from readerstudy.domain.importing.lesions import tumor_fields
from readerstudy.domain.leak_audit.runs import audit_now
from readerstudy.domain.results import study_results
from readerstudy.domain.store import storing
from readerstudy.domain.studies import close_study, create_study, open_study
from readerstudy.domain.volumes import write_mask, write_volume
from readerstudy.models.case import SlicePack
from readerstudy.models.dataset import Dataset
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import OrganScan, Volume
from synthesis.host import Host, ct_hashes
from synthesis.lesions import measure_lesions
from synthesis.organs import organ as organ_named
from synthesis.volume import Volume as CTVolume
from tests.remembered import Remembered, is_blank, put_back, remember

SHAPE = (26, 24, 18)
AFFINE = np.diag([1.5, 1.5, 2.0, 1.0])
ORGAN_RADIUS_MM = 14.0
ACTOR = "tests"
ORGAN_HU = {"liver": 105, "pancreas": 95, "kidney": 160}

P = ParamSpec("P")

_numbers = itertools.count(1)
_seeds = itertools.count(1)
_remembered: dict[str, tuple[Remembered, int]] = {}  # with the first seed that was not used


def restart_seeds() -> None:
    """Let scans begin with the first noise again, as each test does: what two tests both need is computed once."""
    global _seeds
    _seeds = itertools.count(1)


def make_dataset(name: str | None = None) -> Dataset:
    return Dataset.objects.create(name=name or f"data-{next(_numbers)}", layout="manifest")


def ball(shape: tuple[int, int, int], radius_mm: float, affine: np.ndarray = AFFINE) -> np.ndarray:
    """Return the voxels whose centres lie within a sphere round the middle of the volume."""
    spacing = np.diag(affine)[:3]
    distance_mm = [(np.arange(n) - (n - 1) / 2) * mm for n, mm in zip(shape, spacing, strict=True)]
    x, y, z = np.meshgrid(*distance_mm, indexing="ij", sparse=True)
    return np.asarray(x**2 + y**2 + z**2 <= radius_mm**2)


class _Phantom(NamedTuple):
    """An organ in fat, with what an import would find of it."""

    ct: CTVolume
    organ_mask: np.ndarray
    tumor_mask: np.ndarray | None
    content_sha256: str
    voxels_sha256: str
    largest_sphere_mm: float
    tumor: dict[str, Any]


@functools.lru_cache(maxsize=256)
def _phantom(
    seed: int, organ: str, tumor_mm: float | None, organ_radius_mm: float, shape: tuple[int, int, int]
) -> _Phantom:
    organ_mask = ball(shape, organ_radius_mm)
    hu = np.random.default_rng(seed).normal(-90, 10, shape)
    hu[organ_mask] += ORGAN_HU[organ] + 90
    tumor_mask, tumor = None, {}
    if tumor_mm is not None:
        tumor_mask = ball(shape, tumor_mm / 2)
        hu[tumor_mask] -= 45
    ct = CTVolume(hu.round().astype(np.int16), AFFINE)
    if tumor_mask is not None:
        tumor = tumor_fields(measure_lesions(ct.hu, tumor_mask, ct.spacing_mm))
    largest_mm = Host(ct, organ_mask, organ_named(organ)).largest_diameter_mm
    return _Phantom(ct, organ_mask, tumor_mask, *ct_hashes(ct), largest_mm, tumor)


def make_scan(
    dataset: Dataset,
    *,
    organ: str = "liver",
    origin: str = Origin.HEALTHY,
    patient: str | None = None,
    tumor_mm: float = 9.0,
    organ_radius_mm: float = ORGAN_RADIUS_MM,
    shape: tuple[int, int, int] = SHAPE,
    **fields: Any,
) -> OrganScan:
    """Store a CT of an organ in fat, with a tumour in its middle where the origin has one."""
    number = next(_numbers)
    phantom = _phantom(next(_seeds), organ, tumor_mm if origin != Origin.HEALTHY else None, organ_radius_mm, shape)
    ct = phantom.ct
    with storing() as shelf:
        volume = Volume(
            dataset=dataset,
            patient_key=patient or f"patient-{number:04}",
            file=write_volume(shelf, ct),
            content_sha256=phantom.content_sha256,
            voxels_sha256=phantom.voxels_sha256,
            shape=list(ct.shape),
            spacing_mm=list(ct.spacing_mm),
        )
        scan = OrganScan(
            volume=volume,
            row=number,
            organ=organ,
            origin=origin,
            generator="gan" if origin == Origin.SYNTHETIC else "",
            organ_mask=write_mask(shelf, phantom.organ_mask, AFFINE),
            largest_sphere_mm=phantom.largest_sphere_mm,
        )
        if phantom.tumor_mask is not None:
            scan.tumor_mask = write_mask(shelf, phantom.tumor_mask, AFFINE)
            scan.lesions = 1
            for name, value in phantom.tumor.items():
                setattr(scan, name, value)
        for name, value in fields.items():
            setattr(scan, name, value)
        for file in shelf.files:
            file.save()
        volume.save()
        scan.volume = volume
        scan.save()
    return scan


def make_patients(*, real: int, hosts: int, organ: str = "liver", dataset: Dataset | None = None) -> Dataset:
    dataset = dataset or make_dataset()
    for _ in range(real):
        make_scan(dataset, organ=organ, origin=Origin.REAL)
    for _ in range(hosts):
        make_scan(dataset, organ=organ)
    return dataset


def design_data(**changes: Any) -> dict[str, Any]:
    """Return what a small STUDY.toml holds: one organ, two real and two synthetic cases."""
    return {
        "slug": "small",
        "title": "A small study",
        "seed": 7,
        "organs": [organ_data()],
    } | changes


def organ_data(**changes: Any) -> dict[str, Any]:
    return {"name": "liver", "real": 2, "synthetic": {"hand-crafted": 2}, "diameter_mm": [5, 20]} | changes


def organ_task_data(**changes: Any) -> dict[str, Any]:
    """Return a small organ-recognition study: two real and two synthetic cases of the liver, and of the kidney."""
    organs = [organ_data(), organ_data(name="kidney")]
    return design_data(task="organ", organs=organs, crop={"side_mm": 24, "spacing_mm": 2}) | changes


def make_draft(**changes: Any) -> Study:
    return create_study(design=parse_design(design_data(**changes)), actor=ACTOR)


def build_cases(study: Study) -> None:
    """Do by hand what the workers do."""
    for run in SynthesisRun.objects.all():
        run_synthesis(run.pk)
    for pack in SlicePack.objects.filter(case__study=study):
        write_pack(pack.pk)


def make_open_study(**changes: Any) -> Study:
    study = make_draft(**changes)
    start_generation(study=study, actor=ACTOR)
    build_cases(study)
    open_audited(study)
    return study


def made_once(make: Callable[P, Study]) -> Callable[P, Study]:
    """Have what a function makes on a blank installation put back where the same was made before in this process."""

    @functools.wraps(make)
    def made(*args: P.args, **kwargs: P.kwargs) -> Study:
        global _seeds
        key = canonical_json([make.__module__, make.__name__, next(copy.copy(_seeds)), args, kwargs])
        if not is_blank():
            return make(*args, **kwargs)
        if key in _remembered:
            remembered, used = _remembered[key]
            put_back(remembered)
            _seeds = itertools.count(used)
            return Study.objects.get()
        study = make(*args, **kwargs)
        _remembered[key] = remember(), next(copy.copy(_seeds))
        return study

    return made


@made_once
def make_study_of_patients(*, real: int, hosts: int, **changes: Any) -> Study:
    make_patients(real=real, hosts=hosts)
    return make_open_study(**changes)


def open_audited(study: Study) -> None:
    """Audit the study, and open it whatever was found: these studies are small."""
    audit_now(study=study, actor=ACTOR)
    open_study(study=study, actor=ACTOR, acknowledgement="It is a test.")


def close(study: Study) -> Study:
    close_study(study=study, actor=ACTOR, reason="It is a test.")
    return study


def work_out(study: Study) -> Study:
    """Have a closed study's figures lie ready, as for whoever looks second."""
    results = study_results(study)
    assert results.findings
    assert results.drawings
    return study


def make_reader(study: Study, code: str = "R1") -> Reader:
    invite_reader(study=study, code=code, actor=ACTOR)
    return Reader.objects.select_related("study").get(study=study, code=code)


def invitation_path(study: Study, code: str = "R1") -> str:
    """Invite a reader and return the path of the link."""
    link = invite_reader(study=study, code=code, actor=ACTOR)
    return link[link.index("/invitation/") :]


def display_found(**changes: Any) -> dict[str, Any]:
    """Return what the display check posts of a screen on which every step is seen."""
    return {
        "dark_shown": "47",
        "dark_seen": "47",
        "bright_shown": "82",
        "bright_seen": "82",
        "screen_width": 1920,
        "screen_height": 1080,
        "pixel_ratio": 1.5,
        "colour_depth": 24,
    } | changes


def reader_client(study: Study, code: str = "R1", *, instructed: bool = True) -> Client:
    """Return a browser in which the reader has accepted the invitation, and is ready to read unless not instructed."""
    client = Client()
    client.post(invitation_path(study, code))
    if instructed:
        client.post(reverse("instructions"))
        client.post(reverse("display-check"), display_found())
    return client


def close_elsewhere(study: Study) -> None:
    """Close the study as another process would: to be called in a thread of its own."""
    try:
        close_study(study=Study.objects.get(pk=study.pk), actor=ACTOR, reason="It is a test.")
    finally:
        connection.close()
