from django.db import models


class StoredFile(models.Model):
    """One file of the store (`domain.store`): a random name that says nothing, and what it must hash to."""

    key = models.CharField(primary_key=True, max_length=64)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="bytes")
    stored_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.key


class ShelvedFile(models.Model):
    """A file that a worker writes or has written, while its `StoredFile` is not saved yet."""

    key = models.CharField(primary_key=True, max_length=64)
    claim = models.UUIDField(db_index=True, help_text="token of the job's claim under which it is written")

    def __str__(self) -> str:
        return self.key
