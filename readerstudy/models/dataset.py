from django.db import models


class Dataset(models.Model):
    """One import: volumes of one source, whole or not there at all."""

    name = models.SlugField(unique=True, max_length=80)
    layout = models.CharField(max_length=20)
    warnings = models.JSONField(default=list, blank=True, help_text="sentences noted while importing")
    imported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        permissions = [("manage_data", "Can import and delete data sets")]

    def __str__(self) -> str:
        return self.name
