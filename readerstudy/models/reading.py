from django.db import models

from readerstudy.models.append_only import AppendOnly
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.vocabulary import Label


class Reading(AppendOnly):
    """One answer. A changed mind is a new revision; the last one counts."""

    item = models.ForeignKey(SequenceItem, on_delete=models.PROTECT, related_name="readings")
    revision = models.PositiveIntegerField(default=1)
    label = models.CharField(max_length=10, choices=Label)
    rating = models.FloatField(null=True, help_text="higher = more surely real, or more surely the organ")
    comment = models.TextField(blank=True)
    mark_mm = models.JSONField(null=True, help_text="what gave it away: [x, y, z] in the CT's RAS+ millimetres")
    attributes = models.JSONField(default=dict, help_text="realism of each attribute that is asked, 1 to 5 = real")
    submission = models.UUIDField(unique=True, help_text="made by the browser: a resent answer is the same one")
    active_ms = models.PositiveIntegerField(null=True, help_text="visible and not idle, as the browser counted")
    elapsed_ms = models.PositiveIntegerField(null=True, help_text="from first sight to answer, by the server")
    viewer_version = models.CharField(max_length=40, blank=True)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["item", "revision"]
        constraints = [
            models.UniqueConstraint(fields=["item", "revision"], name="reading_revision_once"),
            models.CheckConstraint(name="reading_label_known", condition=models.Q(label__in=Label.values)),
        ]

    def __str__(self) -> str:
        return f"{self.item} revision {self.revision}"
