"""Zip archives as they come, and as nobody should pack them."""

import io
import stat
import struct
import zipfile
from pathlib import Path


def pack(path: Path, files: dict[str, bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return path


def pack_folder(path: Path, folder: Path, *, inside: str = "") -> Path:
    files = {f"{inside}{file.relative_to(folder)}": file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    return pack(path, files)


def pack_link(path: Path, name: str, target: str) -> Path:
    entry = zipfile.ZipInfo(name)
    entry.create_system = 3  # Unix
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr(entry, target)
    return path


def pack_encrypted(path: Path, name: str) -> Path:
    """Set the flag by which a zip says that an entry has a password, in both of its headers."""
    content = bytearray(pack(path, {name: b"secret"}).read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    path.write_bytes(content)
    return path


def pack_lying(path: Path, name: str, content: bytes, *, promised: int) -> Path:
    """Promise another size of an entry than it unpacks to."""
    raw = bytearray(pack(path, {name: content}).read_bytes())
    for signature, size in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", raw, raw.index(signature) + size, promised)
    path.write_bytes(raw)
    return path


def pack_many(path: Path, count: int) -> Path:
    return pack(path, {f"{number}.txt": b"" for number in range(count)}, compression=zipfile.ZIP_STORED)


def nested(files: dict[str, bytes]) -> bytes:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return inner.getvalue()
