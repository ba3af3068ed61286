"""The chain of hashes that shows whether a trail is whole.

An event's SHA-256 is that of a JSON list, written as `canonical` writes it: format, study, number, time (UTC), actor's
key, address's key, action, detail, and the hash of the event before it (empty for the first). What was changed or
taken out within a chain breaks it; events cut off its end do not, so note the last hash elsewhere (exports do).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC

from django.db import connection
from django.db.models import QuerySet

from readerstudy.domain.canonical import canonical_sha256
from readerstudy.models.audit_event import AuditEvent

FORMAT = 1
LOCK = 0x7261696C  # an advisory lock's number on PostgreSQL; any that nothing else in this database uses


@dataclass(frozen=True)
class ChainReport:
    """How many events a chain has, its last hash, and what is wrong, a sentence each."""

    events: int
    last_sha256: str
    problems: list[str]


def events_of(slug: str) -> QuerySet[AuditEvent]:
    """Return the chain of a study by its slug, which the study need not have outlived; the installation's is empty."""
    return AuditEvent.objects.filter(study_id=slug).order_by("number")


def lock_chains() -> None:
    """Let one transaction at a time add events; SQLite's transactions write one at a time anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def chained_sha256(event: AuditEvent, before: str) -> str:
    content = [
        FORMAT,
        event.study_id,
        event.number,
        event.at.astimezone(UTC).isoformat(),
        event.actor_id,
        event.address_id or "",
        event.action,
        event.detail,
        before,
    ]
    return canonical_sha256(content)


def verify_chain(events: Iterable[AuditEvent]) -> ChainReport:
    """Compute the hashes of one chain again; `events` come in the order of their numbers."""
    problems: list[str] = []
    count, number, before = 0, 0, ""
    for event in events:
        count += 1
        problems += _faults(event, number, before)
        number, before = event.number, event.sha256
    return ChainReport(count, before, problems)


def _faults(event: AuditEvent, number: int, before: str) -> Iterator[str]:
    if event.number != number + 1:
        yield f"Between event {number} and event {event.number}, {event.number - number - 1} are missing."
    elif chained_sha256(event, before) != event.sha256:
        yield f"Event {event.number} ({event.action}) or the one before it is not what was recorded."
