"""The words that tables, forms and exports share."""

from django.db import models


class OrganName(models.TextChoices):
    LIVER = "liver"
    PANCREAS = "pancreas"
    KIDNEY = "kidney"


class Label(models.TextChoices):
    """A reader's answer. Positive = real tumour."""

    REAL = "real"
    SYNTHETIC = "synthetic"
    UNSURE = "unsure"


class Origin(models.TextChoices):
    """What a data set holds: patients' tumours, hosts to synthesise into, or tumours synthesised elsewhere."""

    REAL = "real"
    HEALTHY = "healthy"
    SYNTHETIC = "synthetic"
