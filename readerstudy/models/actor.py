from django.db import models


class Actor(models.Model):
    """Who acts, as records know them: by a key that says nothing.

    Names and addresses stand here and in `ActorAddress` alone, so that they can be erased while the records stay.
    """

    class Kind(models.TextChoices):
        STAFF = "staff"
        READER = "reader"
        PROGRAM = "program"

    key = models.CharField(primary_key=True, max_length=40)
    kind = models.CharField(max_length=10, choices=Kind)
    study_slug = models.CharField(max_length=80, blank=True, help_text="a reader's study")
    name = models.CharField(max_length=150, blank=True, help_text="a user's name or a reader's code; empty once erased")
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="actor_name_once", fields=["kind", "study_slug", "name"], condition=~models.Q(name="")
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.key


class ActorAddress(models.Model):
    """A network address that somebody acted from, known to records by its key; empty once erased."""

    key = models.CharField(primary_key=True, max_length=40)
    actor = models.ForeignKey(Actor, on_delete=models.CASCADE, related_name="addresses")
    address = models.CharField(max_length=100, blank=True)
    first_seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="actor_address_once", fields=["actor", "address"], condition=~models.Q(address="")
            ),
        ]

    def __str__(self) -> str:
        return self.address or self.key
