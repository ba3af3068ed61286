import secrets

from django.db import models

from readerstudy.models.case import Case
from readerstudy.models.reader import Reader


def random_token() -> str:
    """128 random bits as 32 hexadecimal digits."""
    return secrets.token_hex(16)


class Sequence(models.Model):
    """The order of one reader's cases, drawn once when the reader is invited, and stored."""

    ORDER_NOT_RECORDED = "not recorded"  # an algorithm's name: read elsewhere, positions say nothing

    reader = models.OneToOneField(Reader, on_delete=models.CASCADE, related_name="sequence")
    algorithm = models.CharField(max_length=40)
    rotation = models.PositiveIntegerField(default=0, help_text="readers before this one, for the counterbalancing")
    drawn_at = models.DateTimeField(auto_now_add=True)
    sitting_begun = models.PositiveIntegerField(default=1, help_text="the last sitting that the reader has begun")

    def __str__(self) -> str:
        return f"sequence of {self.reader}"


class SequenceItem(models.Model):
    """One case at one place of one reader's order; its token is all that the reader's browser knows it by."""

    sequence = models.ForeignKey(Sequence, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField(help_text="1-based")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="+")
    repeat_index = models.PositiveIntegerField(default=0, help_text="0 = the first reading of the case")
    sitting = models.CharField(max_length=40, default="1")
    token = models.CharField(max_length=32, unique=True, default=random_token)
    opened_at = models.DateTimeField(null=True, help_text="when the reader was first shown the case")

    class Meta:
        ordering = ["sequence", "position"]
        constraints = [
            models.UniqueConstraint(fields=["sequence", "position"], name="sequence_item_position_once"),
            models.UniqueConstraint(fields=["sequence", "case", "repeat_index"], name="sequence_item_case_once"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} #{self.position}"
