from django.db import models

from readerstudy.models.actor import Actor
from readerstudy.models.job import Job
from readerstudy.models.study import Study


class BlindingAudit(Job):
    """One run of the leak audit over a study's cases. It knows what tells the arms apart: for staff alone."""

    class Outcome(models.TextChoices):
        TELLS = "tells", "tells found"
        NO_TELL = "no-tell", "no tell found"
        TOO_FEW = "too-few", "too few cases to audit"

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="+")
    actor = models.ForeignKey(Actor, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    done = models.PositiveIntegerField(default=0, help_text="cases measured")
    total = models.PositiveIntegerField(default=0)
    cases_sha256 = models.CharField(max_length=64, blank=True, help_text="of the case set it looked at")
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    result = models.JSONField(default=dict, blank=True, help_text="what was found, and in words")
    measured = models.JSONField(default=dict, blank=True, help_text="column → a value for each case; names no case")

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="blinding_audit_outcome_iff_succeeded",
                condition=(models.Q(state="succeeded") & ~models.Q(outcome="") & ~models.Q(cases_sha256=""))
                | (~models.Q(state="succeeded") & models.Q(outcome="")),
            )
        ]

    def __str__(self) -> str:
        return f"leak audit of {self.study}"
