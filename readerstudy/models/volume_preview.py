from django.db import models

from readerstudy.models.job import Job
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.volume import OrganScan


def _upright() -> list[str]:
    return ["I", "P", "L"]


class VolumePreview(Job):
    """An imported scan as staff look at it: its slices and its masks, in the form that the viewer fetches.

    Made when it is asked for; only the latest few are kept (`domain.previews`).
    """

    scan = models.OneToOneField(OrganScan, on_delete=models.CASCADE, related_name="+")
    file = models.OneToOneField(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    overlay = models.OneToOneField(StoredFile, on_delete=models.PROTECT, null=True, related_name="+")
    offsets = models.JSONField(default=list, blank=True, help_text="slices + 1 byte positions in the file")
    overlay_offsets = models.JSONField(default=list, blank=True)
    shape = models.JSONField(default=list, blank=True, help_text="[slices, rows, columns]")
    spacing_mm = models.JSONField(default=list, blank=True, help_text="[slice, row, column]")
    towards = models.JSONField(default=_upright, help_text="letters that slice, row and column run to")
    cue_slice = models.PositiveIntegerField(null=True, help_text="0-based slice that shows most")
    asked_at = models.DateTimeField(auto_now=True, help_text="when somebody last looked")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="volume_preview_files_iff_succeeded",
                condition=models.Q(state="succeeded", file__isnull=False, overlay__isnull=False)
                | (~models.Q(state="succeeded") & models.Q(file=None, overlay=None)),
            )
        ]

    def __str__(self) -> str:
        return f"preview of {self.scan}"
