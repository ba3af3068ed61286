from django.conf import settings
from django.db import models


class Study(models.Model):
    """One visual Turing test: its design, and how far it has come."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        PREPARING = "preparing", "Preparing cases"
        OPEN = "open", "Open for reading"
        CLOSED = "closed", "Closed"

    slug = models.SlugField(unique=True, max_length=80)
    title = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    design = models.JSONField(help_text="the whole of STUDY.toml, see domain.design")
    design_sha256 = models.CharField(max_length=64)
    read_elsewhere = models.BooleanField(default=False, help_text="loaded by import_readings")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_early = models.TextField(blank=True, default="", help_text="why, where not every reader had finished")

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "studies"
        constraints = [
            models.CheckConstraint(
                name="study_opened_before_closed",
                condition=models.Q(state__in=["draft", "preparing"], opened_at=None, closed_at=None)
                | models.Q(state="open", opened_at__isnull=False, closed_at=None)
                | models.Q(state="closed", opened_at__isnull=False, closed_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.slug
