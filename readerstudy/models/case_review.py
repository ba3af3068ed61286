from django.db import models

from readerstudy.models.actor import Actor
from readerstudy.models.append_only import AppendOnly
from readerstudy.models.case import Case


class CaseReview(AppendOnly):
    """What a member of staff, blinded to the arms, said of a case in the gallery. The last of its content counts."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    content_sha256 = models.CharField(max_length=64, help_text="of the slices that were looked at")
    accepted = models.BooleanField()
    reason = models.CharField(max_length=500, blank=True, help_text="the criterion; empty where accepted")
    actor = models.ForeignKey(Actor, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            models.CheckConstraint(
                name="case_review_reason_iff_rejected",
                condition=models.Q(accepted=True, reason="") | (models.Q(accepted=False) & ~models.Q(reason="")),
            )
        ]

    def __str__(self) -> str:
        return f"{self.case}: {'accepted' if self.accepted else 'rejected'}"


class CaseReplacement(AppendOnly):
    """What a case was before another patient took its place. It knows the arms."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    was = models.JSONField(help_text="data set, row and, where we made the tumour, version and seed")
    reason = models.CharField(max_length=500)
    actor = models.ForeignKey(Actor, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.case} replaced {self.at:%Y-%m-%d %H:%M}"
