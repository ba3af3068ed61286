from django.db import models

from readerstudy.models.actor import Actor
from readerstudy.models.append_only import AppendOnly
from readerstudy.models.study import Study


class Protocol(AppendOnly):
    """What was fixed when a study was opened: written once, never changed."""

    study = models.OneToOneField(Study, on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64, help_text="of the document, as domain.protocol writes it")
    document = models.JSONField(help_text="design, cases, sequences, versions, leak audit; see domain.protocol")
    frozen_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"protocol of {self.study}"


class Amendment(AppendOnly):
    """A change after a study was opened: what changed, and why."""

    protocol = models.ForeignKey(Protocol, on_delete=models.PROTECT, related_name="amendments")
    at = models.DateTimeField(auto_now_add=True)
    actor = models.ForeignKey(Actor, on_delete=models.PROTECT, related_name="+")
    change = models.CharField(max_length=500)
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.protocol} amended {self.at:%Y-%m-%d %H:%M}"
