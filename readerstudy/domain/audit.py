"""The audit trail: one line for everything that changes a study, or what studies are made of."""

import json
from typing import Any

from django.db import transaction
from django.utils import timezone

from readerstudy.domain.actors import COMMAND_LINE, Who, actor_of, address_of
from readerstudy.domain.canonical import canonical_json
from readerstudy.domain.trail.chain import chained_sha256, events_of, lock_chains
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.study import Study

__all__ = ["COMMAND_LINE", "record"]


def record(*, actor: Who, action: str, study: Study | None = None, **detail: Any) -> AuditEvent:
    """Add an event to its study's chain. Write no names into `detail`: it is kept for good."""
    chain = study.slug if study else ""
    with transaction.atomic():
        lock_chains()
        who = actor_of(actor)
        before = events_of(chain).last()
        event = AuditEvent(
            at=timezone.now(),
            study_id=chain,
            number=before.number + 1 if before else 1,
            actor=who,
            address=address_of(who),
            action=action,
            detail=json.loads(canonical_json(detail)),  # as it will be read again, which the hash is of
        )
        event.sha256 = chained_sha256(event, before.sha256 if before else "")
        event.save()
    return event
