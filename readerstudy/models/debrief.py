from django.db import models

from readerstudy.models.append_only import AppendOnly
from readerstudy.models.reader import Reader


class Debrief(AppendOnly):
    """What a reader is told after the study: their answers beside the truth. Before closing there is none."""

    reader = models.OneToOneField(Reader, on_delete=models.PROTECT, related_name="debrief")
    written_at = models.DateTimeField(auto_now_add=True)
    payload = models.JSONField(help_text="the whole page's content: see domain.debrief_writing")

    def __str__(self) -> str:
        return f"debrief of {self.reader}"
