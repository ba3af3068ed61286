"""Going back within a sitting, where the study allows it: which cases, and what was answered."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.urls import reverse

from readerstudy.domain.blinding import case_payload, how_shown
from readerstudy.domain.errors import UnknownCaseError
from readerstudy.domain.sittings import can_change, items_of
from readerstudy.models.case import SlicePack
from readerstudy.models.reader import Reader
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import Sequence, SequenceItem

VOXEL_DECIMALS = 2


def earlier_cases(reader: Reader) -> list[dict[str, Any]]:
    """Return the answered cases of a sitting that was not ended, by number: for studies that let readers go back."""
    begun, ended = Sequence.objects.values_list("sitting_begun", "sitting_ended").get(reader=reader)
    counted = items_of(reader).filter(sitting=str(begun), case__practice=False)
    if ended == begun:
        return []
    answered = set(counted.exclude(readings=None).values_list("token", flat=True))
    tokens = counted.values_list("token", flat=True)
    return [
        {"number": n, "token": token, "url": reverse("earlier", args=[token])}
        for n, token in enumerate(tokens, start=1)
        if token in answered
    ]


def changeable_item(reader: Reader, token: str) -> SequenceItem | None:
    """Return the reader's answered case by that token, if its answer may still be changed."""
    answered = items_of(reader).filter(token=token).exclude(readings=None).distinct()
    item = answered.select_related("sequence", "case__pack__file").first()
    return item if item and can_change(reader, item) else None


def revisit(*, reader: Reader, token: str) -> dict[str, Any]:
    """Return a case as it was shown, with the reader's own answer to it.

    Raises
    ------
    UnknownCaseError
        If its answer can't be changed (any more).
    """
    item = changeable_item(reader, token)
    if item is None:
        raise UnknownCaseError("This case can't be gone back to.")
    last = Reading.objects.filter(item=item).order_by("revision").last()
    assert last is not None  # noqa: S101  the item is an answered one
    shown = case_payload(item, **how_shown(reader.study.design))
    return {"case": shown.to_json(), "answer": _as_sent(last, item.case.pack)}


def _as_sent(reading: Reading, pack: SlicePack) -> dict[str, Any]:
    """Return an answer as the reader's browser sent it."""
    return {
        "revision": reading.revision,
        "label": reading.label,
        "rating": reading.rating,
        "comment": reading.comment,
        "mark": _voxel(reading.mark_mm, pack) if reading.mark_mm else None,
        "attributes": reading.attributes,
    }


def _voxel(mm: list[float], pack: SlicePack) -> dict[str, float]:
    at = np.linalg.solve(np.asarray(pack.affine, dtype=np.float64), [*mm, 1.0])[:3]
    return dict(zip(("slice", "row", "column"), (round(float(index), VOXEL_DECIMALS) for index in at), strict=True))
