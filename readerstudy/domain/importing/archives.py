"""Zip archives from outside: unpacked whole into an empty folder, or refused with one sentence.

Everything that the archive promises is judged before anything is written, and what is written is counted, so that
an archive that lies about its sizes goes no further than it promised.
"""

import os
import stat
import struct
import zipfile
import zlib
from io import FileIO
from pathlib import Path, PurePosixPath

from readerstudy.domain.errors import DomainError

MAX_ENTRIES = 20_000
MAX_UNPACKED_BYTES = 20 * 1024**3
MAX_RATIO = 50  # unpacked bytes for each packed one, of the whole archive: CTs reach 4
ALWAYS_ALLOWED_BYTES = 64 * 1024**2  # however well it is packed
MAX_DIRECTORY_BYTES = 16 * 1024**2  # of the list of entries, which is held in memory
MAX_DEPTH = 20
MAX_NAME_BYTES = 255
_CHUNK_BYTES = 1 << 20
_ENCRYPTED = 0x1
_PASSED_OVER = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")
_NESTED = (".zip", ".7z", ".rar", ".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tbz2", ".txz")
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, RuntimeError, ValueError)


class _ModestFile(FileIO):
    """A file of which nobody reads more at once than a list of entries may take."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = os.fstat(self.fileno()).st_size - self.tell()
        if size > MAX_DIRECTORY_BYTES:
            raise DomainError("The archive's list of entries is too large or damaged; pack fewer files.")
        return super().read(size) or b""


def unpack_archive(archive: Path, folder: Path, *, free_bytes: int) -> Path:
    """Unpack into the empty `folder`; return where the data set begins: inside a single top folder, or there.

    Parameters
    ----------
    free_bytes
        The room on the disk; an archive that needs more is refused before anything is written.

    Raises
    ------
    DomainError
        If it is no zip, too large, or holds what has no place in a data set; the message names the entry.
    """
    try:
        with _ModestFile(archive) as file, zipfile.ZipFile(file) as packed:
            entries = _checked_entries(packed, packed_bytes=archive.stat().st_size, free_bytes=free_bytes)
            for entry, parts in entries:
                _unpack_entry(packed, entry, folder.joinpath(*parts))
    except _DAMAGED:
        raise DomainError("The archive is damaged or no zip; pack it again.") from None
    tops = [path for path in folder.iterdir() if not path.name.startswith(".")]
    return tops[0] if len(tops) == 1 and tops[0].is_dir() else folder


Entries = list[tuple[zipfile.ZipInfo, tuple[str, ...]]]


def _checked_entries(packed: zipfile.ZipFile, *, packed_bytes: int, free_bytes: int) -> Entries:
    entries = packed.infolist()
    if len(entries) > MAX_ENTRIES:
        raise DomainError(
            f"The archive holds {len(entries)} entries, and {MAX_ENTRIES} are allowed; import it from a folder instead."
        )
    wanted: Entries = []
    files: set[tuple[str, ...]] = set()
    for entry in entries:
        parts = _checked_name(entry)
        _check_kind(entry)
        if entry.is_dir() or parts[0] in _PASSED_OVER or parts[-1] in _PASSED_OVER:
            continue
        if parts in files:
            raise _refused(entry, "is there twice", "pack the folder again")
        files.add(parts)
        wanted.append((entry, parts))
    for entry, parts in wanted:
        if any(parts[:depth] in files for depth in range(1, len(parts))):
            raise _refused(entry, "lies in what is a file too", "pack the folder again")
    _check_size(sum(entry.file_size for entry, _ in wanted), packed_bytes=packed_bytes, free_bytes=free_bytes)
    return wanted


def _checked_name(entry: zipfile.ZipInfo) -> tuple[str, ...]:
    name = entry.filename
    path = PurePosixPath(name)
    if "\\" in name or path.is_absolute() or name[1:2] == ":" or ".." in path.parts or not path.parts:
        raise _refused(entry, "leads out of the archive's own folder", "pack the folder itself, with plain names")
    too_long = any(len(part.encode(errors="replace")) > MAX_NAME_BYTES for part in path.parts)
    if not name.isprintable() or too_long or len(path.parts) > MAX_DEPTH:
        raise _refused(entry, "is no usable file name", "rename it, and pack again")
    return path.parts


def _check_kind(entry: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(entry, "is a link or no plain file", "pack the file that it stands for")
    if entry.flag_bits & _ENCRYPTED:
        raise _refused(entry, "is encrypted", "pack without a password")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused(entry, "is packed in an unusual way", "pack as a plain zip (deflate)")
    if entry.filename.lower().endswith(_NESTED):
        raise _refused(entry, "is an archive in the archive", "unpack it first, and pack the files")


def _check_size(unpacked: int, *, packed_bytes: int, free_bytes: int) -> None:
    if unpacked > MAX_UNPACKED_BYTES:
        raise DomainError(
            f"The archive unpacks to {unpacked / 1e9:.1f} GB, and {MAX_UNPACKED_BYTES / 1e9:.1f} GB are allowed;"
            " import it from a folder instead."
        )
    if unpacked > max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * packed_bytes):
        raise DomainError(
            f"The archive unpacks to {unpacked / max(1, packed_bytes):.0f} times its size, as no CTs do; pack the data"
            " set itself."
        )
    if unpacked > free_bytes:
        raise DomainError(
            f"The archive unpacks to {unpacked / 1e6:.0f} MB, and {free_bytes / 1e6:.0f} MB of disk space are free;"
            " make room, or send fewer CTs."
        )


def _unpack_entry(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    try:
        with packed.open(entry) as source, path.open("xb") as target:
            while piece := source.read(_CHUNK_BYTES):
                written += target.write(piece)
    except _DAMAGED:
        raise _refused(entry, "is damaged", "pack the folder again") from None
    if written != entry.file_size:
        raise _refused(entry, "is shorter than the archive says", "pack the folder again")


def _refused(entry: zipfile.ZipInfo, cause: str, remedy: str) -> DomainError:
    name = entry.filename if len(entry.filename) <= 120 else f"{entry.filename[:119]}…"
    return DomainError(f"The archive's {name!r} {cause}; {remedy}.")
