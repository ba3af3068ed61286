"""Erasing what is kept of persons: on request, or once a study is long closed. Records stay, under their keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from readerstudy.domain import audit
from readerstudy.domain.errors import DomainError
from readerstudy.domain.result_cache import forget_results
from readerstudy.models.actor import Actor, ActorAddress
from readerstudy.models.reader import Reader, ReaderContact
from readerstudy.models.study import Study

YEARS_STEP = 5
MOST_YEARS = 20  # and more
MOST_DAYS = 36_500  # a hundred years, which no record is older than


def erase_reader(*, reader: Reader, actor: str) -> bool:
    """Erase a reader's profile, e-mail address and the addresses that they acted from; return whether there was any.

    Code, order, answers and times stay, and so do comments, which are answers. Of the years of experience a step stays
    (0, 5, 10, 15, 20) where the reader consented to the study's text, and nothing else.
    """
    with transaction.atomic():
        reader = Reader.objects.select_for_update(of=("self",)).select_related("study").get(pk=reader.pk)
        left = _left_of(reader)
        profile = any(getattr(reader, name) != value for name, value in left.items())
        Reader.objects.filter(pk=reader.pk).update(**left)
        contacts, _ = ReaderContact.objects.filter(reader=reader).delete()
        who = Q(actor__kind=Actor.Kind.READER, actor__study_slug=reader.study.slug, actor__name=reader.code)
        addresses = _erase_addresses(who)
        if profile or contacts or addresses:
            audit.record(actor=actor, action="erase personal data", study=reader.study, reader=reader.code)
    if profile:
        forget_results()
    return bool(profile or contacts or addresses)


def _left_of(reader: Reader) -> dict[str, Any]:
    """Return what a reader's row says of the person once that is erased."""
    years = None
    if reader.consented_at and reader.years is not None:
        years = min(reader.years, MOST_YEARS) // YEARS_STEP * YEARS_STEP
    return {"years": years, "specialty": "", "preferences": {}, "passphrase": ""}


def erase_staff(*, name: str, actor: str) -> None:
    """Erase a staff user's name and addresses from the trail; what they do from now on gets another key.

    Raises
    ------
    DomainError
        If nobody of that name has acted here.
    """
    with transaction.atomic():
        people = Actor.objects.select_for_update().filter(kind=Actor.Kind.STAFF, name=name)
        keys = list(people.values_list("key", flat=True))
        if not keys:
            raise DomainError(f"Nobody called {name!r} stands in the trail.")
        _erase_addresses(Q(actor__in=keys))
        Actor.objects.filter(key__in=keys).update(name="", erased_at=timezone.now())
        for key in keys:
            audit.record(actor=actor, action="erase personal data", person=key)


def erase_older(*, days: int, actor: str) -> int:
    """Erase the readers of studies closed, and the addresses first seen, more than so many days ago; return how many.

    Raises
    ------
    DomainError
        If `days` is not from 1 to `MOST_DAYS`.
    """
    if not 1 <= days <= MOST_DAYS:
        raise DomainError(f"Give a number of days from 1 to {MOST_DAYS}, not {days}.")
    before = timezone.now() - timedelta(days=days)
    studies = Study.objects.filter(state=Study.State.CLOSED, closed_at__lt=before)
    readers = Reader.objects.filter(study__in=studies).select_related("study")
    erased = sum(erase_reader(reader=reader, actor=actor) for reader in readers)
    return erased + _erase_old_addresses(before, actor)


def erase_overdue() -> None:
    """Erase what is older than RETENTION_DAYS, where that is set."""
    if settings.RETENTION_DAYS:
        erase_older(days=settings.RETENTION_DAYS, actor=audit.COMMAND_LINE)


def _erase_old_addresses(before: datetime, actor: str) -> int:
    with transaction.atomic():
        addresses = _erase_addresses(Q(first_seen_at__lt=before))
        if addresses:
            audit.record(actor=actor, action="erase old addresses", addresses=addresses)
    return addresses


def _erase_addresses(which: Q) -> int:
    return ActorAddress.objects.filter(which).exclude(address="").update(address="")
