from django.db import models

from readerstudy.models.actor import Actor, ActorAddress
from readerstudy.models.append_only import AppendOnly
from readerstudy.models.study import Study


class AuditEvent(AppendOnly):
    """Who did what to a study, when and from where; each carries the hash of the one before (`domain.trail.chain`).

    `study` is its slug, without a constraint: the trail outlasts a draft that is deleted. It is empty for what
    concerns no study.
    """

    at = models.DateTimeField()
    study = models.ForeignKey(
        Study,
        to_field="slug",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        default="",
        blank=True,
        related_name="audit_events",
    )
    number = models.PositiveIntegerField(help_text="1-based place in its study's chain")
    actor = models.ForeignKey(Actor, on_delete=models.PROTECT, related_name="+")
    address = models.ForeignKey(ActorAddress, on_delete=models.PROTECT, null=True, related_name="+")
    action = models.CharField(max_length=60)
    detail = models.JSONField(default=dict, blank=True)
    sha256 = models.CharField(max_length=64, help_text="of this event and the hash of the one before")

    class Meta:
        ordering = ["at", "id"]
        constraints = [models.UniqueConstraint(fields=["study", "number"], name="audit_event_number_once")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor_id} {self.action}"
