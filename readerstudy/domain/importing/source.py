"""What every layout turns a folder into: rows that say which organ of which CT, and where its masks are.

`synthesis` is imported inside the functions, so that web processes never load it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from readerstudy.analysis.frame import POOLED
from readerstudy.domain.errors import DomainError
from readerstudy.models.vocabulary import OrganName, Origin

if TYPE_CHECKING:
    from synthesis.volume import Volume as CTVolume

GENERATOR_LENGTH = 80
TUMOR = "tumor"
_TUMOR_WORDS = (TUMOR, "tumour")


class SourceCT(Protocol):
    """One CT as it is kept at its source. Equal ones are one CT."""

    @property
    def path(self) -> Path:
        """What messages name: the file, or one of the files."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """All its files."""

    def read(self) -> CTVolume:
        """Return the CT in HU on its RAS+ grid, or raise `synthesis.errors.UnusableInput`."""

    def __hash__(self) -> int: ...


@dataclass(frozen=True)
class NiftiCT:
    """A CT in one NIfTI file."""

    path: Path

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)

    def read(self) -> CTVolume:
        from synthesis.io import read_ct

        return read_ct(self.path)


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
        Whether the organ may be absent from the scan: its row is then left out. A tumour that is absent makes a
        patient's scan a host.
    of_several_organs
        Whether the mask holds the tumours of several organs: an organ's are those that touch it.
    """

    paths: tuple[Path, ...]
    labels: tuple[int, ...] = ()
    may_be_empty: bool = False
    of_several_organs: bool = False


@dataclass(frozen=True)
class SourceRow:
    """One organ in one CT, as the source describes it. `where` names the row in messages.

    `lesion_type` is one of `synthesis.organs`' kinds of lesion, or empty.
    """

    number: int
    where: str
    case_id: str
    patient_id: str
    organ: OrganName
    ct: SourceCT
    organ_mask: SourceMask | None
    tumor_mask: SourceMask | None
    origin: Origin
    generator: str
    stand_in: bool
    lesion_type: str = ""


@dataclass(frozen=True)
class Source:
    """A data set before it is imported: its rows, and sentences about what the layout passed over."""

    folder: Path
    rows: list[SourceRow]
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ImportOptions:
    """What the command line says beside the folder; a layout refuses what it has no use for.

    `tumor_labels` are the values of the tumour in masks of many labels, whatever its organ.
    """

    origin: Origin = Origin.HEALTHY
    generator: str = ""
    stand_in: bool = False
    masks: Path | None = None
    label_map: Mapping[OrganName, tuple[int, ...]] = field(default_factory=dict)
    tumor_labels: tuple[int, ...] = ()
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
    check_generator(row.origin, row.generator, where=row.where)


def check_generator(origin: Origin, generator: str, *, where: str) -> None:
    """Refuse a generator's name that does not go with the origin, or means something else here."""
    if origin == Origin.SYNTHETIC and not generator:
        raise DomainError(f"{where}: origin synthetic needs a generator; name what made the tumour.")
    if origin != Origin.SYNTHETIC and generator:
        raise DomainError(f"{where}: only origin synthetic has a generator; empty it, or correct the origin.")
    if generator == POOLED:
        raise DomainError(f"{where}: {POOLED!r} stands for every generator in results; name it otherwise.")
    if generator in _our_methods():
        raise DomainError(f"{where}: {generator!r} is a method of this project; name your generator otherwise.")
    if len(generator) > GENERATOR_LENGTH:
        raise DomainError(f"{where}: the generator's name is longer than {GENERATOR_LENGTH} letters; shorten it.")


def _our_methods() -> set[str]:
    from synthesis import registry

    return {*registry.METHODS, *registry.CONTROLS}


def parse_organ(text: str, *, where: str) -> OrganName:
    """Return the organ of that name; `kidneys` is taken for kidney."""
    name = text.strip().lower()
    try:
        return OrganName("kidney" if name == "kidneys" else name)
    except ValueError:
        raise DomainError(f"{where}: {text!r} is no organ; write {' or '.join(OrganName.values)}.") from None


def parse_lesion_type(text: str, organ: OrganName, *, where: str) -> str:
    """Return a kind of lesion that the organ's table knows, or nothing for nothing: free text is never stored."""
    from synthesis import organs

    kinds = organs.organ(organ).lesions
    if text and text.lower() not in kinds:
        raise DomainError(
            f"{where}: {text!r} is no lesion_type of the {organ}; write {' or '.join(kinds)}, or nothing."
        )
    return text.lower()


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


def parse_label_map(text: str, *, where: str) -> dict[str, tuple[int, ...]]:
    """Return the labels of `liver=5,pancreas=7,kidney=2;3,tumor=9` by organ, and by the word `tumor`."""
    labels: dict[str, tuple[int, ...]] = {}
    for part in text.split(","):
        name, _, values = (word.strip() for word in part.partition("="))
        if not values:
            raise DomainError(f"{where}: {part!r} names no value; write liver=5.")
        key = TUMOR if name.lower() in _TUMOR_WORDS else parse_organ(name, where=where)
        labels[key] = parse_labels(values, where=where)
    return labels
