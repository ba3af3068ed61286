"""Accepting an invitation. Reachable by readers, so nothing here knows of orders or truth."""

import hashlib
import secrets

from django.db import transaction
from django.utils import timezone

from readerstudy.domain import audit
from readerstudy.models.reader import Reader


def new_secret() -> str:
    return secrets.token_urlsafe(24)


def hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def find_invited(secret: str) -> Reader | None:
    """Return the reader whose unused link this is."""
    return Reader.objects.select_related("study").filter(invitation_sha256=hash_secret(secret)).first()


def accept_invitation(secret: str, *, staff: str = "") -> Reader | None:
    """Use the link up and return its reader; of two clicks one gets it.

    `staff` is the administrator who was logged in where the link was opened: whoever knows the truth and reads
    must be seen in the audit trail.
    """
    digest = hash_secret(secret)
    with transaction.atomic():
        reader = (
            Reader.objects.select_for_update(of=("self",))
            .select_related("study")
            .filter(invitation_sha256=digest)
            .first()
        )
        if reader is None:
            return None
        reader.invitation_sha256 = None
        reader.accepted_at = reader.accepted_at or timezone.now()
        reader.save(update_fields=["invitation_sha256", "accepted_at"])
        detail = {"staff_logged_in": staff} if staff else {}
        audit.record(actor=reader.code, action="accept invitation", study=reader.study, **detail)
    return reader
