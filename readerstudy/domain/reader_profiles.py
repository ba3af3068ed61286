"""What a reader says of themselves: years of experience and specialty. Staff may say it first; the reader confirms."""

from __future__ import annotations

from readerstudy.domain.errors import DomainError
from readerstudy.domain.texts import check_text

MAX_YEARS = 80
MAX_SPECIALTY = 120


def check_profile(*, years: int | None, specialty: str) -> None:
    """Refuse what can't be a reader's profile.

    Raises
    ------
    DomainError
    """
    if years is not None and not 0 <= years <= MAX_YEARS:
        raise DomainError(f"Years of experience must lie between 0 and {MAX_YEARS}, not {years}.")
    check_text(specialty, what="The specialty", longest=MAX_SPECIALTY)
