"""Archives that staff sent, while they wait to be imported: in `DATA_ROOT/uploads`, under random names.

An archive holds what must not be kept: names of files, headers. It goes as soon as its import has ended, well or
not; what nobody waits for any more, as after a kill, goes after an hour.
"""

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.archives import unpack_archive

STRAY_AFTER = timedelta(hours=1)
_KEY = re.compile(r"[0-9a-f]{32}")


def uploads_folder() -> Path:
    folder: Path = settings.DATA_ROOT / "uploads"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def keep_upload(path: Path) -> str:
    """Move an archive that has arrived to where it waits; return the key by which it is imported."""
    key = secrets.token_hex(16)
    shutil.move(path, _archive(key))
    return key


@contextmanager
def unpacked_upload(key: str) -> Iterator[Path]:
    """Unpack an upload for as long as it is read."""
    archive, folder = _archive(key), uploads_folder() / key
    if not archive.is_file():
        raise DomainError("The archive is no longer there; send it again.")
    shutil.rmtree(folder, ignore_errors=True)  # of a worker that was killed
    folder.mkdir(mode=0o700)
    try:
        yield unpack_archive(archive, folder, free_bytes=shutil.disk_usage(folder).free)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def forget_upload(key: str) -> None:
    _archive(key).unlink(missing_ok=True)
    shutil.rmtree(uploads_folder() / key, ignore_errors=True)


def remove_stray_uploads(*, wanted: set[str]) -> None:
    """Delete what no import waits for, and what was cut off while it arrived."""
    oldest = (timezone.now() - STRAY_AFTER).timestamp()
    for path in uploads_folder().iterdir():
        if path.stem not in wanted and path.stat().st_mtime < oldest:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _archive(key: str) -> Path:
    if not _KEY.fullmatch(key):
        raise ValueError("not the key of an upload")
    return uploads_folder() / f"{key}.zip"
