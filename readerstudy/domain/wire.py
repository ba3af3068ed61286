"""Checks of what a reader's browser sends, shared by answers and reports."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from readerstudy.domain.errors import DomainError
from readerstudy.domain.texts import check_text


def parse_object(data: object, *, what: str) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise DomainError(f"{what} must be a JSON object.")
    return data


def parse_submission(data: Mapping[str, Any], *, what: str) -> uuid.UUID:
    try:
        return uuid.UUID(str(data.get("submission")))
    except ValueError:
        raise DomainError(f"{what} needs its submission, a UUID.") from None


def parse_text(data: Mapping[str, Any], name: str, *, longest: int) -> str:
    """Return a text of one or more lines; empty where there is none."""
    return check_text(data.get(name, ""), what=name, longest=longest)
