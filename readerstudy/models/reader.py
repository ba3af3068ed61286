import secrets

from django.db import models

from readerstudy.models.study import Study

LEGIBLE = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is read as something else


def new_return_code() -> str:
    """Eight letters and digits in two groups, such as k7m2-9xqd: a name, not a secret."""
    letters = [secrets.choice(LEGIBLE) for _ in range(8)]
    return "".join([*letters[:4], "-", *letters[4:]])


class Reader(models.Model):
    """A person who reads one study, known to it by a code. Not a user account: see `reader_sessions`."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="readers")
    code = models.CharField(max_length=40)
    years = models.PositiveIntegerField(null=True, help_text="of experience")
    specialty = models.CharField(max_length=120, blank=True)
    invitation_sha256 = models.CharField(  # noqa: DJ001  null, since many used-up links share no hash
        max_length=64, null=True, unique=True, help_text="of the link's secret; null once it was used"
    )
    return_code = models.CharField(
        max_length=9, unique=True, default=new_return_code, help_text="what the reader goes by to return elsewhere"
    )
    passphrase = models.CharField(max_length=200, blank=True, help_text="hashed; without one nobody returns elsewhere")
    session_number = models.PositiveIntegerField(default=1, help_text="the session that knows it counts, no other")
    invited_at = models.DateTimeField(auto_now_add=True)
    accepted_at = models.DateTimeField(null=True)
    profile_confirmed_at = models.DateTimeField(null=True, help_text="when the reader confirmed years and specialty")
    consented_at = models.DateTimeField(null=True, help_text="to the text in the study's design")
    declined_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawal_reason = models.CharField(max_length=500, blank=True)
    instructed_at = models.DateTimeField(null=True, help_text="when the instructions were left")
    preferences = models.JSONField(default=dict, blank=True, help_text="the viewer's, as the browser sent them")

    class Meta:
        ordering = ["study", "code"]
        constraints = [models.UniqueConstraint(fields=["study", "code"], name="reader_code_once_per_study")]

    def __str__(self) -> str:
        return f"{self.study} {self.code}"


class ReaderContact(models.Model):
    """Where a reader can be written to: all that is kept of the person, apart from the readings; it can be erased."""

    reader = models.OneToOneField(Reader, on_delete=models.CASCADE, related_name="contact")
    email = models.EmailField(max_length=254)
    added_at = models.DateTimeField(auto_now_add=True)
    reminded_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"contact of {self.reader}"
