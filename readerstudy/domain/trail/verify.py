"""Whether records are what was written: chains, what protocols and trails fix, closed studies' readings, the guard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from django.db import connection

from readerstudy.domain.canonical import canonical_sha256
from readerstudy.domain.protocol import changed_records
from readerstudy.domain.readings_hash import readings_in_brief
from readerstudy.domain.trail.chain import ChainReport, events_of, verify_chain
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.protocol import Protocol
from readerstudy.models.record_guard import missing_guards
from readerstudy.models.study import Study

ROWS_AT_ONCE = 2_000


def chains() -> list[str]:
    """Return the studies that have a trail, deleted ones too; empty for the installation's own."""
    return sorted({str(slug) for slug in AuditEvent.objects.order_by().values_list("study_id", flat=True)})


def verify_events(slug: str) -> ChainReport:
    """Compute a chain's hashes again."""
    return verify_chain(events_of(slug).iterator(ROWS_AT_ONCE))


def verify_records(slug: str) -> ChainReport:
    """Compute a chain's hashes again, and those of protocol, cases, orders and readings that its events name."""
    report = verify_events(slug)
    study = Study.objects.filter(slug=slug).first()
    more = [*_protocol_faults(study), *_reading_faults(study)] if study else []
    return replace(report, problems=[*report.problems, *more])


def unguarded_tables() -> list[str]:
    """Name the tables of records that the database would let be changed."""
    return missing_guards(connection)


def _protocol_faults(study: Study) -> Iterator[str]:
    opened = study.audit_events.filter(action="open study").order_by("number").last()
    protocol = Protocol.objects.filter(study=study).first()
    if protocol is None:
        return
    sha256 = canonical_sha256(protocol.document)
    if not sha256 == protocol.sha256 == (opened.detail.get("protocol_sha256") if opened else None):
        yield "The frozen protocol is not the one that the trail names on opening."
    else:
        yield from changed_records(protocol)


def _reading_faults(study: Study) -> Iterator[str]:
    closed = study.audit_events.filter(detail__has_key="readings_sha256").order_by("number").last()
    if study.state == Study.State.CLOSED and closed:
        told = {name: closed.detail[name] for name in ("readings", "readings_sha256")}
        if told != readings_in_brief(study):
            yield f"The readings are not those that the trail names ({closed.action}: {told['readings']} readings)."
