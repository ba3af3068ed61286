"""One hash for each reader's order, written into the trail when it is drawn."""

from itertools import groupby

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from readerstudy.domain.canonical import canonical_sha256
from readerstudy.models.sequence import Sequence, SequenceItem
from readerstudy.models.study import Study

FIELDS = (
    "sequence__draw",
    "sequence__algorithm",
    "sequence__rotation",
    "position",
    "case__code",
    "repeat_index",
    "sitting",
)


def order_sha256(sequence: Sequence) -> str:
    """Return the SHA-256 of a JSON list, as `canonical` writes it: `FIELDS` of each place, by position."""
    [(_, sha256)] = _hashes(SequenceItem.objects.filter(sequence=sequence))
    return sha256


def changed_orders(study: Study) -> list[str]:
    """Return the codes of readers one of whose orders, a former one too, is not as the trail says it was drawn."""
    drawn = study.audit_events.filter(detail__has_key="order_sha256").values_list("detail", flat=True)
    told = {(detail["reader"], detail["order_sha256"]) for detail in drawn}
    return sorted({reader for reader, _ in told - _hashes(SequenceItem.objects.filter(case__study=study))})


def _hashes(items: QuerySet[SequenceItem]) -> set[tuple[str, str]]:
    """Return whose each order is, and its SHA-256."""
    holder = Coalesce("sequence__reader__code", "sequence__former_reader__code")
    rows = items.order_by("sequence", "position").values_list("sequence", holder, *FIELDS)
    orders = groupby(rows, key=lambda row: row[:2])
    return {(reader, canonical_sha256([row[2:] for row in places])) for (_, reader), places in orders}
