from django.db import models

from readerstudy.models.append_only import AppendOnly
from readerstudy.models.study import Study


class AuditEvent(AppendOnly):
    """Who did what to a study, and when."""

    at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=150, help_text="a staff user's name, a reader's code, or 'command line'")
    study = models.ForeignKey(Study, on_delete=models.PROTECT, null=True, related_name="audit_events")
    action = models.CharField(max_length=60)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.action}"
