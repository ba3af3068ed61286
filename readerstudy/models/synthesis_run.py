from django.db import models

from readerstudy.models.job import Job
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.vocabulary import MeasuredOn
from readerstudy.models.volume import OrganScan


class SynthesisRun(Job):
    """One synthetic tumour in one host: what was asked, and, once done, the recipe that replays it."""

    host = models.ForeignKey(OrganScan, on_delete=models.PROTECT, related_name="+")
    method = models.CharField(max_length=40)
    request = models.JSONField(
        help_text="what was asked of the method: its version, the diameter in mm, and a region of the organ"
    )
    request_sha256 = models.CharField(max_length=64)
    seed = models.BigIntegerField()
    recipe = models.JSONField(null=True)
    result = models.OneToOneField(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    diameter_mm = models.FloatField(null=True, help_text="of the tumour as made, measured as those of patients")
    measured_on = models.CharField(max_length=13, choices=MeasuredOn, blank=True)
    tumor_ml = models.FloatField(null=True)
    region = models.CharField(max_length=20, blank=True, help_text="of the organ, in which the tumour came to lie")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["host", "method", "request_sha256", "seed"], name="synthesis_run_once"),
            models.CheckConstraint(
                name="synthesis_run_result_iff_succeeded",
                condition=models.Q(state="succeeded", result__isnull=False, recipe__isnull=False)
                | (~models.Q(state="succeeded") & models.Q(result=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} in {self.host} seed {self.seed}"
