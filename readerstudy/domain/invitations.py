"""Accepting an invitation. Reachable by readers, so nothing here knows of orders or truth."""

import hashlib
import secrets
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from readerstudy.domain import audit
from readerstudy.domain.errors import DomainError
from readerstudy.domain.locks import lock_reader
from readerstudy.domain.reader_profiles import check_profile
from readerstudy.domain.reading_room import require_open
from readerstudy.domain.returning import hash_passphrase
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study


class NoConsentError(DomainError):
    """The study asks for consent, and the reader has not given it."""


@dataclass(frozen=True)
class Acceptance:
    """What a reader says on accepting; `passphrase` is empty where they will read in this browser alone."""

    years: int | None = None
    specialty: str = ""
    consents: bool = False
    passphrase: str = ""


def new_secret() -> str:
    return secrets.token_urlsafe(24)


def hash_secret(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def consent_text(study: Study) -> str:
    """Return what readers of the study consent to; empty where it asks for none."""
    return str(study.design["reading"].get("consent", ""))


def asks_consent(reader: Reader) -> bool:
    """Return whether the reader has the study's consent text still to agree to."""
    return bool(consent_text(reader.study)) and reader.consented_at is None


def find_invited(secret: str) -> Reader | None:
    """Return the reader whose unused link this is."""
    return Reader.objects.select_related("study").filter(invitation_sha256=hash_secret(secret)).first()


def accept_invitation(secret: str, *, acceptance: Acceptance | None = None, staff: str = "") -> Reader | None:
    """Use the link up and return its reader; of two clicks one gets it.

    The years and the specialty become the reader's where they were asked for (`acceptance`). `staff` is the
    administrator who was logged in where the link was opened: whoever knows the truth and reads must be seen in the
    audit trail.

    Raises
    ------
    NoConsentError
        If the study asks for consent and there is none; the link stays good.
    NotOpenError
        If the study is closed.
    DomainError
        If the profile or the passphrase will not do; the link stays good.
    """
    passphrase = hash_passphrase(acceptance.passphrase) if acceptance and acceptance.passphrase else ""
    with transaction.atomic():
        reader = _hold_invited(secret)
        if reader is None:
            return None
        require_open(reader)
        if asks_consent(reader):
            if acceptance is None or not acceptance.consents:
                raise NoConsentError("Reading in this study needs your consent to the text above.")
            reader.consented_at = timezone.now()
        if acceptance is not None:
            check_profile(years=acceptance.years, specialty=acceptance.specialty)
            reader.years, reader.specialty = acceptance.years, acceptance.specialty
            reader.profile_confirmed_at = timezone.now()
            reader.passphrase = passphrase
        reader.invitation_sha256 = None
        reader.declined_at = None
        reader.accepted_at = reader.accepted_at or timezone.now()
        reader.save()
        audit.record(actor=reader, action="accept invitation", study=reader.study)
        if staff:
            audit.record(actor=staff, action="read as a reader", study=reader.study, reader=reader.code)
    return reader


def decline_invitation(secret: str) -> Reader | None:
    """Use the link up without anybody reading: staff see it, and can send another to whoever thinks better of it.

    Raises
    ------
    NotOpenError
        If the study is closed.
    """
    with transaction.atomic():
        reader = _hold_invited(secret)
        if reader is None:
            return None
        require_open(reader)
        reader.invitation_sha256 = None
        reader.declined_at = timezone.now()
        reader.save(update_fields=["invitation_sha256", "declined_at"])
        audit.record(actor=reader, action="decline invitation", study=reader.study)
    return reader


def _hold_invited(secret: str) -> Reader | None:
    found = find_invited(secret)
    reader = lock_reader(found) if found else None
    return reader if reader and reader.invitation_sha256 == hash_secret(secret) else None
