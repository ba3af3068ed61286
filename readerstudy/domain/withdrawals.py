"""Readers who leave: they withdraw, or their access is revoked. Readings stay; the study's rule says if they count."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from readerstudy.domain import audit
from readerstudy.domain.actors import Who
from readerstudy.domain.errors import DomainError
from readerstudy.domain.locks import lock_reader
from readerstudy.domain.texts import check_text
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study

LONGEST_REASON = 500
AS_READ = "as-read"
LEFT_OUT = "left-out"


def dropout_rule(study: Study) -> str:
    """Return what the study's design says of readers who withdraw or do not finish; fixed by opening."""
    return str(study.design["analysis"].get("dropouts", AS_READ))


def withdraw(*, reader: Reader, actor: Who, reason: str = "") -> None:
    """Record that a reader takes part no more; asked for twice, the first time counts.

    Raises
    ------
    DomainError
        If the study is not open, or the reason is an essay.
    """
    reason = check_text(reason, what="The reason", longest=LONGEST_REASON)
    with transaction.atomic():
        reader = lock_reader(reader)
        _check_open(reader.study)
        noted = Reader.objects.filter(pk=reader.pk, withdrawn_at=None).update(
            withdrawn_at=timezone.now(), withdrawal_reason=reason
        )
        if noted:
            _shut_out(reader)
            audit.record(actor=actor, action="withdraw reader", study=reader.study, reader=reader.code, reason=reason)


def revoke_access(*, reader: Reader, actor: str) -> None:
    """Make link, passphrase and sessions of a reader useless; a new link lets them in again.

    Raises
    ------
    DomainError
        If the study is not open.
    """
    with transaction.atomic():
        reader = lock_reader(reader)
        _check_open(reader.study)
        _shut_out(reader)
        audit.record(actor=actor, action="revoke access", study=reader.study, reader=reader.code)


def _shut_out(reader: Reader) -> None:
    Reader.objects.filter(pk=reader.pk).update(
        invitation_sha256=None, passphrase="", session_number=F("session_number") + 1
    )


def _check_open(study: Study) -> None:
    if study.state != Study.State.OPEN:
        raise DomainError(f"Study {study.slug} is {study.get_state_display().lower()}; nothing is read in it now.")
