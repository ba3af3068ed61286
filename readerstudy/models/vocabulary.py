"""The words that tables, forms and exports share."""

from django.db import models


class OrganName(models.TextChoices):
    LIVER = "liver"
    PANCREAS = "pancreas"
    KIDNEY = "kidney"


class Label(models.TextChoices):
    """A reader's answer: what a tumour is (positive = real), or in organ-recognition studies the organ it is in."""

    REAL = "real"
    SYNTHETIC = "synthetic"
    UNSURE = "unsure"
    NOT_SEEN = "not-seen", "no tumour seen"
    LIVER = "liver"
    PANCREAS = "pancreas"
    KIDNEY = "kidney"


class Origin(models.TextChoices):
    """What a data set holds: patients' tumours, hosts to synthesise into, or tumours synthesised elsewhere."""

    REAL = "real"
    HEALTHY = "healthy"
    SYNTHETIC = "synthetic"


class Phase(models.TextChoices):
    """The contrast phase of a CT, estimated from an organ."""

    NONE = "none", "unenhanced"
    ARTERIAL = "arterial"
    PORTAL = "portal", "portal venous"
    DELAYED = "delayed"


class MeasuredOn(models.TextChoices):
    """What a tumour's diameter was measured on."""

    HALF_CONTRAST = "half-contrast", "its edge at half contrast"
    MASK = "mask", "the given mask: its edge could not be told"
