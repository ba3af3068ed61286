"""What an export holds, by hash: `sha256sum --check SHA256SUMS` says whether a file was changed."""

import hashlib
from pathlib import Path

NAME = "SHA256SUMS"


def write_manifest(folder: Path) -> Path:
    """Write the SHA-256 of every file under `folder`, in the form that `sha256sum --check` reads."""
    manifest = folder / NAME
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != manifest)
    lines = [f"{_sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
    manifest.write_text("".join(lines), encoding="utf-8", newline="\n")
    return manifest


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
