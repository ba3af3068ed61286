"""What people write: reasons, comments, consent. No text: letters that turn it round, or that a database can't hold."""

from __future__ import annotations

from readerstudy.domain.errors import DomainError


def check_text(text: object, *, what: str, longest: int) -> str:
    """Return a text of one or more lines, without blanks around it; it may be empty.

    Raises
    ------
    DomainError
        If it is none, is too long, or holds control letters.
    """
    told = text.replace("\r\n", "\n").strip() if isinstance(text, str) else None
    if told is None or len(told) > longest or not all(one.isprintable() or one in "\n\t" for one in told):
        raise DomainError(f"{what} must be text of up to {longest:,} printable letters.")
    return told
