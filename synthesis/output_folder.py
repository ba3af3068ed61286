"""An output folder that appears whole or not at all."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from synthesis.errors import UnusableInput


class UnusableOutput(UnusableInput):
    """The output folder cannot be written."""


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Give a folder to write in that becomes `out` at the end, or is removed on any failure."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UnusableOutput(f"{out} exists and is not an empty folder; name another with --out.")
    partial = out.parent / f".{out.name}.{uuid.uuid4().hex}.partial"
    try:
        partial.mkdir(parents=True)
        yield partial
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
