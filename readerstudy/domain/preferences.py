"""How a reader likes the viewer: kept as the reader's own browser gave it, and given to nobody else."""

from __future__ import annotations

import json

from readerstudy.domain.errors import DomainError
from readerstudy.domain.wire import parse_object
from readerstudy.models.reader import Reader

LARGEST_BYTES = 4096


def keep_preferences(*, reader: Reader, data: object) -> None:
    """Replace the reader's preferences, whole.

    Raises
    ------
    DomainError
        If they are no JSON object of at most `LARGEST_BYTES`.
    """
    preferences = parse_object(data, what="Preferences")
    try:
        size = len(json.dumps(preferences, allow_nan=False, ensure_ascii=False).encode())
    except (ValueError, RecursionError):  # NaN; half a surrogate pair, which no database takes
        raise DomainError("Preferences must be plain JSON.") from None
    if size > LARGEST_BYTES or "\\u0000" in json.dumps(preferences):
        raise DomainError(f"Preferences must be plain JSON of at most {LARGEST_BYTES:,} bytes.")
    Reader.objects.filter(pk=reader.pk).update(preferences=preferences)
