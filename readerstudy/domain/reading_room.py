"""A reader at work: where they are, what they may see, and how an answer is recorded."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from readerstudy.domain.blinding import case_payload
from readerstudy.domain.errors import DomainError
from readerstudy.domain.store import get_store
from readerstudy.models.reader import Reader
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.study import Study
from readerstudy.models.vocabulary import Label

MAX_MS = 2**31 - 1
MINUTES_PER_CASE = 1.0  # what to plan for, said in the instructions
STAND_IN_NOTICE = "Demonstration: the “real” tumours of this study are stand-ins, not patients' tumours."


class NotOpenError(DomainError):
    """The study is not open for reading."""


class UnknownCaseError(DomainError):
    """No case by that token for this reader, now."""


class AlreadyAnsweredError(DomainError):
    """The case has its answer; the next one was shown since."""


@dataclass(frozen=True)
class Answer:
    """What a reader's browser sends."""

    submission: uuid.UUID
    label: Label
    active_ms: int
    viewer_version: str


def parse_answer(data: object) -> Answer:
    """Check an answer as it came over the wire."""
    if not isinstance(data, dict):
        raise DomainError("An answer must be a JSON object.")
    try:
        submission = uuid.UUID(str(data.get("submission")))
    except ValueError:
        raise DomainError("An answer needs its submission, a UUID.") from None
    if data.get("label") not in Label.values:
        raise DomainError(f"label must be one of {', '.join(Label.values)}.")
    active_ms = data.get("active_ms")
    if not isinstance(active_ms, int) or isinstance(active_ms, bool) or not 0 <= active_ms <= MAX_MS:
        raise DomainError("active_ms must be a whole number of milliseconds.")
    viewer_version = data.get("viewer_version", "")
    if not isinstance(viewer_version, str) or not viewer_version.isprintable() or len(viewer_version) > 40:
        raise DomainError("viewer_version must be up to 40 printable letters.")
    return Answer(submission, Label(data["label"]), active_ms, viewer_version)


def begin_reading(*, reader: Reader) -> None:
    """Note that the reader has left the instructions."""
    Reader.objects.filter(pk=reader.pk, instructed_at=None).update(instructed_at=timezone.now())


def current_state(*, reader: Reader) -> dict[str, Any]:
    """Return what the reading page shows: this case, the next one to fetch ahead, and the progress."""
    _require_open(reader)
    items = _items(reader)
    open_items = _shown(reader)
    if not open_items:
        return {"done": True, "progress": _progress(items, None)}
    current = open_items[0]
    SequenceItem.objects.filter(pk=current.pk, opened_at=None).update(opened_at=timezone.now())
    return {
        "done": False,
        "case": case_payload(current).to_json(),
        "next": case_payload(open_items[1]).to_json() if len(open_items) > 1 else None,
        "progress": _progress(items, current),
    }


@dataclass(frozen=True)
class CaseSlices:
    """Where the slices lie of a case that a reader may see now."""

    file: StoredFile
    offsets: Sequence[int]

    def read(self, number: int) -> bytes:
        """Return one gzip member."""
        if not 0 <= number < len(self.offsets) - 1:
            raise UnknownCaseError("There is no such slice.")
        return get_store().read_range(self.file, *self.offsets[number : number + 2])


def find_slices(*, reader: Reader, token: str) -> CaseSlices:
    """Return the slices of a case that the reader is at, or will be at next."""
    _require_open(reader)
    item = next((item for item in _shown(reader) if item.token == token), None)
    if item is None:
        raise UnknownCaseError("There is no such slice.")
    return CaseSlices(item.case.pack.ready_file, item.case.pack.offsets)


def record_reading(*, reader: Reader, token: str, answer: Answer) -> Reading:
    """Store an answer exactly once: a resent submission returns the reading it made.

    Raises
    ------
    UnknownCaseError
        If the token is no case of this reader's, or of one not shown yet.
    AlreadyAnsweredError
        If the case has its answer from another submission.
    NotOpenError
        If the study is not open (any more).
    DomainError
        If the submission is that of another case.
    """
    with transaction.atomic():
        # One answer of a study at a time, and none after it was closed: closing waits for this lock.
        reader = Reader.objects.select_for_update(of=("study",)).select_related("study").get(pk=reader.pk)
        stored = Reading.objects.filter(submission=answer.submission).first()
        if stored is not None:
            return _resent(stored, reader, token)
        _require_open(reader)
        item = _items(reader).filter(token=token, opened_at__isnull=False).first()
        if item is None:
            raise UnknownCaseError("There is no such case.")
        if Reading.objects.filter(item=item).exists():
            raise AlreadyAnsweredError("This case was answered already; that answer stands.")
        reading = Reading(
            item=item,
            label=answer.label,
            submission=answer.submission,
            active_ms=answer.active_ms,
            elapsed_ms=_elapsed_ms(item),
            viewer_version=answer.viewer_version,
        )
        reading.save()
        return reading


def _resent(stored: Reading, reader: Reader, token: str) -> Reading:
    if stored.item.sequence.reader_id != reader.pk or stored.item.token != token:
        raise DomainError("This submission was used for another case; reload the page.")
    return stored


def _items(reader: Reader) -> QuerySet[SequenceItem]:
    return SequenceItem.objects.filter(sequence__reader=reader).order_by("position")


def _shown(reader: Reader) -> list[SequenceItem]:
    """Return the case that the reader is at, and the one to fetch ahead."""
    unanswered = _items(reader).exclude(Exists(Reading.objects.filter(item=OuterRef("pk"))))
    return list(unanswered.select_related("case__pack__file")[:2])


def _progress(items: QuerySet[SequenceItem], current: SequenceItem | None) -> dict[str, Any]:
    """Count within practice, or within the cases that count: "7/24" never tells more than the place."""
    practice = current is not None and current.case.practice
    counted = items.filter(case__practice=practice)
    position = counted.filter(position__lte=current.position).count() if current else counted.count()
    return {"position": position, "total": counted.count(), "practice": practice}


def _elapsed_ms(item: SequenceItem) -> int:
    assert item.opened_at is not None  # noqa: S101  the caller filtered
    return min(MAX_MS, int((timezone.now() - item.opened_at).total_seconds() * 1000))


def _require_open(reader: Reader) -> None:
    state = reader.study.state
    if state == Study.State.CLOSED:
        raise NotOpenError("This study is closed. Thank you for your time.")
    if state != Study.State.OPEN:
        raise NotOpenError("This study is not open for reading.")


def outline(*, reader: Reader) -> dict[str, Any]:
    """Return what the pages around the viewer say: the study's title, what lies ahead, what readers are told."""
    items = _items(reader)
    practice = items.filter(case__practice=True).count()
    total = items.count() - practice
    return {
        "study_title": reader.study.title,
        "reader_code": reader.code,
        "told_prevalence": reader.study.design["reading"]["told_prevalence"],
        "n_cases": total,
        "n_practice": practice,
        "expected_minutes": max(5, 5 * round(total * MINUTES_PER_CASE / 5)),
        "begun": reader.instructed_at is not None,
        "stand_in_notice": STAND_IN_NOTICE if reader.study.design["stand_ins_allowed"] else "",
    }
