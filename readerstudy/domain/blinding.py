"""What a reader's browser may know. The one place that turns rows into what is sent; an allow-list."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.urls import reverse

from readerstudy.domain.organ_task import is_organ_task
from readerstudy.domain.slice_packs import direction_letters
from readerstudy.models.case import SlicePack
from readerstudy.models.sequence import SequenceItem


@dataclass(frozen=True)
class CasePayload:
    """One case as the viewer gets it: geometry, question and addresses under a token of this reader's own."""

    token: str
    organ: str
    question: str
    shape: list[int]
    spacing_mm: list[float]
    towards: list[str]
    cue_slice: int | None
    cue_marker: list[int] | None
    rates_realism: bool
    slice_url: str
    answer_url: str
    problem_url: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def first_slice_url(case: dict[str, Any]) -> str:
    """Return where the slice is that the viewer opens a case at (startingPoint in viewer/loading_case.js)."""
    number = case["shape"][0] // 2 if case["cue_slice"] is None else case["cue_slice"]
    return str(case["slice_url"]).replace("{n}", str(number))


WHICH_ORGAN = "In which organ is this tumour?"


def question(organ: str, *, cue: str, host_only: bool = False) -> str:
    if host_only:
        return f"A gray disc hides the tumour in this {organ}. Is it real or synthetic?"
    if cue == "none":
        return f"Is there a tumour in this {organ}, and is it real or synthetic?"
    return f"Is the tumour in this {organ} real or synthetic?"


def how_shown(design: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `case_payload` takes of a stored design."""
    return {"cue": design["reading"]["lesion_cue"], "asks_organ": is_organ_task(design)}


def case_payload(item: SequenceItem, *, cue: str, asks_organ: bool = False) -> CasePayload:
    """Return what is sent of a case; `cue` is the study's `lesion_cue`, the same in both arms.

    Where the organ is what readers are asked for, it is left out, and the viewer opens every case with one window.
    """
    case = item.case
    slice_zero = reverse("slice", args=[item.token, 0])
    return CasePayload(
        token=item.token,
        organ="" if asks_organ else case.organ,
        question=WHICH_ORGAN if asks_organ else question(case.organ, cue=cue, host_only=case.host_only),
        shape=case.pack.shape,
        spacing_mm=_spacing_mm(case.pack),
        towards=direction_letters(case.pack.affine),
        cue_slice=None if cue == "none" else case.pack.cue_slice,
        cue_marker=case.pack.cue_point if cue == "marker" else None,
        rates_realism=not case.host_only,
        slice_url=slice_zero.removesuffix("0") + "{n}",
        answer_url=reverse("answer", args=[item.token]),
        problem_url=reverse("problem", args=[item.token]),
    )


@dataclass(frozen=True)
class GalleryPayload:
    """One case as the viewer shows it to staff who look for bad cases: as blinded as a reader's."""

    token: str
    organ: str
    shape: list[int]
    spacing_mm: list[float]
    towards: list[str]
    cue_slice: int | None
    cue_marker: list[int] | None
    slice_url: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def gallery_payload(pack: SlicePack, *, token: str, slice_url: str) -> GalleryPayload:
    return GalleryPayload(
        token=token,
        organ=pack.case.organ,
        shape=pack.shape,
        spacing_mm=_spacing_mm(pack),
        towards=direction_letters(pack.affine),
        cue_slice=pack.cue_slice,
        cue_marker=pack.cue_point,
        slice_url=slice_url,
    )


def _spacing_mm(pack: SlicePack) -> list[float]:
    return [round(mm, 3) for mm in pack.spacing_mm]  # all digits would find a public data set
