"""The store on this machine's disk: `DATA_ROOT/store`, files spread over 256 folders."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage

from readerstudy.storage.listing import StoredName, stored_name


class FolderStorage(FileSystemStorage):
    """Django's file storage, made durable: what `save` returned from survives a loss of power."""

    def __init__(self) -> None:
        super().__init__(file_permissions_mode=0o600)

    @property
    def location(self) -> str:
        return str(settings.DATA_ROOT / "store")

    def read_range(self, name: str, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to `stop` (exclusive), fewer where the file ends, with one read."""
        descriptor = os.open(self.path(name), os.O_RDONLY)
        try:
            return os.pread(descriptor, stop - start, start)
        finally:
            os.close(descriptor)

    def list_names(self) -> Iterator[StoredName]:
        for path in Path(self.location).glob("??/*"):
            with suppress(FileNotFoundError):  # removed since it was listed
                yield stored_name(f"{path.parent.name}/{path.name}", path.stat())

    def free_bytes(self) -> int | None:
        usage = os.statvfs(self.incoming())
        return usage.f_bavail * usage.f_frsize

    def incoming(self) -> Path:
        folder = Path(self.location) / "incoming"  # on the disk of the store, so that saving only renames
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def describe(self) -> str:
        return self.location

    def _save(self, name: str, content: "File[bytes]") -> str:
        saved: Any = super()._save(name, content)  # type: ignore[misc]  # the stubs leave Django's hook out
        _sync_folder(Path(self.path(saved)).parent)
        return str(saved)


def _sync_folder(folder: Path) -> None:
    """Have the folder's entries survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
