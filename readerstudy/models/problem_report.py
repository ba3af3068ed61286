from django.db import models

from readerstudy.models.append_only import AppendOnly
from readerstudy.models.sequence import SequenceItem


class ProblemReport(AppendOnly):
    """What a reader says is wrong with a case: an image that does not load, an organ that is not there."""

    item = models.ForeignKey(SequenceItem, on_delete=models.PROTECT, related_name="problem_reports")
    text = models.TextField()
    submission = models.UUIDField(unique=True, help_text="made by the browser: a resent report is the same one")
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["received_at", "id"]

    def __str__(self) -> str:
        return f"{self.item}: {self.text[:40]}"
