import uuid

from django.db import models

from readerstudy.models.job import Job
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.study import Study
from readerstudy.models.vocabulary import OrganName


class Case(models.Model):
    """What a reader is shown. Where it comes from is in GroundTruth, which nothing here leads to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="cases")
    code = models.CharField(max_length=80, help_text="names the case in exports; random, never shown to readers")
    organ = models.CharField(max_length=10, choices=OrganName)
    practice = models.BooleanField(default=False, help_text="never counted")
    host_only = models.BooleanField(
        default=False, help_text="shown with its tumour hidden, in either arm; counted apart"
    )

    class Meta:
        ordering = ["study", "code"]
        constraints = [models.UniqueConstraint(fields=["study", "code"], name="case_code_once_per_study")]

    def __str__(self) -> str:
        return f"{self.study} {self.code}"


class SlicePack(Job):
    """The volume of a case as the viewer fetches it: one file, one gzip member per slice."""

    case = models.OneToOneField(Case, on_delete=models.CASCADE, related_name="pack")
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    offsets = models.JSONField(default=list, blank=True, help_text="slices + 1 byte positions in the file")
    shape = models.JSONField(default=list, blank=True, help_text="[slices, rows, columns]")
    spacing_mm = models.JSONField(default=list, blank=True, help_text="[slice, row, column]")
    cue_slice = models.PositiveIntegerField(null=True, help_text="0-based slice of the lesion's middle")
    cue_point = models.JSONField(null=True, help_text="[slice, row, column] of a voxel of the lesion in that slice")
    affine = models.JSONField(null=True, help_text="4 x 4, from [slice, row, column] to RAS+ mm; never sent")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="slice_pack_file_iff_succeeded",
                condition=models.Q(state="succeeded", file__isnull=False, cue_slice__isnull=False)
                | (~models.Q(state="succeeded") & models.Q(file=None)),
            )
        ]

    def __str__(self) -> str:
        return f"pack of {self.case_id}"

    @property
    def ready_file(self) -> StoredFile:
        """The file, which every pack that succeeded has: a constraint sees to it."""
        if self.file is None:
            raise ValueError(f"The {self} is {self.state}; it has no file.")
        return self.file
