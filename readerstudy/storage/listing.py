"""What a storage of the store offers beside Django's own methods."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from django.core.files.base import File


@dataclass(frozen=True)
class StoredName:
    """One file as the storage lists it."""

    name: str
    size: int
    written_at: datetime


def stored_name(name: str, found: os.stat_result) -> StoredName:
    """Describe a file on this machine's disk."""
    return StoredName(name, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))


class RangedStorage(Protocol):
    """A Django storage that reads ranges, and lists everything it holds.

    A file that is not there is a `FileNotFoundError`; whatever else goes wrong is an `OSError`.
    """

    def save(self, name: str, content: "File[bytes]") -> str: ...
    def open(self, name: str) -> "File[bytes]": ...
    def delete(self, name: str) -> None: ...
    def read_range(self, name: str, start: int, stop: int) -> bytes: ...
    def list_names(self) -> Iterator[StoredName]: ...
    def free_bytes(self) -> int | None:
        """Return the room that is left, None where no limit is known."""

    def incoming(self) -> Path:
        """Return the folder in which files are written before they are saved."""

    def describe(self) -> str:
        """Return where the files lie, for messages."""
