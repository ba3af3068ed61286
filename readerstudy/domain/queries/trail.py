"""The audit trail as staff read it: filtered, the latest first, with the names and addresses that are not erased."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import QuerySet

from readerstudy.models.actor import Actor
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.study import Study

KEY = re.compile(r"(staff|reader|program) [0-9a-f]{12}$")


@dataclass(frozen=True)
class Wanted:
    """What is asked of a trail; empty: everything. Days are those of the pages' time zone, the last included."""

    actor: str = ""
    action: str = ""
    since: date | None = None
    until: date | None = None


def trail(study: Study | None, wanted: Wanted = Wanted()) -> QuerySet[AuditEvent]:
    """Return the events of a study, or those of all studies and of the installation."""
    events = _scope(study).select_related("actor", "address").order_by("-at", "-pk")
    if wanted.actor:
        events = events.filter(actor=wanted.actor)
    if wanted.action:
        events = events.filter(action=wanted.action)
    if wanted.since:
        events = events.filter(at__date__gte=wanted.since)
    if wanted.until:
        events = events.filter(at__date__lte=wanted.until)
    return events


def told(events: Iterable[AuditEvent]) -> list[AuditEvent]:
    """Return the events with `said`, their detail as people read it: keys of people become names."""
    found = list(events)
    keys = {value for event in found for value in event.detail.values() if isinstance(value, str) and KEY.match(value)}
    names = {actor.key: str(actor) for actor in Actor.objects.filter(key__in=keys)}
    for event in found:
        event.said = {  # type: ignore[attr-defined]
            name: names.get(value, value) if isinstance(value, str) else value for name, value in event.detail.items()
        }
    return found


def actors_in(study: Study | None) -> Iterable[Actor]:
    """Return who has a part in a trail."""
    return Actor.objects.filter(key__in=_scope(study).values("actor")).order_by("kind", "study_slug", "name", "key")


def actions_in(study: Study | None) -> Iterable[str]:
    return _scope(study).order_by("action").values_list("action", flat=True).distinct()


def _scope(study: Study | None) -> QuerySet[AuditEvent]:
    return study.audit_events.all() if study else AuditEvent.objects.all()
