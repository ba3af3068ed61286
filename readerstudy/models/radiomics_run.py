from django.db import models

from readerstudy.models.actor import Actor
from readerstudy.models.dataset import Dataset
from readerstudy.models.job import Job
from readerstudy.models.study import Study


class RadiomicsRun(Job):
    """One radiomics experiment, over a data set's tumours or a closed study's. It knows the truth: for staff alone."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, null=True, related_name="+")
    study = models.ForeignKey(Study, on_delete=models.CASCADE, null=True, related_name="+")
    actor = models.ForeignKey(Actor, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(auto_now_add=True)
    done = models.PositiveIntegerField(default=0, help_text="of a hundred")
    features = models.JSONField(default=dict, blank=True, help_text="column → a value for each tumour")
    result = models.JSONField(default=dict, blank=True, help_text="what the experiment showed")

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="radiomics_run_of_dataset_or_study",
                condition=models.Q(dataset__isnull=False, study=None) | models.Q(dataset=None, study__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"radiomics of {self.dataset or self.study}"
