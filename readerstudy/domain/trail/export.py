"""The trail as rows: with keys alone, as it may leave the house, or with names and addresses, for staff."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pandas as pd

from readerstudy.analysis.exports.dictionary import AUDIT_LOG
from readerstudy.analysis.exports.tables import escaped
from readerstudy.models.actor import Actor
from readerstudy.models.audit_event import AuditEvent


def pseudonymous_row(event: AuditEvent) -> dict[str, Any]:
    """Return the columns of `dictionary.AUDIT_LOG`: all that the event's hash is of, and no name or address."""
    by_staff = event.actor.kind == Actor.Kind.STAFF
    return {
        "number": event.number,
        "at": event.at.isoformat(),
        "actor": event.actor_id if by_staff else str(event.actor),
        "actor_key": event.actor_id,
        "address_key": event.address_id or "",
        "action": event.action,
        "detail": json.dumps(event.detail, ensure_ascii=False, sort_keys=True),
        "sha256": event.sha256,
    }


def named_row(event: AuditEvent) -> dict[str, Any]:
    """Return the same with the study, the name and the address, where they are not erased."""
    return {
        "study": event.study_id,
        **pseudonymous_row(event),
        "actor": event.actor.name,
        "address": event.address.address if event.address else "",
    }


def trail_file(events: Iterable[AuditEvent], form: str) -> str:
    """Return events as a file for staff: `csv`, safe for spreadsheets, or `json`."""
    rows = [named_row(event) for event in events]
    if form == "json":
        return json.dumps([row | {"detail": json.loads(row["detail"])} for row in rows], indent=1, ensure_ascii=False)
    columns = ["study", *AUDIT_LOG, "address"]
    return escaped(pd.DataFrame(rows, columns=columns)).to_csv(index=False, lineterminator="\n")
