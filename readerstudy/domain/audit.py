"""The audit trail: one line for everything that changes a study."""

from typing import Any

from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.study import Study

COMMAND_LINE = "command line"


def record(*, actor: str, action: str, study: Study | None = None, **detail: Any) -> None:
    AuditEvent.objects.create(actor=actor, action=action, study=study, detail=detail)
