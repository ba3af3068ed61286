"""The display check before a sitting: recorded whatever it finds, and asked for again after a long break."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.utils import timezone

from readerstudy.models.display_check import DisplayCheck
from readerstudy.models.reader import Reader
from readerstudy.models.reading import Reading

SITTING_ENDS_AFTER = timedelta(hours=1)  # without an answer; also in static/readerstudy/js/reading/timing.js


def record_display_check(*, reader: Reader, found: Mapping[str, Any]) -> DisplayCheck:
    """Store what a reader saw of the test pattern, and on which screen; `found` holds the row's columns."""
    return DisplayCheck.objects.create(reader=reader, **found)


def sitting_check(*, reader: Reader) -> DisplayCheck | None:
    """Return the check that the reader's present sitting began with, or None where a sitting is to begin."""
    check = DisplayCheck.objects.filter(reader=reader).last()
    if check is None:
        return None
    last_reading = Reading.objects.filter(item__sequence__reader=reader).order_by("-received_at").first()
    last_active = max(check.at, last_reading.received_at) if last_reading else check.at
    return check if timezone.now() - last_active < SITTING_ENDS_AFTER else None
