"""Who acts and from where: found or made for the records, which keep their keys alone."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from readerstudy.models.actor import Actor, ActorAddress
from readerstudy.models.reader import Reader

Who = str | Reader | Actor
"""A staff user's name or `COMMAND_LINE`; a reader; or whom a record names already."""

COMMAND_LINE = "command line"

_address: ContextVar[str] = ContextVar("address", default="")


@contextmanager
def acting_from(address: str) -> Iterator[None]:
    """Note for the records made within that they were made at this address's request."""
    before = _address.set(address)
    try:
        yield
    finally:
        _address.reset(before)


def actor_of(who: Who) -> Actor:
    """Return who acts as records name them; somebody who has not acted before gets a new key."""
    if isinstance(who, Actor):
        return who
    if isinstance(who, Reader):
        return _actor(Actor.Kind.READER, name=who.code, study_slug=who.study.slug)
    return _actor(Actor.Kind.PROGRAM if who == COMMAND_LINE else Actor.Kind.STAFF, name=who)


def address_of(actor: Actor) -> ActorAddress | None:
    """Return where the actor acts from; None on a command line and in a worker."""
    address = _address.get()
    if not address:
        return None
    known, _ = ActorAddress.objects.get_or_create(
        actor=actor, address=address, defaults={"key": f"address {secrets.token_hex(6)}"}
    )
    return known


def _actor(kind: Actor.Kind, *, name: str, study_slug: str = "") -> Actor:
    key = f"{kind} {secrets.token_hex(6)}"
    actor, _ = Actor.objects.get_or_create(kind=kind, name=name, study_slug=study_slug, defaults={"key": key})
    return actor
