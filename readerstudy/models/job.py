"""Work that the database remembers; `domain.jobs` claims and finishes it."""

from django.db import models


class Job(models.Model):
    """A claimable piece of work. The database is the truth; a broker's message only rings a bell."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    token = models.UUIDField(null=True, help_text="of the claim that may finish this job")
    lease_expires_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    rung_at = models.DateTimeField(null=True, help_text="when the broker was last told of it")
    error = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
