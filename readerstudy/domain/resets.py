"""Letting a reader begin anew: a new order from a new seed. The old one stays with its readings, and counts no more."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from readerstudy.domain import audit
from readerstudy.domain.errors import DomainError
from readerstudy.domain.locks import lock_study
from readerstudy.domain.orders_hash import order_sha256
from readerstudy.domain.protocol import amend
from readerstudy.domain.sequencing import draw_sequence
from readerstudy.models.reader import Reader
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import Sequence
from readerstudy.models.study import Study


def reset_reader(*, reader: Reader, actor: str, reason: str) -> Sequence:
    """Draw the reader another order, and record why: in the trail, and as an amendment of the protocol.

    Raises
    ------
    DomainError
        If the study is not open, the reader has withdrawn, or no reason is given.
    """
    with transaction.atomic():
        study = lock_study(reader.study)  # no answer comes in between
        if study.state != Study.State.OPEN:
            raise DomainError(f"Study {study.slug} is {study.get_state_display().lower()}; nobody begins anew in it.")
        if reader.withdrawn_at:
            raise DomainError(f"Reader {reader.code} has withdrawn.")
        former = Sequence.objects.get(reader=reader)
        kept = Reading.objects.filter(item__sequence=former).values("item").distinct().count()
        Sequence.objects.filter(pk=former.pk).update(reader=None, former_reader=reader, superseded_at=timezone.now())
        sequence = draw_sequence(reader=reader, draw=former.draw + 1, rotation=former.rotation)
        Reader.objects.filter(pk=reader.pk).update(instructed_at=None)
        change = f"Reader {reader.code} begins anew in an order of their own; {kept} readings so far do not count."
        amend(study=study, actor=actor, change=change, reason=reason)
        told = {"reader": reader.code, "reason": reason, "kept": kept, "order_sha256": order_sha256(sequence)}
        audit.record(actor=actor, action="reset reader", study=study, **told)
    return sequence
