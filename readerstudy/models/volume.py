from django.db import models

from readerstudy.models.dataset import Dataset
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.vocabulary import OrganName, Origin


class Volume(models.Model):
    """One CT, stored once: int16 HU on a RAS+ grid. The patient is a keyed hash, never a name."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="volumes")
    patient_key = models.CharField(max_length=32)
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="+")
    content_sha256 = models.CharField(max_length=64, help_text="of HU, shape and affine: finds duplicates")
    shape = models.JSONField(help_text="[i, j, k]")
    spacing_mm = models.JSONField(help_text="[i, j, k]")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "content_sha256"], name="volume_once_per_dataset")]
        indexes = [models.Index(fields=["patient_key"], name="volume_patient_key")]

    def __str__(self) -> str:
        return f"{self.dataset} volume {self.pk}"


class OrganScan(models.Model):
    """One organ in one CT: what a row of a data set's manifest describes, and what studies draw from."""

    volume = models.ForeignKey(Volume, on_delete=models.CASCADE, related_name="organ_scans")
    row = models.PositiveIntegerField(help_text="1-based place in the imported list")
    organ = models.CharField(max_length=10, choices=OrganName)
    origin = models.CharField(max_length=10, choices=Origin)
    generator = models.CharField(max_length=80, blank=True)
    stand_in = models.BooleanField(default=False, help_text="a stand-in for a patient's tumour, for demos")
    organ_mask = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    tumor_mask = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    thumbnail = models.ForeignKey(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    organ_volume_ml = models.FloatField(null=True)
    lesions = models.PositiveIntegerField(default=0, help_text="connected components of the tumour mask")
    diameter_mm = models.FloatField(null=True, help_text="equivalent sphere of the largest lesion")
    largest_sphere_mm = models.FloatField(null=True, help_text="diameter of the largest sphere the organ holds")

    class Meta:
        ordering = ["volume__dataset__name", "row"]
        constraints = [
            models.UniqueConstraint(
                fields=["volume", "organ", "origin", "generator"], name="organ_scan_once_per_volume"
            ),
            models.CheckConstraint(
                name="organ_scan_generator_iff_synthetic",
                condition=(models.Q(origin=Origin.SYNTHETIC) & ~models.Q(generator=""))
                | (~models.Q(origin=Origin.SYNTHETIC) & models.Q(generator="")),
            ),
            models.CheckConstraint(
                name="organ_scan_tumor_iff_not_healthy",
                condition=models.Q(origin=Origin.HEALTHY, tumor_mask=None)
                | (~models.Q(origin=Origin.HEALTHY) & models.Q(tumor_mask__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.volume.dataset} row {self.row} {self.organ}"

    @property
    def usable(self) -> bool:
        """Whether a study may draw it: a host needs the mask of its organ."""
        return self.origin != Origin.HEALTHY or self.organ_mask_id is not None
