"""How far a study's readers are. Never how right they are, nor what they answer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, Count, ExpressionWrapper, F, Max, OuterRef, Q, Subquery, Sum
from django.utils import timezone

from readerstudy.domain.sittings import first_day
from readerstudy.models.display_check import DisplayCheck
from readerstudy.models.reader import Reader, ReaderContact
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.study import Study


@dataclass(frozen=True)
class SittingProgress:
    """The counted cases of one sitting, and the active time over them."""

    name: str
    done: int
    total: int
    active_ms: int
    last_reading_at: datetime | None

    @property
    def finished(self) -> bool:
        return self.done == self.total

    @property
    def active_minutes(self) -> int:
        return round(self.active_ms / 60_000)


@dataclass(frozen=True)
class ReaderProgress:
    """One reader's counts; `next_sitting_on` is the first day of the sitting that the reader is before, if any."""

    reader: Reader
    sittings: tuple[SittingProgress, ...]
    practice_done: int
    practice_total: int
    active_ms: int
    last_reading_at: datetime | None
    next_sitting_on: date | None
    display_passed: bool | None
    """Of the latest check of their display; None: none was made."""

    @property
    def done(self) -> int:
        return sum(sitting.done for sitting in self.sittings)

    @property
    def total(self) -> int:
        return sum(sitting.total for sitting in self.sittings)

    @property
    def finished(self) -> bool:
        return self.done == self.total and self.practice_done == self.practice_total

    @property
    def withdrawn(self) -> bool:
        return self.reader.withdrawn_at is not None

    @property
    def active_minutes(self) -> int:
        return round(self.active_ms / 60_000)

    @property
    def last_activity_at(self) -> datetime | None:
        """The last thing known of the reader: an answer, leaving the instructions, or accepting."""
        known = (self.last_reading_at, self.reader.instructed_at, self.reader.accepted_at)
        return max((moment for moment in known if moment), default=None)

    @property
    def is_due(self) -> bool:
        """Whether the reader has something to read now."""
        waits = self.next_sitting_on is not None and self.next_sitting_on > timezone.localdate()
        takes_part = self.reader.accepted_at is not None and not self.withdrawn
        return takes_part and not self.finished and not waits

    @property
    def idle_days(self) -> int:
        """Days on which something was due and nothing came, up to today."""
        if not self.is_due or self.last_activity_at is None:
            return 0
        since = max(filter(None, (timezone.localdate(self.last_activity_at), self.next_sitting_on)))
        return (timezone.localdate() - since).days

    @property
    def is_stalled(self) -> bool:
        return self.idle_days >= int(settings.STALLED_AFTER_DAYS)

    @property
    def email(self) -> str:
        contact: ReaderContact | None = getattr(self.reader, "contact", None)
        return contact.email if contact else ""


def reader_progress(study: Study) -> list[ReaderProgress]:
    """Return every reader's counts, with two queries however many there are. Cases that were left out do not count."""
    groups: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for group in _groups(study):
        groups[group["sequence__reader"]].append(group)
    readers = Reader.objects.filter(study=study).select_related("sequence", "contact")
    checked = readers.annotate(display_passed=_latest_display_check())
    washout = study.design["reading"].get("washout_days", 0)
    return [_progress(reader, groups[reader.pk], washout, display_passed=reader.display_passed) for reader in checked]


def unfinished_readers(study: Study) -> list[ReaderProgress]:
    """Return who has not read everything, those who withdrew among them."""
    return [reader for reader in reader_progress(study) if not reader.finished]


def _groups(study: Study) -> list[dict[str, Any]]:
    items = SequenceItem.objects.filter(sequence__reader__study=study, case__exclusion=None)
    groups = items.values("sequence__reader", "sitting", "case__practice").annotate(
        first=Max("position"),
        total=Count("pk", distinct=True),
        done=Count("pk", filter=Q(readings__isnull=False), distinct=True),
        active_ms=Sum("readings__active_ms"),
        last=Max("readings__received_at"),
    )
    return sorted(groups, key=lambda group: group["first"])


def _latest_display_check() -> Subquery:
    passed = Q(dark_seen=F("dark_shown"), bright_seen=F("bright_shown"))
    checks = DisplayCheck.objects.filter(reader=OuterRef("pk")).order_by("-at", "-id")
    return Subquery(checks.values(ok=ExpressionWrapper(passed, output_field=BooleanField()))[:1])


def _progress(
    reader: Reader, groups: list[dict[str, Any]], washout_days: int, *, display_passed: bool | None
) -> ReaderProgress:
    practice = [group for group in groups if group["case__practice"]]
    sittings = tuple(
        SittingProgress(group["sitting"], group["done"], group["total"], group["active_ms"] or 0, group["last"])
        for group in groups
        if not group["case__practice"]
    )
    last = max((group["last"] for group in groups if group["last"]), default=None)
    return ReaderProgress(
        reader=reader,
        sittings=sittings,
        practice_done=sum(group["done"] for group in practice),
        practice_total=sum(group["total"] for group in practice),
        active_ms=sum(group["active_ms"] or 0 for group in groups),
        last_reading_at=last,
        next_sitting_on=_next_sitting_on(reader, sittings, last, washout_days),
        display_passed=display_passed,
    )


def _next_sitting_on(
    reader: Reader, sittings: tuple[SittingProgress, ...], last: datetime | None, washout_days: int
) -> date | None:
    """Return when the sitting may begin that the reader is before; None where the present one is not done."""
    sequence = getattr(reader, "sequence", None)
    ahead = next((sitting for sitting in sittings if not sitting.finished), None)
    if sequence is None or ahead is None or last is None or not ahead.name.isdecimal():
        return None
    return first_day(last, washout_days) if int(ahead.name) > sequence.sitting_begun else None
