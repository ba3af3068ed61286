from django.db import models

from readerstudy.models.dataset import Dataset
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.vocabulary import MeasuredOn, OrganName, Origin, Phase


class Volume(models.Model):
    """One CT, stored once: int16 HU on a RAS+ grid. The patient is a keyed hash, never a name."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="volumes")
    patient_key = models.CharField(max_length=32)
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, related_name="+")
    content_sha256 = models.CharField(max_length=64, help_text="of HU, shape and affine: finds duplicates")
    voxels_sha256 = models.CharField(
        max_length=64, default="", blank=True, help_text="of HU and shape: finds the same voxels under another affine"
    )
    shape = models.JSONField(help_text="[i, j, k]")
    spacing_mm = models.JSONField(help_text="[i, j, k]")
    noise_hu = models.FloatField(null=True, help_text="in even soft tissue, beside its neighbours in plane")
    shows_head = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dataset", "content_sha256"], name="volume_once_per_dataset")]
        indexes = [
            models.Index(fields=["patient_key"], name="volume_patient_key"),
            models.Index(fields=["voxels_sha256"], name="volume_voxels"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset} volume {self.pk}"

    @property
    def field_of_view_mm(self) -> list[float]:
        """From face to face of the outermost voxels, [i, j, k]."""
        return [n * s for n, s in zip(self.shape, self.spacing_mm, strict=True)]


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
    diameter_mm = models.FloatField(
        null=True, help_text="equivalent sphere of the largest lesion, at half its contrast where that can be told"
    )
    measured_on = models.CharField(max_length=13, choices=MeasuredOn, blank=True, help_text="diameter and volume")
    tumor_ml = models.FloatField(null=True, help_text="all lesions, each at half its contrast where that can be told")
    largest_sphere_mm = models.FloatField(null=True, help_text="diameter of the largest sphere the organ holds")
    phase = models.CharField(max_length=8, choices=Phase, blank=True, help_text="estimated from the organ")
    region = models.CharField(max_length=20, blank=True, help_text="of the organ, in which the largest lesion lies")
    parenchyma_hu = models.FloatField(null=True, help_text="of the organ without its tumours")

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


class Lesion(models.Model):
    """One lesion of a tumour mask, as it was given and at half its contrast."""

    scan = models.ForeignKey(OrganScan, on_delete=models.CASCADE, related_name="measured_lesions")
    number = models.PositiveIntegerField(help_text="1 = the largest")
    kind = models.CharField(max_length=40, blank=True, help_text="where the source says; one of the organ's kinds")
    volume_ml = models.FloatField()
    equivalent_mm = models.FloatField(help_text="of the sphere with its volume")
    longest_mm = models.FloatField(help_text="between two of its voxels")
    half_volume_ml = models.FloatField(null=True)
    half_equivalent_mm = models.FloatField(null=True)
    half_longest_mm = models.FloatField(null=True)
    edge_mm = models.FloatField(null=True, help_text="from the mask's surface to half contrast; negative inside")
    no_edge = models.CharField(max_length=60, blank=True, help_text="why half contrast could not be told")
    contrast_hu = models.FloatField(null=True, help_text="tissue around less lesion")
    place = models.JSONField(
        null=True, help_text="centre between the organ's right and left, back and front, bottom and top: 0 to 1 each"
    )
    depth_mm = models.FloatField(null=True, help_text="from its centre to the organ's surface, at the least")

    class Meta:
        ordering = ["scan", "number"]
        constraints = [
            models.UniqueConstraint(fields=["scan", "number"], name="lesion_number_once_per_scan"),
            models.CheckConstraint(
                name="lesion_half_contrast_or_why_not",
                condition=models.Q(no_edge="", half_equivalent_mm__isnull=False, contrast_hu__isnull=False)
                | (~models.Q(no_edge="") & models.Q(half_equivalent_mm=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scan} lesion {self.number}"
