"""The file itself: a ZIP of rows as JSON lines, stored files as they are, and a manifest with the SHA-256 of each.

`manifest.json` is the last member: format, study, versions, and for each other member its SHA-256 and size.
`rows/KIND.jsonl` holds a JSON object a line, `files/KEY` a stored file. No other name is taken, and none becomes a
path: rows and files get new keys when they are restored.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from readerstudy.domain.errors import DomainError

FORMAT = 1
KIND = "readerstudy study archive"
MANIFEST = "manifest.json"
ROWS = "rows/{}.jsonl"
FILES = "files/{}"
MEMBER = re.compile(r"rows/[a-z]{1,40}\.jsonl|files/[0-9a-f]{32}")
DAY = (1980, 1, 1, 0, 0, 0)  # of every member: the same study gives the same bytes
CHUNK_BYTES = 1 << 20
LARGEST_MANIFEST = 64 << 20
LONGEST_LINE = 256 << 20
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)
"""What reading a damaged ZIP may raise."""


class DamagedError(DomainError):
    """The file is not, or no longer, what was archived."""


@dataclass(frozen=True)
class Member:
    sha256: str
    size: int


class ArchiveWriter:
    """Writes members piece by piece, and the manifest over them."""

    def __init__(self, target: zipfile.ZipFile) -> None:
        self._zip = target
        self._members: dict[str, dict[str, Any]] = {}

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        info = zipfile.ZipInfo(name, DAY)
        info.compress_type = zipfile.ZIP_DEFLATED if name.endswith(".jsonl") else zipfile.ZIP_STORED
        digest, size = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=True) as member:
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                member.write(piece)
        self._members[name] = {"sha256": digest.hexdigest(), "bytes": size}

    def finish(self, about: dict[str, Any]) -> None:
        content = {"kind": KIND, "format": FORMAT, **about, "members": self._members}
        self._zip.writestr(zipfile.ZipInfo(MANIFEST, DAY), json.dumps(content, indent=1))


class ArchiveReader:
    """An archive whose manifest fits its members; `check` has read them all and compared."""

    def __init__(self, opened: zipfile.ZipFile, manifest: dict[str, Any]) -> None:
        self._zip = opened
        self.manifest = manifest
        self.members = {name: Member(one["sha256"], one["bytes"]) for name, one in manifest["members"].items()}

    @property
    def size(self) -> int:
        return sum(member.size for member in self.members.values())

    def check(self) -> None:
        for name in self.members:
            for _ in self.pieces(name):
                pass

    def pieces(self, name: str) -> Iterator[bytes]:
        """Return a member piece by piece, no more than the manifest says there is, compared in the end."""
        expected, digest, size = self.members[name], hashlib.sha256(), 0
        try:
            with self._zip.open(name) as member:
                while piece := member.read(CHUNK_BYTES):
                    digest.update(piece)
                    size += len(piece)
                    if size > expected.size:
                        break
                    yield piece
        except UNREADABLE as error:
            raise DamagedError(f"The archive is damaged: {name} can't be read ({error}).") from None
        if (digest.hexdigest(), size) != (expected.sha256, expected.size):
            raise DamagedError(f"The archive is damaged: {name} is not what its manifest says.")

    def lines(self, name: str) -> Iterator[dict[str, Any]]:
        """Return the objects of a member of rows."""
        left = b""
        for piece in self.pieces(name):
            *whole, left = (left + piece).split(b"\n")
            if len(left) > LONGEST_LINE:
                raise DamagedError(f"The archive is damaged: a line of {name} has no end.")
            for line in whole:
                yield _object(line, name)
        if left:
            raise DamagedError(f"The archive is damaged: {name} ends in mid-line.")


@contextmanager
def open_archive(path: Path) -> Iterator[ArchiveReader]:
    """Open an archive whose manifest can be read.

    Raises
    ------
    DomainError
        If it is no archive of a study, is cut off, or was made by a newer version.
    """
    with _opened(path) as file:
        try:
            opened = zipfile.ZipFile(file)
            names = [info.filename for info in opened.infolist()]
            with opened.open(MANIFEST) as member:
                manifest = json.loads(member.read(LARGEST_MANIFEST))
        except KeyError:
            raise DamagedError(f"{path.name} is no archive of a study, or is cut off (it has no {MANIFEST}).") from None
        except UNREADABLE as error:
            raise DamagedError(f"{path.name} is no archive of a study, or is cut off ({error}).") from None
        _check_manifest(path, manifest, names)
        yield ArchiveReader(opened, manifest)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise DomainError(f"{path} can't be read: {error.strerror}.") from None
    with file:
        yield file


def _check_manifest(path: Path, manifest: Any, names: list[str]) -> None:
    if not isinstance(manifest, dict) or manifest.get("kind") != KIND:
        raise DamagedError(f"{path.name} is no archive of a study.")
    if manifest.get("format") != FORMAT:
        found = f"has format {manifest.get('format')}, this version reads {FORMAT}"
        raise DomainError(f"{path.name} {found}; restore it with a newer one.")
    members = manifest.get("members")
    if not isinstance(members, dict) or not all(_is_member(name, one) for name, one in members.items()):
        raise DamagedError(f"{path.name} names members that no archive of a study has.")
    if sorted(names) != sorted([*members, MANIFEST]):
        raise DamagedError(f"{path.name} does not hold what its manifest names.")


def _is_member(name: str, one: Any) -> bool:
    return (
        MEMBER.fullmatch(name) is not None
        and isinstance(one, dict)
        and isinstance(one.get("sha256"), str)
        and type(one.get("bytes")) is int
    )


def _object(line: bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise DamagedError(f"The archive is damaged: a line of {name} is no row.")
    return found
