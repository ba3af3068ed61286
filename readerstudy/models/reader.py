from django.db import models

from readerstudy.models.study import Study


class Reader(models.Model):
    """A person who reads one study, known to it by a code. Not a user account: see `permissions`."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="readers")
    code = models.CharField(max_length=40)
    years = models.PositiveIntegerField(null=True, help_text="of experience")
    specialty = models.CharField(max_length=120, blank=True)
    invitation_sha256 = models.CharField(  # noqa: DJ001  null, since many used-up links share no hash
        max_length=64, null=True, unique=True, help_text="of the link's secret; null once it was used"
    )
    links_made = models.PositiveIntegerField(default=1, help_text="a session opened by an earlier link is over")
    invited_at = models.DateTimeField(auto_now_add=True)
    accepted_at = models.DateTimeField(null=True)
    instructed_at = models.DateTimeField(null=True, help_text="when the instructions were left")
    preferences = models.JSONField(default=dict, blank=True, help_text="the viewer's, as the browser sent them")

    class Meta:
        ordering = ["study", "code"]
        constraints = [models.UniqueConstraint(fields=["study", "code"], name="reader_code_once_per_study")]

    def __str__(self) -> str:
        return f"{self.study} {self.code}"
