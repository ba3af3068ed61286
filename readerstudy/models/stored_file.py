from django.db import models


class StoredFile(models.Model):
    """One file of the store (`domain.store`): a random name that says nothing, and what it must hash to."""

    key = models.CharField(primary_key=True, max_length=64)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField(help_text="bytes")
    stored_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.key
