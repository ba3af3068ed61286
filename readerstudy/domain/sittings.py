"""Sittings: which have begun, when the next one may, and beginning it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.utils import timezone

from readerstudy.domain import audit
from readerstudy.domain.errors import DomainError
from readerstudy.domain.locks import lock_reader
from readerstudy.models.reader import Reader
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import Sequence, SequenceItem

UNTIL_SITTING_ENDS = "until-sitting-ends"


class TooEarlyError(DomainError):
    """The days between two sittings have not passed."""


@dataclass(frozen=True)
class Break:
    """A reader between two sittings: the one to come, and the first day on which it may begin."""

    sitting: int
    sittings: int
    washout_days: int
    from_day: date

    @property
    def is_over(self) -> bool:
        return timezone.localdate() >= self.from_day


def items_of(reader: Reader) -> QuerySet[SequenceItem]:
    """Return the reader's order, without the cases that were left out while readers read."""
    return SequenceItem.objects.filter(sequence__reader=reader, case__exclusion=None).order_by("position")


def has_begun(item: SequenceItem) -> bool:
    """Return whether the reader has begun the sitting of an item of theirs."""
    return int(item.sitting) <= item.sequence.sitting_begun


def current_break(*, reader: Reader) -> Break | None:
    """Return the break that the reader is in; None where there is a case to read now, or none at all any more."""
    item = items_of(reader).filter(readings=None).select_related("sequence").first()
    if item is None or has_begun(item) or awaits_end(reader):
        return None
    design = reader.study.design["reading"]
    return Break(
        sitting=int(item.sitting),
        sittings=design["sittings"],
        washout_days=design["washout_days"],
        from_day=first_day(_last_answer(reader), design["washout_days"]),
    )


def can_change(reader: Reader, item: SequenceItem) -> bool:
    """Return whether a stored answer may be changed: of a case that counts, in a sitting that was not ended."""
    if reader.study.design["reading"]["change_answers"] != UNTIL_SITTING_ENDS or item.case.practice:
        return False
    return int(item.sitting) == item.sequence.sitting_begun > item.sequence.sitting_ended


def awaits_end(reader: Reader) -> bool:
    """Return whether every case of the sitting is answered, and only its end is left to confirm."""
    if reader.study.design["reading"]["change_answers"] != UNTIL_SITTING_ENDS:
        return False
    sequence = Sequence.objects.get(reader=reader)
    unanswered = items_of(reader).filter(readings=None).select_related("sequence").first()
    return sequence.sitting_ended < sequence.sitting_begun and (unanswered is None or not has_begun(unanswered))


def end_sitting(*, reader: Reader) -> None:
    """End a sitting whose cases are all answered, so that none of them is changed any more; else do nothing."""
    with transaction.atomic():
        lock_reader(reader)  # as `record_reading`: no answer comes between
        if awaits_end(reader):
            Sequence.objects.filter(reader=reader).update(sitting_ended=F("sitting_begun"))
            audit.record(actor=reader, action="end sitting", study=reader.study)


def begin_sitting(*, reader: Reader) -> None:
    """Begin the next sitting, if the reader is before one; once begun, this does nothing.

    Raises
    ------
    TooEarlyError
        If the days between sittings have not passed.
    """
    pause = current_break(reader=reader)
    if pause is None:
        return
    if not pause.is_over:
        raise TooEarlyError(f"Sitting {pause.sitting} can begin on {pause.from_day:%-d %B %Y}, not before.")
    before = Sequence.objects.filter(reader=reader, sitting_begun=pause.sitting - 1)
    with transaction.atomic():
        if before.update(sitting_begun=pause.sitting):
            audit.record(actor=reader, action="begin sitting", study=reader.study, sitting=pause.sitting)


def first_day(last_answer: datetime, washout_days: int) -> date:
    """Return the first day of the next sitting, in the time zone of the pages."""
    return timezone.localdate(last_answer) + timedelta(days=washout_days)


def _last_answer(reader: Reader) -> datetime:
    """Return when the reader's last answer came; now, where a sitting is over in which all cases were left out."""
    readings = Reading.objects.filter(item__sequence__reader=reader)
    last: datetime | None = readings.aggregate(Max("received_at"))["received_at__max"]
    return last or timezone.now()
