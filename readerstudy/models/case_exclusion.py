from django.db import models

from readerstudy.models.append_only import AppendOnly
from readerstudy.models.case import Case


class CaseExclusion(AppendOnly):
    """A case that was found broken while readers read: shown to nobody from then on, and counted for nobody."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="exclusion")
    at = models.DateTimeField(auto_now_add=True)
    reason = models.CharField(max_length=500)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.case} excluded"
