"""A reader's answers: checked as they come over the wire, and each stored exactly once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from readerstudy.domain.answer_scale import answer_scale, asked_of
from readerstudy.domain.errors import DomainError, UnknownCaseError
from readerstudy.domain.locks import lock_reader
from readerstudy.domain.practice_feedback import feedback_on
from readerstudy.domain.reading_room import open_next, require_open, shown_item, state_after
from readerstudy.domain.realism import parse_attributes
from readerstudy.domain.sittings import can_change
from readerstudy.domain.wire import parse_object, parse_submission, parse_text
from readerstudy.models.case import SlicePack
from readerstudy.models.reader import Reader
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.vocabulary import Label

MAX_MS = 2**31 - 1
MAX_INDEX = 100_000
LONGEST_COMMENT = 2000
MARK_DECIMALS = 2  # of a millimetre

Voxel = tuple[float, float, float]
"""Fractional [slice, row, column]; whole numbers are voxels' centres."""


class AlreadyAnsweredError(DomainError):
    """The case has its answer; the next one was shown since."""


@dataclass(frozen=True)
class Answer:
    """What a reader's browser sends."""

    submission: uuid.UUID
    label: Label
    active_ms: int
    viewer_version: str
    rating: int | None = None
    comment: str = ""
    mark: Voxel | None = None
    attributes: dict[str, int] = field(default_factory=dict)
    revises: int | None = None
    """The revision that the reader saw and changes; None for a first answer."""


def parse_answer(data: object, *, asked: Mapping[str, Any]) -> Answer:
    """Check an answer as it came over the wire; `asked` is what `answer_scale.asked_of` a design."""
    given = parse_object(data, what="An answer")
    submission = parse_submission(given, what="An answer")
    label, rating = answer_scale(asked).rate(
        label=given.get("label"), rating=given.get("rating"), confidence=given.get("confidence")
    )
    return Answer(
        submission=submission,
        label=label,
        rating=rating,
        comment=_parse_comment(given, asked),
        mark=_parse_mark(given, asked),
        attributes=parse_attributes(given, asked, label),
        revises=_parse_revises(given),
        active_ms=_parse_active_ms(given),
        viewer_version=_parse_viewer_version(given),
    )


def asked_about(reader: Reader, token: str) -> Mapping[str, Any]:
    """Return what `parse_answer` takes of a case as asked: how real a hidden tumour looks is not asked."""
    asked = asked_of(reader.study.design)
    hidden = SequenceItem.objects.filter(sequence__reader=reader, token=token, case__host_only=True)
    if asked.get("host_only") and hidden.exists():
        return {**asked, "attributes": []}
    return asked


def _parse_revises(given: Mapping[str, Any]) -> int | None:
    revises = given.get("revises")
    if revises is not None and (type(revises) is not int or not 1 <= revises <= MAX_INDEX):
        raise DomainError("revises must be the number of a revision.")
    return revises


def _parse_comment(given: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    comment = parse_text(given, "comment", longest=LONGEST_COMMENT)
    if comment and not asked["comments"]:
        raise DomainError("This study takes no comments.")
    return comment


def _parse_mark(given: Mapping[str, Any], asked: Mapping[str, Any]) -> Voxel | None:
    mark = given.get("mark")
    if mark is None:
        return None
    if not asked["rationale_mark"]:
        raise DomainError("This study takes no marks.")
    axes = ("slice", "row", "column")
    if not isinstance(mark, dict) or not all(_is_index(mark.get(axis)) for axis in axes):
        raise DomainError("mark must give slice, row and column, three numbers.")
    row_of = tuple(float(mark[axis]) for axis in axes)
    return row_of[0], row_of[1], row_of[2]


def _is_index(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -1 <= value <= MAX_INDEX


def _parse_active_ms(given: Mapping[str, Any]) -> int:
    active_ms = given.get("active_ms")
    if not isinstance(active_ms, int) or isinstance(active_ms, bool) or not 0 <= active_ms <= MAX_MS:
        raise DomainError("active_ms must be a whole number of milliseconds.")
    return active_ms


def _parse_viewer_version(given: Mapping[str, Any]) -> str:
    viewer_version = given.get("viewer_version", "")
    if not isinstance(viewer_version, str) or not viewer_version.isprintable() or len(viewer_version) > 40:
        raise DomainError("viewer_version must be up to 40 printable letters.")
    return viewer_version


def record_reading(*, reader: Reader, token: str, answer: Answer) -> Reading:
    """Store an answer exactly once: a resent submission returns the reading it made.

    Raises
    ------
    UnknownCaseError
        If the token is no case of this reader's, or of one not shown yet.
    AlreadyAnsweredError
        If the case has its answer from another submission, which this one did not see or can't change.
    NotOpenError
        If the study is not open (any more).
    DomainError
        If the submission is that of another case, or the mark lies beside the image.
    """
    with transaction.atomic():
        return _record(lock_reader(reader), token, answer)


def save_answer(*, reader: Reader, token: str, answer: Answer) -> dict[str, Any]:
    """Store an answer, and return where the reader goes from here.

    The next case is opened in the transaction that stores the answer: the disk is waited for once. What the
    reader is told is put together after it.
    """
    with transaction.atomic():
        reader = lock_reader(reader)
        reading = _record(reader, token, answer)
        shown = open_next(reader=reader)
    told = feedback_on(reading)
    return {"state": state_after(reader=reader, shown=shown)} | ({"feedback": told} if told else {})


def _record(reader: Reader, token: str, answer: Answer) -> Reading:
    item = shown_item(reader, token)
    same = Q(submission=answer.submission)
    found = list(Reading.objects.filter(same if item is None else same | Q(item=item)))
    resent = next((one for one in found if one.submission == answer.submission), None)
    if resent is not None:
        return _resent(resent, reader, token)
    require_open(reader)
    if item is None:
        raise UnknownCaseError("There is no such case.")
    revision = _next_revision(reader, item, len(found), answer.revises)
    return Reading.objects.create(
        item=item,
        revision=revision,
        label=answer.label,
        rating=answer.rating,
        comment=answer.comment,
        mark_mm=_patient_mm(item.case.pack, answer.mark) if answer.mark else None,
        attributes=answer.attributes,
        submission=answer.submission,
        active_ms=answer.active_ms,
        elapsed_ms=_elapsed_ms(item) if revision == 1 else None,
        viewer_version=answer.viewer_version,
    )


def _next_revision(reader: Reader, item: SequenceItem, stored: int, revises: int | None) -> int:
    if stored and not can_change(reader, item):
        raise AlreadyAnsweredError("This case was answered already; that answer stands.")
    if stored != (revises or 0):
        raise AlreadyAnsweredError("This case was answered in another window; the last answer stands.")
    return stored + 1


def _resent(stored: Reading, reader: Reader, token: str) -> Reading:
    if stored.item.sequence.reader_id != reader.pk or stored.item.token != token:
        raise DomainError("This submission was used for another case; reload the page.")
    return stored


def _patient_mm(pack: SlicePack, mark: Voxel) -> list[float]:
    """Return where a mark lies: [x, y, z] in the RAS+ millimetres of the case's CT.

    Raises
    ------
    DomainError
        If it lies beside the image, whose edges are half a voxel out from the centres of its outermost voxels.
    """
    if not all(-0.5 <= index <= count - 0.5 for index, count in zip(mark, pack.shape, strict=True)):
        raise DomainError("The mark lies beside the image.")
    xyz = (np.asarray(pack.affine, dtype=np.float64) @ [*mark, 1.0])[:3]
    return [round(float(mm), MARK_DECIMALS) for mm in xyz]


def _elapsed_ms(item: SequenceItem) -> int:
    assert item.opened_at is not None  # noqa: S101  the caller filtered
    return min(MAX_MS, int((timezone.now() - item.opened_at).total_seconds() * 1000))
