"""The `manifest` layout: a CSV with one row per CT and organ, and paths relative to it."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.source import (
    ImportOptions,
    NiftiCT,
    Source,
    SourceMask,
    SourceRow,
    check_origin,
    confined,
    parse_labels,
    parse_lesion_type,
    parse_organ,
    parse_origin,
)
from readerstudy.models.vocabulary import Origin

REQUIRED_COLUMNS = ("case_id", "organ", "ct", "organ_mask", "tumor_mask", "origin")
OPTIONAL_COLUMNS = ("patient_id", "organ_label", "tumor_label", "generator", "stand_in", "lesion_type")
_TRUTHS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_LARGEST_BYTES = 64 * 1024**2  # some 400,000 rows; a CT named by mistake is larger


def read_manifest(path: Path, options: ImportOptions) -> Source:
    """Read the CSV at `path`, or the `manifest.csv` of that folder."""
    if options.masks or options.label_map or options.tumor_labels:
        raise DomainError("A manifest names its masks and labels itself; leave out --masks and --label-map.")
    if path.is_dir():
        path = path / "manifest.csv"
    table = _open_table(path)
    columns = _check_columns(path, table)
    unknown = [n for n, name in enumerate(columns, start=1) if name not in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS)]
    rows: list[SourceRow] = []
    lines: dict[tuple[str, str], int] = {}
    for number, cells in enumerate(_cells(path, table), start=1):
        where = f"{path.name} line {table.line_num}"
        row = _read_row(cells, number=number, where=where, folder=path.parent, options=options)
        first = lines.setdefault((row.case_id, row.organ), table.line_num)
        if first != table.line_num:
            raise DomainError(f"{where}: case {row.case_id!r} has its {row.organ} on line {first} already.")
        rows.append(row)
    if not rows:
        raise DomainError(f"{path.name} has a header and no rows; add one row per CT and organ.")
    return Source(
        folder=path.parent,
        rows=[row for row in rows if row.organ in options.organs],
        warnings=[_left_out(unknown)] if unknown else [],
    )


def _open_table(path: Path) -> "csv.DictReader[str]":
    try:
        size = path.stat().st_size
        if size > _LARGEST_BYTES:
            raise DomainError(f"{path.name} is too large for a manifest ({size} bytes); name the CSV file.")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DomainError(f"{path.name} is not UTF-8 text; save the manifest as CSV UTF-8.") from None
    except OSError as error:
        raise DomainError(f"{path.name} can't be read ({error.strerror}); name the manifest's file.") from None
    header = text.partition("\n")[0]
    delimiter = ";" if ";" in header and "," not in header else ","
    return csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _left_out(unknown: list[int]) -> str:
    """Say which columns nothing was read from: by their place, for what is stored holds no text of a source."""
    places = ", ".join(str(place) for place in unknown)
    return f"Columns that a manifest does not have were left out, counted from the left: {places}."


def _check_columns(path: Path, table: "csv.DictReader[str]") -> list[str]:
    try:
        names = [name.strip() for name in table.fieldnames or []]
    except csv.Error as error:
        raise DomainError(f"{path.name} line 1: this is no CSV ({error}).") from None
    if not names:
        raise DomainError(f"{path.name} is empty; a manifest begins with a header.")
    missing = [column for column in REQUIRED_COLUMNS if column not in names]
    if missing:
        raise DomainError(f"{path.name} line 1: the header lacks {', '.join(missing)}.")
    if len(set(names)) != len(names):
        raise DomainError(f"{path.name} line 1: the header names a column twice.")
    table.fieldnames = names
    return names


def _cells(path: Path, table: "csv.DictReader[str]") -> Iterator[dict[str, str]]:
    """Give the stripped cells of every row that has any, the optional ones that are missing as empty."""
    columns = table.fieldnames or []
    try:
        for row in table:
            if None in row or None in row.values():
                raise DomainError(
                    f"{path.name} line {table.line_num}: the row needs {len(columns)} cells, as the header;"
                    " quote a cell that holds the delimiter."
                )
            cells = {name: value.strip() for name, value in row.items()}
            if any(cells.values()):
                yield dict.fromkeys(OPTIONAL_COLUMNS, "") | cells
    except csv.Error as error:
        raise DomainError(f"{path.name} line {table.reader.line_num}: this is no CSV ({error}).") from None


def _read_row(cells: dict[str, str], *, number: int, where: str, folder: Path, options: ImportOptions) -> SourceRow:
    if not cells["case_id"]:
        raise DomainError(f"{where}: case_id is empty; name the case.")
    if not cells["ct"]:
        raise DomainError(f"{where}: ct is empty; name the CT's file.")
    origin = parse_origin(cells["origin"] or options.origin, where=where)
    organ = parse_organ(cells["organ"], where=where)
    row = SourceRow(
        number=number,
        where=where,
        case_id=cells["case_id"],
        patient_id=cells["patient_id"],
        organ=organ,
        ct=NiftiCT(confined(folder, cells["ct"], where=where)),
        organ_mask=_mask(cells, "organ", folder=folder, where=where),
        tumor_mask=_mask(cells, "tumor", folder=folder, where=where),
        origin=origin,
        generator=cells["generator"] or (options.generator if origin == Origin.SYNTHETIC else ""),
        stand_in=_truth(cells["stand_in"], where=where) if cells["stand_in"] else options.stand_in,
        lesion_type=parse_lesion_type(cells["lesion_type"], organ, where=where),
    )
    check_origin(row)
    return row


def _mask(cells: dict[str, str], kind: str, *, folder: Path, where: str) -> SourceMask | None:
    name, label = cells[f"{kind}_mask"], cells[f"{kind}_label"]
    if not name:
        if label:
            raise DomainError(f"{where}: {kind}_label is set and {kind}_mask is empty; name the mask's file.")
        return None
    labels = parse_labels(label, where=f"{where}, {kind}_label")
    return SourceMask(paths=(confined(folder, name, where=where),), labels=labels)


def _truth(value: str, *, where: str) -> bool:
    try:
        return _TRUTHS[value.lower()]
    except KeyError:
        raise DomainError(f"{where}: stand_in is {value!r}; write true or false.") from None
