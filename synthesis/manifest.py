"""A manifest: a CSV with a row for each CT and organ; docs/operations.md lists its columns."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from synthesis.errors import UnusableInput


class UnusableManifest(UnusableInput):
    """A manifest names nothing that can be used."""


def read_rows(manifest: Path, *, needed: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of a manifest, every cell stripped; columns that a row lacks are empty.

    Raises
    ------
    UnusableManifest
        If the file is no CSV, lacks a needed column, or has no row.
    """
    try:
        with manifest.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="")
            rows = [{key: (value or "").strip() for key, value in row.items() if key} for row in reader]
            columns = reader.fieldnames or []
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnusableManifest(f"{manifest.name} is no CSV ({error}); see docs/operations.md.") from error
    for name in needed:
        if name not in columns:
            raise UnusableManifest(f"{manifest.name} has no column {name}; see docs/operations.md for a manifest.")
    if not rows:
        raise UnusableManifest(f"{manifest.name} has no rows; name one case in each.")
    return rows


def parse_labels(text: str) -> list[int]:
    """Return the values that a label column names, such as ``2`` or ``2;3``; none where it is empty."""
    try:
        return [int(part) for part in text.replace(",", ";").split(";") if part.strip()]
    except ValueError:
        raise UnusableManifest(f"the label '{text}' is no whole number; use 2 or 2;3") from None
