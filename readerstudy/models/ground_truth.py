from django.db import models

from readerstudy.models.case import Case
from readerstudy.models.synthesis_run import SynthesisRun
from readerstudy.models.volume import OrganScan


class GroundTruth(models.Model):
    """What a case really is. A table of its own; no accessor or filter leads here from a case."""

    class Truth(models.TextChoices):
        REAL = "real"
        SYNTHETIC = "synthetic"

    case = models.OneToOneField(Case, on_delete=models.CASCADE, primary_key=True, related_name="+")
    truth = models.CharField(max_length=10, choices=Truth)
    generator = models.CharField(max_length=80, blank=True, help_text="empty for a real tumour")
    source = models.ForeignKey(
        OrganScan,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="the patient's CT, or the host",
    )
    synthesis_run = models.ForeignKey(SynthesisRun, on_delete=models.PROTECT, null=True, related_name="+")
    stand_in = models.BooleanField(default=False)
    control = models.BooleanField(default=False, help_text="a deliberately poor synthetic case, counted apart")
    patient_code = models.CharField(
        max_length=80, blank=True, help_text="whose CT it is, as readings made elsewhere say; empty where `source` says"
    )

    class Meta:
        verbose_name_plural = "ground truth"
        constraints = [
            models.CheckConstraint(
                name="ground_truth_generator_iff_synthetic",
                condition=models.Q(truth="real", generator="", synthesis_run=None)
                | (models.Q(truth="synthetic") & ~models.Q(generator="")),
            ),
            models.CheckConstraint(
                name="ground_truth_control_is_synthetic",
                condition=models.Q(control=False) | models.Q(truth="synthetic"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.case_id}: {self.truth}"
