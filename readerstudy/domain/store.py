"""Where bytes are kept: files under random names, with ranged reads.

Local files under `DATA_ROOT/store` now; another place is another class with these six methods. A file is
written whole or not at all, its SHA-256 is kept in its `StoredFile` row, and its name says nothing about it.
"""

import hashlib
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from readerstudy.models.stored_file import StoredFile

logger = logging.getLogger(__name__)

ORPHAN_AFTER = timedelta(days=2)  # longer than any import takes


class StoreError(OSError):
    """A file of the store is missing, or is not what was stored."""


class Store(Protocol):
    def write(self, write_to: Callable[[BinaryIO], object]) -> StoredFile: ...
    def read(self, file: StoredFile) -> bytes: ...
    def read_range(self, file: StoredFile, start: int, stop: int) -> bytes: ...
    def delete(self, key: str) -> None: ...
    def keys_before(self, moment: datetime) -> Iterator[str]: ...
    def free_bytes(self) -> int: ...


class LocalStore:
    """Files in a folder, spread over 256 subfolders."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, write_to: Callable[[BinaryIO], object]) -> StoredFile:
        """Store what `write_to` writes, and return its row, not saved yet: save it where its owner is saved."""
        key = secrets.token_hex(16)
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        try:
            with partial.open("w+b") as file:
                write_to(file)
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
                file.seek(0)
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            partial.rename(path)
            _sync_folder(path.parent)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        return StoredFile(key=key, sha256=sha256, size=size)

    def read(self, file: StoredFile) -> bytes:
        """Return the whole file; one that no longer hashes to what was stored is an error."""
        try:
            content = self._path(file.key).read_bytes()
        except FileNotFoundError:
            raise StoreError(f"Stored file {file.key} is missing from {self.root}.") from None
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise StoreError(f"Stored file {file.key} is damaged: its SHA-256 is not the one stored.")
        return content

    def read_range(self, file: StoredFile, start: int, stop: int) -> bytes:
        """Return bytes `start` to `stop` (exclusive) with one read."""
        try:
            descriptor = os.open(self._path(file.key), os.O_RDONLY)
        except FileNotFoundError:
            raise StoreError(f"Stored file {file.key} is missing from {self.root}.") from None
        try:
            content = os.pread(descriptor, stop - start, start)
        finally:
            os.close(descriptor)
        if len(content) != stop - start:
            raise StoreError(f"Stored file {file.key} ends before byte {stop}.")
        return content

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def keys_before(self, moment: datetime) -> Iterator[str]:
        """Name the files written before a moment, unfinished ones too."""
        for path in self.root.glob("??/*"):
            if path.stat().st_mtime < moment.timestamp():
                yield path.name

    def free_bytes(self) -> int:
        self.root.mkdir(parents=True, exist_ok=True)
        usage = os.statvfs(self.root)
        return usage.f_bavail * usage.f_frsize

    def _path(self, key: str) -> Path:
        return self.root / key[:2] / key


def _sync_folder(folder: Path) -> None:
    """Have the folder's entries survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def get_store() -> Store:
    return LocalStore(settings.DATA_ROOT / "store")


class Shelf:
    """Files written within `storing()`: kept when its block ends well, removed when it does not."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.files: list[StoredFile] = []

    def write(self, write_to: Callable[[BinaryIO], object]) -> StoredFile:
        file = self._store.write(write_to)
        self.files.append(file)
        return file


@contextmanager
def storing() -> Iterator[Shelf]:
    """Write files and their rows together: `with storing() as shelf, transaction.atomic(): …`.

    Whatever goes wrong inside, no file stays without its row; but where the database fell silent, its commit may
    have held all the same, and where the process was killed, nobody is left: `remove_orphans` looks later.
    """
    store = get_store()
    shelf = Shelf(store)
    try:
        yield shelf
    except (OperationalError, InterfaceError):
        raise
    except BaseException:
        for file in shelf.files:
            store.delete(file.key)
        raise


def remove_orphans() -> None:
    """Delete files that have had no row for so long that nobody can still be about to write it."""
    store = get_store()
    old = set(store.keys_before(timezone.now() - ORPHAN_AFTER))
    for key in old.difference(StoredFile.objects.values_list("key", flat=True)):
        logger.warning("Stored file %s belongs to nothing and is removed", key)
        store.delete(key)
