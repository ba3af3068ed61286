"""The folder of `IMPORT_ROOT`, whose sub-folders staff may import: what is in it, and nothing beside it."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from readerstudy.domain.errors import DomainError

MOST_ENTRIES = 500


@dataclass(frozen=True)
class Entry:
    name: str
    place: str  # below the root


@dataclass(frozen=True)
class Listing:
    """One folder below the root: `above` leads to it, `places` are what can be chosen next."""

    place: str
    above: tuple[Entry, ...]
    folders: tuple[Entry, ...]
    manifests: tuple[Entry, ...]
    files: int
    cut: bool


def resolve_source(place: str) -> Path:
    """Return the folder or file at a place below the root, which must lie inside once links are followed.

    Raises
    ------
    DomainError
        If there is no root, nothing at the place, or it lies outside.
    """
    root = _root()
    try:
        path = (root / place).resolve()
        inside, there = path.is_relative_to(root), path.exists()
    except (OSError, ValueError, RuntimeError):  # too long a name, a zero byte, links in a circle
        inside, there = True, False
    if not inside:  # said first, so that nobody learns what is there and what is not
        raise DomainError(f"{place!r} lies outside the import folder; choose a folder inside it.")
    if not there:
        raise DomainError(f"There is nothing at {place!r} in the import folder; choose another.")
    return path


def list_source(place: str) -> Listing:
    """List a folder below the root: its folders and CSV files, hidden ones and what leads outside left out."""
    root = _root()
    folder = resolve_source(place)
    if not folder.is_dir():
        raise DomainError(f"{place!r} is a file; choose the folder that holds it.")
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DomainError(f"{place!r} can't be read ({error.strerror}); see its permissions.") from None
    inside = [path for path in entries if _is_inside(path, root)]
    folders = [path for path in inside if path.is_dir()]
    manifests = [path for path in inside if path.suffix.lower() == ".csv" and path.is_file()]
    here = folder.relative_to(root)
    above = [Entry(part, "/".join(here.parts[: depth + 1])) for depth, part in enumerate(here.parts)]
    return Listing(
        place="" if here == Path() else str(here),
        above=tuple(above),
        folders=_entries(folders, root),
        manifests=_entries(manifests, root),
        files=len(inside) - len(folders),
        cut=len(folders) > MOST_ENTRIES or len(manifests) > MOST_ENTRIES,
    )


def has_import_root() -> bool:
    return settings.IMPORT_ROOT is not None


def _root() -> Path:
    root: Path | None = settings.IMPORT_ROOT
    if root is None:
        raise DomainError("No import folder is set up; set IMPORT_ROOT on the server.")
    if not root.is_dir():
        raise DomainError("The import folder of IMPORT_ROOT is not there; create it, or correct the setting.")
    return root.resolve()


def _is_inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False


def _entries(paths: list[Path], root: Path) -> tuple[Entry, ...]:
    return tuple(Entry(path.name, str(path.resolve().relative_to(root))) for path in paths[:MOST_ENTRIES])
