"""Inviting readers: their order is drawn here, and their link made, shown once, and kept only as a hash."""

import re

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse

from readerstudy.analysis.frame import POOLED
from readerstudy.domain import audit
from readerstudy.domain.errors import DomainError
from readerstudy.domain.invitations import hash_secret, new_secret
from readerstudy.domain.locks import lock_reader, lock_study
from readerstudy.domain.orders_hash import order_sha256
from readerstudy.domain.protocol import note_changes
from readerstudy.domain.reader_profiles import check_profile
from readerstudy.domain.sequencing import draw_sequence
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def invite_reader(*, study: Study, code: str, years: int | None = None, specialty: str = "", actor: str) -> str:
    """Enrol a reader and return the invitation link, which can't be had a second time."""
    _check(code, years, specialty)
    secret = new_secret()
    with transaction.atomic():
        study = lock_study(study)
        _check_open(study)
        if study.readers.filter(code__iexact=code).exists():
            raise DomainError(f"Study {study.slug} has a reader {code} already; use another code, or renew the link.")
        reader = Reader.objects.create(
            study=study,
            code=code,
            years=years,
            specialty=specialty,
            invitation_sha256=hash_secret(secret),
        )
        note_changes(study=study, actor=actor, when=f"when {code} was invited")
        drawn = order_sha256(draw_sequence(reader=reader))
        audit.record(actor=actor, action="invite reader", study=study, reader=code, order_sha256=drawn)
    return _link(secret)


def renew_invitation(*, reader: Reader, actor: str) -> str:
    """Make the reader a new link; their order and answers stay, what let them in before does no longer."""
    secret = new_secret()
    with transaction.atomic():
        reader = lock_reader(reader)
        _check_open(reader.study)
        if reader.withdrawn_at:
            raise DomainError(f"Reader {reader.code} has withdrawn; invite somebody else under another code.")
        Reader.objects.filter(pk=reader.pk).update(
            invitation_sha256=hash_secret(secret), session_number=F("session_number") + 1, passphrase=""
        )
        audit.record(actor=actor, action="renew invitation", study=reader.study, reader=reader.code)
    return _link(secret)


def _check_open(study: Study) -> None:
    if study.state != Study.State.OPEN:
        raise DomainError(
            f"Study {study.slug} is {study.get_state_display().lower()}; open it before inviting readers."
        )


def _check(code: str, years: int | None, specialty: str) -> None:
    if not CODE.fullmatch(code):
        raise DomainError(
            f"Reader code {code!r}: use up to 40 letters, digits, dots, dashes and underscores, and no name."
        )
    if code == POOLED:
        raise DomainError(f"Reader code {code!r} stands for every reader in results; use another code.")
    check_profile(years=years, specialty=specialty)


def _link(secret: str) -> str:
    return settings.PUBLIC_URL + reverse("invitation", args=[secret])
