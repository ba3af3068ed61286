"""One case of a closed study, as staff look back at it: its images, what it was, and what each reader answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from readerstudy.domain.errors import DomainError
from readerstudy.domain.organ_task import is_organ_task
from readerstudy.domain.slice_packs import direction_letters
from readerstudy.domain.store import get_store
from readerstudy.domain.unblinding import require_closed
from readerstudy.models.case import Case, SlicePack
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.job import Job
from readerstudy.models.reading import Reading
from readerstudy.models.study import Study
from readerstudy.models.vocabulary import Label


@dataclass(frozen=True)
class Answer:
    """A reader's last answer about the case."""

    reader: str
    label: str
    is_repeat: bool
    wrong: bool


@dataclass(frozen=True)
class ReviewedCase:
    case: Case
    truth: str
    generator: str
    stand_in: bool
    answers: list[Answer]


def reviewed_case(study: Study, code: str) -> ReviewedCase:
    """Return what is known of a case.

    Raises
    ------
    DomainError
        While readers may still read.
    Case.DoesNotExist
        If the study has no such case.
    """
    require_closed(study)
    case = study.cases.get(code=code)
    truth = GroundTruth.objects.get(case=case)
    right = case.organ if is_organ_task(study.design) else truth.truth
    return ReviewedCase(case, truth.truth, truth.generator, truth.stand_in, _answers(case, right))


def codes_with_images(study: Study) -> set[str]:
    """Return the codes of the cases that can be looked at: those of a study read elsewhere can't."""
    return set(_packs(study).values_list("case__code", flat=True))


def read_pack_slice(study: Study, code: str, number: int) -> bytes:
    """Return one gzip member of a case of a closed study.

    Raises
    ------
    DomainError
        While readers may still read, or where there is no such slice.
    """
    pack = _pack(study, code)
    if not 0 <= number < pack.shape[0]:
        raise DomainError("There is no such slice.")
    return get_store().read_range(pack.ready_file, *pack.offsets[number : number + 2])


def viewer_item(study: Study, code: str) -> dict[str, Any]:
    """Return what the viewer needs of a case of a closed study, but for the addresses.

    Raises
    ------
    DomainError
        While readers may still read, or where the case has no images.
    """
    pack = _pack(study, code)
    return {
        "token": f"case-{pack.case.code}",
        "organ": pack.case.organ,
        "shape": pack.shape,
        "spacing_mm": pack.spacing_mm,
        "towards": direction_letters(pack.affine),
        "cue_slice": pack.cue_slice,
    }


def _pack(study: Study, code: str) -> SlicePack:
    require_closed(study)
    pack = _packs(study).filter(case__code=code).select_related("case", "file").first()
    if pack is None:
        raise DomainError("This case has no images here.")
    return pack


def _packs(study: Study) -> QuerySet[SlicePack]:
    return SlicePack.objects.filter(case__study=study, state=Job.State.SUCCEEDED)


def _answers(case: Case, right: str) -> list[Answer]:
    readings = Reading.objects.filter(item__case=case, item__sequence__superseded_at=None).select_related(
        "item__sequence__reader"
    )
    last = {reading.item_id: reading for reading in readings.order_by("item__sequence__reader__code", "revision")}
    return [
        Answer(
            reader=reading.item.sequence.holder.code,
            label=reading.label,
            is_repeat=reading.item.repeat_index > 0,
            wrong=reading.label not in (right, Label.UNSURE, Label.NOT_SEEN),
        )
        for reading in last.values()
    ]
