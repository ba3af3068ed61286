from django.conf import settings
from django.db import models

from readerstudy.models.study import Study


class Role(models.TextChoices):
    OWNER = "owner", "Owner"
    COORDINATOR = "coordinator", "Coordinator"
    ANALYST = "analyst", "Analyst"
    OBSERVER = "observer", "Observer"


class Membership(models.Model):
    """What a staff member is in one study; whoever has none does not learn that it is there."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role)

    class Meta:
        constraints = [models.UniqueConstraint(name="one_role_in_a_study", fields=["study", "user"])]

    def __str__(self) -> str:
        return f"{self.user} {self.role} of {self.study}"
