"""Where bytes are kept: files under random names, with ranged reads.

A file is written whole or not at all, its SHA-256 is kept in its `StoredFile` row, and its name says nothing
about it. Where the bytes lie is the business of `STORAGES["store"]`: a folder, or a bucket (`readerstudy.storage`).
"""

import hashlib
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast
from uuid import UUID

from django.core.files.base import File
from django.core.files.storage import storages
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from readerstudy.models.stored_file import ShelvedFile, StoredFile
from readerstudy.storage.listing import RangedStorage, StoredName, stored_name

logger = logging.getLogger(__name__)

ORPHAN_AFTER = timedelta(days=2)  # longer than any import takes
INCOMING = "incoming/"  # names what is being written
PARTIAL = ".partial"
_CHUNK_BYTES = 1 << 20


class StoreError(OSError):
    """A file of the store is missing, or is not what was stored."""


class Store:
    """Files by their key, over a storage of Django's."""

    def __init__(self, storage: RangedStorage) -> None:
        self.storage = storage

    def write(self, write_to: Callable[[BinaryIO], object], *, key: str | None = None) -> StoredFile:
        """Store what `write_to` writes, and return its row, not saved yet: save it where its owner is saved."""
        key = key or new_key()
        path = self._partial(key)
        try:
            with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
                write_to(file)
                file.flush()
                os.fsync(file.fileno())
                size = file.seek(0, os.SEEK_END)
                file.seek(0)
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
                self.storage.save(name_of(key), _Written(file, str(path)))
        finally:
            path.unlink(missing_ok=True)
        return StoredFile(key=key, sha256=sha256, size=size)

    def read(self, file: StoredFile) -> bytes:
        """Return the whole file; one that no longer hashes to what was stored is an error."""
        try:
            with self.storage.open(name_of(file.key)) as opened:
                content = bytes(opened.read())
        except FileNotFoundError:
            raise self._missing(file) from None
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise StoreError(f"Stored file {file.key} is damaged: its SHA-256 is not the one stored.")
        return content

    def read_pieces(self, file: StoredFile) -> Iterator[bytes]:
        """Return the file piece by piece; one that no longer hashes to what was stored is an error in the end."""
        digest = hashlib.sha256()
        try:
            with self.storage.open(name_of(file.key)) as opened:
                while piece := opened.read(_CHUNK_BYTES):
                    digest.update(piece)
                    yield piece
        except FileNotFoundError:
            raise self._missing(file) from None
        if digest.hexdigest() != file.sha256:
            raise StoreError(f"Stored file {file.key} is damaged: its SHA-256 is not the one stored.")

    def read_range(self, file: StoredFile, start: int, stop: int) -> bytes:
        """Return bytes `start` to `stop` (exclusive) with one read."""
        try:
            content = self.storage.read_range(name_of(file.key), start, stop) if stop <= file.size else b""
        except FileNotFoundError:
            raise self._missing(file) from None
        if len(content) != stop - start:
            raise StoreError(f"Stored file {file.key} ends before byte {stop}.")
        return content

    def sha256(self, file: StoredFile) -> str | None:
        """Return what the file hashes to now, read piece by piece; None where it is missing."""
        digest = hashlib.sha256()
        try:
            with self.storage.open(name_of(file.key)) as opened:
                while piece := opened.read(_CHUNK_BYTES):
                    digest.update(piece)
        except FileNotFoundError:
            return None
        return digest.hexdigest()

    def delete(self, key: str) -> None:
        """Delete a file, and what a killed writer may have left of it."""
        self.storage.delete(name_of(key))
        self._partial(key).unlink(missing_ok=True)

    def list_files(self) -> Iterator[StoredName]:
        """Name everything in the store, strange files too, and what is or was being written."""
        yield from self.storage.list_names()
        for path in self.storage.incoming().iterdir():
            with suppress(FileNotFoundError):  # finished since it was listed
                yield stored_name(f"{INCOMING}{path.name}", path.stat())

    def remove(self, name: str) -> None:
        """Delete a file by its name in `list_files`."""
        if name.startswith(INCOMING):
            (self.storage.incoming() / name.removeprefix(INCOMING)).unlink(missing_ok=True)
        else:
            self.storage.delete(name)

    def free_bytes(self) -> int | None:
        """Return the room that is left; None where no limit is known."""
        return self.storage.free_bytes()

    def _partial(self, key: str) -> Path:
        return self.storage.incoming() / f"{key}{PARTIAL}"

    def _missing(self, file: StoredFile) -> StoreError:
        return StoreError(f"Stored file {file.key} is missing from {self.storage.describe()}.")


class _Written(File):  # type: ignore[type-arg]  # generic in the stubs alone
    """A file that a storage on the same disk renames into place, as it does with Django's uploads."""

    def __init__(self, file: BinaryIO, path: str) -> None:
        super().__init__(file, name=path)
        self._path = path

    def temporary_file_path(self) -> str:
        return self._path


def new_key() -> str:
    return secrets.token_hex(16)


def name_of(key: str) -> str:
    """Return a key's name in its storage."""
    return f"{key[:2]}/{key}"


def get_store() -> Store:
    return Store(cast(RangedStorage, storages["store"]))


class Shelf:
    """Files written within `storing()`: kept when its block ends well, removed when it does not."""

    def __init__(self, store: Store, claim: UUID | None) -> None:
        self._store = store
        self._claim = claim
        self.files: list[StoredFile] = []

    def write(self, write_to: Callable[[BinaryIO], object]) -> StoredFile:
        key = new_key()
        if self._claim:
            ShelvedFile.objects.create(key=key, claim=self._claim)
        file = self._store.write(write_to, key=key)
        self.files.append(file)
        return file

    def save_rows(self) -> None:
        """Give every file its row, in the transaction that saves their owners."""
        StoredFile.objects.bulk_create(self.files)
        self._forget_claim()

    def clear(self) -> None:
        for file in self.files:
            self._store.delete(file.key)
        self._forget_claim()

    def _forget_claim(self) -> None:
        if self._claim:
            ShelvedFile.objects.filter(claim=self._claim).delete()


@contextmanager
def storing(claim: UUID | None = None) -> Iterator[Shelf]:
    """Write files and their rows together: `with storing() as shelf, transaction.atomic(): …`.

    Whatever goes wrong inside, no file stays without its row; but where the database fell silent, its commit may
    have held all the same, and where the process was killed, nobody is left. What was written under a job's `claim`
    is known by name and removed as soon as another claims the job (`remove_shelved`); `remove_orphans` looks later.
    """
    shelf = Shelf(get_store(), claim)
    try:
        yield shelf
    except (OperationalError, InterfaceError):
        raise
    except BaseException:
        shelf.clear()
        raise


def forget_files(keys: list[str]) -> None:
    """Delete files' rows, and the files once the transaction holds."""
    StoredFile.objects.filter(key__in=keys).delete()
    store = get_store()
    for key in keys:
        transaction.on_commit(lambda key=key: store.delete(key))  # type: ignore[misc]  # mypy knows no such default


def remove_shelved(*, live_claims: set[UUID]) -> None:
    """Delete what claims left that no job holds any more: their workers were killed, or fell silent."""
    left = list(ShelvedFile.objects.exclude(claim__in=live_claims))
    if not left:
        return
    stored = set(StoredFile.objects.filter(key__in=[file.key for file in left]).values_list("key", flat=True))
    store = get_store()
    for file in left:
        if file.key not in stored:  # a commit may have held although nobody heard of it
            store.delete(file.key)
        file.delete()
    logger.warning("Removed %d files of workers that did not finish", len(left) - len(stored))


def remove_orphans() -> None:
    """Delete files that have had no row for so long that nobody can still be about to write it."""
    store = get_store()
    for name in orphans(store, before=timezone.now() - ORPHAN_AFTER):
        logger.warning("Stored file %s belongs to nothing and is removed", name)
        store.remove(name)


def orphans(store: Store, *, before: datetime) -> list[str]:
    """Return the names of files that have no row, are on no worker's shelf, and were written before a moment."""
    old = {file.name for file in store.list_files() if file.written_at < before}
    shelved = set(ShelvedFile.objects.values_list("key", flat=True))
    known = {name_of(key) for key in {*StoredFile.objects.values_list("key", flat=True), *shelved}}
    return sorted(old - known - {f"{INCOMING}{key}{PARTIAL}" for key in shelved})
