import secrets

from django.db import models

from readerstudy.models.case import Case
from readerstudy.models.reader import Reader


def random_token() -> str:
    """128 random bits as 32 hexadecimal digits."""
    return secrets.token_hex(16)


class Sequence(models.Model):
    """The order of one reader's cases, drawn once when the reader is invited, and stored.

    A reader who is reset gets another. The earlier one stays with its readings, but no longer as the reader's: it has a
    `former_reader` in place of a `reader`, so that nothing finds it which does not ask for it.
    """

    ORDER_NOT_RECORDED = "not recorded"  # an algorithm's name: read elsewhere, positions say nothing

    reader = models.OneToOneField(Reader, on_delete=models.CASCADE, null=True, related_name="sequence")
    former_reader = models.ForeignKey(
        Reader, on_delete=models.CASCADE, null=True, related_name="superseded_sequences", help_text="whose it was"
    )
    superseded_at = models.DateTimeField(null=True)
    draw = models.PositiveIntegerField(default=1, help_text="how many orders were drawn for the reader, with this one")
    algorithm = models.CharField(max_length=40)
    rotation = models.PositiveIntegerField(default=0, help_text="readers before this one, for the counterbalancing")
    drawn_at = models.DateTimeField(auto_now_add=True)
    sitting_begun = models.PositiveIntegerField(default=1, help_text="the last sitting that the reader has begun")
    sitting_ended = models.PositiveIntegerField(
        default=0, help_text="the last one that the reader has ended, where answers can be changed until then"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="sequence_is_its_readers_or_superseded",
                condition=models.Q(reader__isnull=False, former_reader=None, superseded_at=None)
                | models.Q(reader=None, former_reader__isnull=False, superseded_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return f"sequence of {self.holder}"

    @property
    def holder(self) -> Reader:
        """The reader whose it is, or was."""
        holder = self.reader or self.former_reader
        if holder is None:
            raise ValueError(f"Sequence {self.pk} is no reader's.")
        return holder


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
