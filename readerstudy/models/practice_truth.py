from django.db import models

from readerstudy.models.case import Case


class PracticeTruth(models.Model):
    """What a practice case was: copied on opening for studies that tell it after the answer, and of no other case."""

    case = models.OneToOneField(Case, on_delete=models.CASCADE, primary_key=True, related_name="+")
    is_real = models.BooleanField()

    def __str__(self) -> str:
        return f"practice case {self.case_id}"
