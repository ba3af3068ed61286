"""Readers in a browser's session: of each study one, of whom one reads now.

A reader has one session that counts, the newest: it alone knows the reader's present `session_number`.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.auth import logout
from django.http import HttpRequest

from readerstudy.domain.returning import begin_session
from readerstudy.models.reader import Reader

READER_KEY = "reader_id"  # who reads now
NUMBERS_KEY = "reader_sessions"  # everybody held here: key -> the number that counts for as long as it is the reader's


def session_reader(request: HttpRequest) -> Reader | None:
    """Return who reads now, if this is the reader's session still."""
    key = str(request.session.get(READER_KEY))
    number = _numbers(request).get(key)
    if number is None:
        return None
    return Reader.objects.select_related("study").filter(pk=key, session_number=number).first()


def is_over(request: HttpRequest) -> bool:
    """Return whether somebody read here, and goes on elsewhere or no more."""
    return READER_KEY in request.session and session_reader(request) is None


def held_readers(request: HttpRequest) -> list[Reader]:
    """Return everybody whose session here counts, by study."""
    numbers = _numbers(request)
    readers = Reader.objects.filter(pk__in=numbers).select_related("study").order_by("study__title", "study_id")
    return [reader for reader in readers if numbers[str(reader.pk)] == reader.session_number]


def begin_reader_session(request: HttpRequest, reader: Reader) -> None:
    """Let the reader read here and nowhere else.

    A staff login in the same browser ends, so that nobody is both at once; so does the session of another reader of
    the same study. Readers of other studies, most likely the same person, stay.
    """
    kept = {str(held.pk): held.session_number for held in held_readers(request) if held.study_id != reader.study_id}
    logout(request)
    request.session.cycle_key()
    request.session[NUMBERS_KEY] = kept | {str(reader.pk): begin_session(reader=reader)}
    request.session[READER_KEY] = reader.pk


def switch_reader(request: HttpRequest, reader: Reader) -> None:
    """Go on as another of the readers held here."""
    request.session[READER_KEY] = reader.pk


def leave_readers(request: HttpRequest) -> None:
    """Let nobody read here any more, while the session goes on as somebody else's."""
    for key in (READER_KEY, NUMBERS_KEY):
        request.session.pop(key, None)


def end_reader_sessions(request: HttpRequest) -> None:
    """Sign everybody out of this browser."""
    request.session.flush()


def _numbers(request: HttpRequest) -> Mapping[str, int]:
    numbers: Mapping[str, int] = request.session.get(NUMBERS_KEY, {})
    return numbers
