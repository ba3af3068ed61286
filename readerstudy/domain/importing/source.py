"""What every layout turns a folder into: rows that say which organ of which CT, and where its masks are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from readerstudy.analysis.frame import POOLED
from readerstudy.domain.errors import DomainError
from readerstudy.models.vocabulary import OrganName, Origin

GENERATOR_LENGTH = 80


@dataclass(frozen=True)
class SourceMask:
    """One mask as it is kept at its source.

    Attributes
    ----------
    paths
        Files whose masks are joined: two for a pair of kidneys.
    labels
        The values that belong to the mask; empty means any but zero.
    may_be_empty
        Whether the organ may be absent from the scan; its row is then left out.
    """

    paths: tuple[Path, ...]
    labels: tuple[int, ...] = ()
    may_be_empty: bool = False


@dataclass(frozen=True)
class SourceRow:
    """One organ in one CT, as the source describes it. `where` names the row in messages."""

    number: int
    where: str
    case_id: str
    patient_id: str
    organ: OrganName
    ct: Path
    organ_mask: SourceMask | None
    tumor_mask: SourceMask | None
    origin: Origin
    generator: str
    stand_in: bool


@dataclass(frozen=True)
class Source:
    """A data set before it is imported: its rows, and sentences about what the layout passed over."""

    folder: Path
    rows: list[SourceRow]
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ImportOptions:
    """What the command line says beside the folder; a layout refuses what it has no use for."""

    origin: Origin = Origin.HEALTHY
    generator: str = ""
    stand_in: bool = False
    masks: Path | None = None
    label_map: Mapping[OrganName, tuple[int, ...]] = field(default_factory=dict)
    organs: tuple[OrganName, ...] = tuple(OrganName)


def confined(folder: Path, name: str, *, where: str) -> Path:
    """Return the file `name` of `folder`, which must lie inside it once links are followed."""
    root = folder.resolve()
    try:
        path = (root / name).resolve()
        found = path.is_file()
    except (OSError, ValueError, RuntimeError):  # too long a name, a zero byte, links in a circle
        raise DomainError(f"{where}: {name!r} is no usable file name; correct it.") from None
    if not path.is_relative_to(root):
        raise DomainError(f"{where}: {name!r} lies outside the data set's folder; move it inside.")
    if not found:
        raise DomainError(f"{where}: there is no file {name!r} in the data set's folder.")
    return path


def check_origin(row: SourceRow) -> None:
    """Refuse a row whose masks and generator do not go with its origin."""
    if row.origin == Origin.HEALTHY and row.tumor_mask:
        raise DomainError(f"{row.where}: a healthy host has no tumor_mask; empty it, or correct the origin.")
    if row.origin != Origin.HEALTHY and not row.tumor_mask:
        raise DomainError(f"{row.where}: origin {row.origin} needs a tumor_mask; name the mask of the tumour.")
    if row.origin == Origin.SYNTHETIC and not row.generator:
        raise DomainError(f"{row.where}: origin synthetic needs a generator; name what made the tumour.")
    if row.origin != Origin.SYNTHETIC and row.generator:
        raise DomainError(f"{row.where}: only origin synthetic has a generator; empty it, or correct the origin.")
    if row.generator == POOLED:
        raise DomainError(f"{row.where}: {POOLED!r} stands for every generator in results; name it otherwise.")
    if row.generator in _our_methods():
        raise DomainError(f"{row.where}: {row.generator!r} is a method of this project; name your generator otherwise.")
    if len(row.generator) > GENERATOR_LENGTH:
        raise DomainError(f"{row.where}: the generator's name is longer than {GENERATOR_LENGTH} letters; shorten it.")


def _our_methods() -> set[str]:
    from synthesis import registry

    return {*registry.METHODS, *registry.PLANNED}


def parse_organ(text: str, *, where: str) -> OrganName:
    """Return the organ of that name; `kidneys` is taken for kidney."""
    name = text.strip().lower()
    try:
        return OrganName("kidney" if name == "kidneys" else name)
    except ValueError:
        raise DomainError(f"{where}: {text!r} is no organ; write {' or '.join(OrganName.values)}.") from None


def parse_origin(text: str, *, where: str) -> Origin:
    try:
        return Origin(text.lower())
    except ValueError:
        raise DomainError(f"{where}: {text!r} is no origin; write {' or '.join(Origin.values)}.") from None


def parse_labels(text: str, *, where: str) -> tuple[int, ...]:
    """Return the mask values of `2;3`; nothing means any value but zero."""
    try:
        labels = tuple(int(value) for value in text.split(";")) if text else ()
    except ValueError:
        raise DomainError(f"{where}: {text!r} is no list of mask values; write 2 or 2;3.") from None
    if any(label < 1 for label in labels):
        raise DomainError(f"{where}: mask values are 1 or more (0 is the background), not {text!r}.")
    return labels
