from django.db import models

from readerstudy.models.actor import Actor
from readerstudy.models.dataset import Dataset
from readerstudy.models.job import Job


class ImportRun(Job):
    """One import that a worker does: what was asked, how far it is, and what was refused.

    Its source and its refusals may name patients' files. They are for staff, and are emptied when the import has
    ended well, is dismissed, or failed long ago (`domain.importing.runs`).
    """

    name = models.CharField(max_length=80, help_text="of the data set to be")
    layout = models.CharField(max_length=20)
    source = models.TextField(blank=True, help_text="below IMPORT_ROOT, or the name of an uploaded archive")
    uploaded = models.BooleanField(default=False)
    options = models.JSONField(default=dict, blank=True)
    actor = models.ForeignKey(Actor, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    done = models.PositiveIntegerField(default=0, help_text="CTs")
    total = models.PositiveIntegerField(default=0, help_text="CTs; 0 while they are not counted yet")
    refusals = models.JSONField(default=list, blank=True, help_text="[where, what is wrong] of each CT refused")
    dataset = models.OneToOneField(Dataset, on_delete=models.CASCADE, null=True, related_name="+")

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.CheckConstraint(
                name="import_run_dataset_iff_succeeded",
                condition=models.Q(state="succeeded", dataset__isnull=False, source="")
                | (~models.Q(state="succeeded") & models.Q(dataset=None)),
            )
        ]

    def __str__(self) -> str:
        return f"import of {self.name}"
