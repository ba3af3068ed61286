"""Cases drawn as CTs, both arms alike but for a planted tell, and measured as the audit measures a study's cases.

A patient is an oval body of fat on a table, with a ball of an organ and a darker tumour in it. What scanners and
patients differ in varies from patient to patient in both arms; a tell shifts one of it in the synthetic arm.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from readerstudy.domain.leak_audit.case import ShownCase, measure_shown
from readerstudy.domain.slice_packs import HU_MAX, HU_MIN, decode_slice, write_pack
from synthesis.masks import equivalent_diameter_mm, volume_mm3

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

PIXELS = 56  # rows and columns
DATA_SETS = ("north", "south", "west")
SHIFT = 3.6  # standard deviations: AUC Φ(3.6/√2) = 0.995, so that of 30 against 30 hardly a draw lies below 0.95
RARELY = 0.01  # of either arm has what the other has, where a tell is no shift


@dataclass(frozen=True)
class Patient:
    """What a CT is drawn from; lengths in mm."""

    slices: int
    slice_mm: float
    pixel_mm: float
    noise_hu: float
    grain_pixels: float
    blur_mm: float
    offset_hu: float
    organ_hu: float
    organ_mm: float
    table_mm: float
    padding_hu: int
    step_hu: int
    tumor_mm: float
    tumor_down_mm: float
    lesions: int
    cue_in_tumor: bool
    compression: float
    data_set: str


def draw_patient(rng: np.random.Generator) -> Patient:
    return Patient(
        slices=int(np.clip(round(rng.normal(34, 2.5)), 24, None)),
        slice_mm=float(rng.choice([2.0, 2.5, 3.0])),
        pixel_mm=float(1.6 * np.exp(rng.normal(0, 0.05))),
        noise_hu=float(12 * np.exp(rng.normal(0, 0.15))),
        grain_pixels=float(np.clip(rng.normal(0.5, 0.06), 0, None)),
        blur_mm=float(1.2 * np.exp(rng.normal(0, 0.12))),
        offset_hu=float(rng.normal(0, 4)),
        organ_hu=float(rng.normal(110, 10)),
        organ_mm=float(rng.normal(40, 2.5)),
        table_mm=float(rng.normal(4, 0.7)),
        padding_hu=-1000,
        step_hu=1,
        tumor_mm=float(np.clip(rng.normal(12, 1.6), 8, None)),
        tumor_down_mm=float(rng.normal(0, 2.5)),
        lesions=1 + int(rng.random() < 0.3),
        cue_in_tumor=True,
        compression=1.0,
        data_set=str(rng.choice(DATA_SETS)),
    )


@dataclass(frozen=True)
class Tell:
    """One difference between the arms.

    Attributes
    ----------
    name : str
    features : tuple of str
        Of the audit: what should be named; the first is what was planted.
    synthetic : callable
        Changes a patient of the synthetic arm.
    real : callable
        Changes one of the real arm, for tells that are no shift.
    ordered : bool
        Whether the readers' orders are drawn with the real cases first.
    """

    name: str
    features: tuple[str, ...]
    synthetic: Callable[[Patient], Patient] = lambda patient: patient
    real: Callable[[Patient], Patient] = lambda patient: patient
    ordered: bool = False


def _more(**shifts: float) -> Callable[[Patient], Patient]:
    return lambda patient: replace(patient, **{name: getattr(patient, name) + by for name, by in shifts.items()})


def _times(**factors: float) -> Callable[[Patient], Patient]:
    return lambda patient: replace(patient, **{name: getattr(patient, name) * by for name, by in factors.items()})


def _set(**values: Any) -> Callable[[Patient], Patient]:
    return lambda patient: replace(patient, **values)


# Where a shift is multiplied, the measure varies by more than the property that is planted.
NO_TELL = Tell("none", ())
TELLS = [
    Tell("distance between slices", ("slice_mm",), synthetic=_times(slice_mm=0.5)),
    Tell("number of slices", ("slices",), synthetic=_more(slices=round(2.5 * SHIFT))),
    Tell("bytes (another compression)", ("bytes_per_voxel", "bytes"), synthetic=_times(compression=1.2)),
    Tell("slice shown first not the tumour's", ("cue_place", "cue_bytes"), synthetic=_set(cue_in_tumor=False)),
    Tell("place in the readers' orders", ("order",), ordered=True),
    Tell("noise", ("noise_hu", "organ_noise_hu"), synthetic=_times(noise_hu=float(np.exp(0.15 * 1.4 * SHIFT)))),
    Tell("HU offset", ("soft_hu",), synthetic=_more(offset_hu=4 * 2.8 * SHIFT)),
    Tell("contrast phase", ("organ_hu",), synthetic=_more(organ_hu=10 * 1.3 * SHIFT)),
    Tell("sharpness", ("sharpness",), synthetic=_times(blur_mm=float(np.exp(0.12 * 2.5 * SHIFT)))),
    Tell(
        "kernel (grain of the noise)",  # a smooth kernel against a sharp one: the measure flattens towards either end
        ("grain",),
        synthetic=_more(grain_pixels=0.06 * 2 * SHIFT),
        real=_more(grain_pixels=-0.06 * SHIFT),
    ),
    Tell("table", ("table",), synthetic=_more(table_mm=0.7 * 4 * SHIFT)),
    Tell("field of view", ("field_mm", "column_mm", "row_mm"), synthetic=_times(pixel_mm=float(np.exp(0.05 * SHIFT)))),
    Tell("padding", ("lowest_hu",), synthetic=_set(padding_hu=-1024)),
    Tell("rounding to even values", ("uneven_values",), synthetic=_set(step_hu=2)),
    Tell("source data set", ("data set east",), synthetic=_set(data_set="east")),
    Tell("tumour size", ("diameter_mm", "tumor_ml"), synthetic=_more(tumor_mm=1.6 * SHIFT)),
    Tell("place of the tumour", ("organ_down", "image_down"), synthetic=_more(tumor_down_mm=2.5 * 1.3 * SHIFT)),
    Tell("number of lesions", ("lesions",), synthetic=_set(lesions=1), real=_set(lesions=2)),
]


def draw_cases(tell: Tell, *, per_arm: int, seed: int) -> list[dict[str, Any]]:
    """Return a study's cases: of each, what it is and all that the audit measures of it.

    A seed gives the same patients whatever the tell.
    """
    streams = np.random.SeedSequence(seed).spawn(2 * per_arm)
    cases = []
    for number, stream in enumerate(streams):
        truth = "real" if number < per_arm else "synthetic"
        rng = np.random.default_rng(stream)
        patient = draw_patient(rng)
        change = tell.real if truth == "real" else tell.synthetic
        if rng.random() >= RARELY:
            patient = change(patient)
        cases.append({"case_id": f"{number:03}", "patient": f"{number:03}", "truth": truth, **measured(patient, rng)})
    orders = _orders([case["truth"] == "synthetic" for case in cases], seed, ordered=tell.ordered)
    return [case | {"order": order} for case, order in zip(cases, orders, strict=True)]


def _orders(synthetic: list[bool], seed: int, *, ordered: bool, readers: int = 3) -> list[float]:
    """Return each case's mean place over the readers; `ordered` puts the synthetic ones behind, nearly all."""
    rng = np.random.default_rng([seed, 1])
    wish = rng.random((readers, len(synthetic))) + ordered * 0.8 * np.array(synthetic)
    places = wish.argsort(axis=1).argsort(axis=1) + 1
    return [float(place) for place in places.mean(axis=0)]


def measured(patient: Patient, rng: np.random.Generator) -> dict[str, Any]:
    """Draw a patient's CT, write it as every case is written, and measure it."""
    hu, organ, tumor = draw_ct(patient, rng)
    spacing_mm = (patient.slice_mm, patient.pixel_mm, patient.pixel_mm)
    file = io.BytesIO()
    index = write_pack(hu, file)
    content = file.getvalue()
    area = tumor.sum(axis=(1, 2))
    shown = ShownCase(
        shape=index.shape,
        spacing_mm=spacing_mm,
        offsets=[round(patient.compression * offset) for offset in index.offsets],
        cue_slice=int(area.argmax()) if patient.cue_in_tumor else int(rng.integers(2)),
        read_slice=lambda number: decode_slice(
            content[index.offsets[number] : index.offsets[number + 1]], (PIXELS, PIXELS)
        ),
        tumor=tumor,
        organ=organ,
    )
    numbered, _ = ndimage.label(tumor)
    largest = numbered == 1 + np.bincount(numbered[tumor])[1:].argmax()
    return {
        "data_set": patient.data_set,
        **measure_shown(shown),
        "diameter_mm": equivalent_diameter_mm(largest, spacing_mm),  # an import measures it, at half contrast
        "tumor_ml": volume_mm3(tumor, spacing_mm) / 1000,
        "tilt_deg": 0.0,
    }


def draw_ct(patient: Patient, rng: np.random.Generator) -> tuple[npt.NDArray[np.int16], BoolArray, BoolArray]:
    """Return HU, organ and tumour, each of shape (slices, rows, columns)."""
    shape = (patient.slices, PIXELS, PIXELS)
    spacing = np.array([patient.slice_mm, patient.pixel_mm, patient.pixel_mm])
    at_mm = [(np.arange(n) - (n - 1) / 2) * step for n, step in zip(shape, spacing, strict=True)]
    z, y, x = np.meshgrid(*at_mm, indexing="ij", sparse=True)
    body = np.broadcast_to((x / 38) ** 2 + (y / 30) ** 2 <= 1, shape)
    table = np.broadcast_to((y >= 34) & (y <= 34 + patient.table_mm), shape)
    organ_at = rng.uniform(-1, 1, 3)
    organ = _ball(z, y, x, organ_at, patient.organ_mm)
    tumor = np.zeros(shape, dtype=bool)
    for lesion in range(patient.lesions):
        apart = np.array([0, 0, (-9, 9)[lesion]]) if patient.lesions > 1 else np.zeros(3)
        place = organ_at + apart + [patient.tumor_down_mm, *rng.uniform(-2, 2, 2)]
        tumor |= _ball(z, y, x, place, patient.tumor_mm / (1, 1.6)[lesion])
    hu = np.where(body, -90.0, -1000.0)
    hu[organ] = patient.organ_hu
    hu[tumor & organ] -= 50
    hu[table] = 150
    hu = ndimage.gaussian_filter(hu, patient.blur_mm / spacing)
    noise = ndimage.gaussian_filter(rng.normal(size=shape), (0, patient.grain_pixels, patient.grain_pixels))
    hu += patient.noise_hu / noise.std() * noise + patient.offset_hu
    hu = patient.step_hu * np.rint(hu / patient.step_hu)
    hu = np.clip(hu, HU_MIN, HU_MAX)
    hu[:, np.hypot(*np.meshgrid(at_mm[1], at_mm[2], indexing="ij")) > 28 * patient.pixel_mm] = patient.padding_hu
    hu = np.maximum(hu, patient.padding_hu)
    return hu.astype(np.int16), organ, tumor & organ


def _ball(z: FloatArray, y: FloatArray, x: FloatArray, center: FloatArray, diameter_mm: float) -> BoolArray:
    distance_2 = (z - center[0]) ** 2 + (y - center[1]) ** 2 + (x - center[2]) ** 2
    return np.asarray(distance_2 <= (diameter_mm / 2) ** 2)
