"""Where bytes are kept: files under random names, with ranged reads.

Local files under `DATA_ROOT/store` now; another place is another class with these five methods. A file is
written whole or not at all, its SHA-256 is kept in its `StoredFile` row, and its name says nothing about it.
"""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from django.conf import settings
from django.db import transaction

from readerstudy.models.stored_file import StoredFile


class StoreError(OSError):
    """A file of the store is missing, or is not what was stored."""


class Store(Protocol):
    def write(self, write_to: Callable[[BinaryIO], object]) -> StoredFile: ...
    def read(self, file: StoredFile) -> bytes: ...
    def read_range(self, file: StoredFile, start: int, stop: int) -> bytes: ...
    def delete(self, key: str) -> None: ...
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

    def free_bytes(self) -> int:
        self.root.mkdir(parents=True, exist_ok=True)
        usage = os.statvfs(self.root)
        return usage.f_bavail * usage.f_frsize

    def _path(self, key: str) -> Path:
        return self.root / key[:2] / key


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

    Whatever goes wrong inside, no file stays without its row.
    """
    store = get_store()
    shelf = Shelf(store)
    try:
        yield shelf
    except BaseException:
        for file in shelf.files:
            store.delete(file.key)
        raise


def discard(file: StoredFile) -> None:
    """Delete a file's row now and the file itself once the transaction holds."""
    key = file.key
    file.delete()
    transaction.on_commit(lambda: get_store().delete(key))
