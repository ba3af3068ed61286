"""What readers are told after a study. Reachable by readers: it knows what closing wrote for them, and no truth."""

from __future__ import annotations

from typing import Any

from readerstudy.models.debrief import Debrief
from readerstudy.models.reader import Reader


def find_debrief(reader: Reader) -> dict[str, Any] | None:
    """Return the reader's own debrief; none before the study is closed, nor where its design says so."""
    debrief = Debrief.objects.filter(reader=reader).first()
    return debrief.payload if debrief else None
