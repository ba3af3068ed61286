"""READINGS.csv: the readings frame as a file that spreadsheets open and save.

Reading accepts commas or Excel's semicolons (then with decimal commas), a byte-order mark, any line
end, spaces around cells, any case of the fixed words, and `kidneys`. Everything else that is not as
declared in `frame` is refused with the file, the line and the column.
"""

import csv
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd

from readerstudy.analysis.frame import COLUMNS, REQUIRED, TEXT, WRITTEN_WHERE_USED, InvalidReadings, first_problem

MAX_READINGS = 2_000_000
FIXED_WORDS = ("organ", "truth", "label")
INTEGERS = (np.dtype("int64"), pd.Int64Dtype())
ALIASES = {"kidneys": "kidney"}
SEPARATOR_LINE = re.compile(r"sep=([,;])", re.IGNORECASE)
FORMULA = re.compile(r"'*[=+\-@\t\r]")


def escape_text(text: str) -> str:
    """Prefix an apostrophe to text that a spreadsheet would run as a formula."""
    return f"'{text}" if FORMULA.match(text) else text


def unescape_text(text: str) -> str:
    """Undo `escape_text` exactly."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text


def write_readings_csv(readings: pd.DataFrame, path: Path) -> None:
    """Write a readings frame; `read_readings_csv` gives back the same frame."""
    unused = [name for name in WRITTEN_WHERE_USED if (readings[name] == COLUMNS[name].default).all()]
    readings = readings.drop(columns=unused)
    escaped = {name: readings[name].map(escape_text) for name in TEXT if name in readings}
    readings.assign(**escaped).to_csv(path, index=False, lineterminator="\n")


def read_readings_csv(source: str | os.PathLike[str] | IO[bytes]) -> pd.DataFrame:
    """Read READINGS.csv from a path or an open binary file (an upload).

    Returns
    -------
    DataFrame
        Every column of `frame.COLUMNS`, in its dtype; ids are text (`007` stays `007`).

    Raises
    ------
    InvalidReadings
        With file, line, column and what to do; also where the file cannot be opened.
    """
    try:
        with _opened(source) as (stream, name):
            table = _parsed(stream, name)
    except OSError as error:
        raise InvalidReadings(f"{source}: cannot be read ({error.strerror}).") from error
    return table.readings()


def _parsed(stream: IO[str], name: str) -> "_Table":
    try:
        return _Table.parsed(stream, name)
    except UnicodeDecodeError as error:
        raise InvalidReadings(f"{name}: is not UTF-8 text; save it as “CSV UTF-8”.") from error
    except csv.Error as error:
        raise InvalidReadings(f"{name}: is not a CSV file ({error}).") from error


@contextmanager
def _opened(source: str | os.PathLike[str] | IO[bytes]) -> Iterator[tuple[IO[str], str]]:
    if isinstance(source, str | os.PathLike):
        with Path(source).open(encoding="utf-8-sig", newline="") as stream:
            yield stream, Path(source).name
        return
    text = io.TextIOWrapper(source, encoding="utf-8-sig", newline="")
    try:
        yield text, Path(str(getattr(source, "name", "readings"))).name
    finally:
        text.detach()


class _Table:
    """The file's cells as text, column by column, and the line on which each record ends."""

    def __init__(self, name: str, header: list[str], *, decimal_comma: bool) -> None:
        self.name = name
        self.cells: dict[str, list[str]] = {column: [] for column in header}
        self.is_text = [column in TEXT for column in header]
        self.known: dict[str, str] = {}  # one copy of each text: a million readings hold few
        self.lines: list[int] = []
        self.decimal_comma = decimal_comma

    @classmethod
    def parsed(cls, stream: IO[str], name: str) -> "_Table":
        first_line, delimiter, lines_before = _first_line(stream)
        header = [cell.strip().lower() for cell in next(csv.reader([first_line], delimiter=delimiter), [])]
        _check_header(header, name, line=lines_before + 1)
        table = cls(name, header, decimal_comma=delimiter == ";")
        records = csv.reader(stream, delimiter=delimiter, strict=True)
        for record in records:
            if any(cell.strip() for cell in record):
                table._append(record, line=records.line_num + lines_before + 1)
        if not table.lines:
            raise InvalidReadings(f"{name}: holds a header but no readings.")
        return table

    def _append(self, record: list[str], *, line: int) -> None:
        if len(record) != len(self.cells):
            raise InvalidReadings(
                f"{self.name}, line {line}: has {len(record)} cells where the header has {len(self.cells)}."
            )
        if len(self.lines) == MAX_READINGS:
            raise InvalidReadings(f"{self.name}: holds more than {MAX_READINGS:,} readings; split the file.")
        self.lines.append(line)
        for column, is_text, cell in zip(self.cells.values(), self.is_text, record, strict=True):
            text = cell.strip()
            column.append(self.known.setdefault(text, text) if is_text else text)

    def readings(self) -> pd.DataFrame:
        """Convert to the declared dtypes and check every rule of the readings frame."""
        readings = pd.DataFrame({column: self._column(column) for column in COLUMNS})
        problem = first_problem(readings)
        if problem:
            raise self._invalid(problem.row, problem.column, problem.message)
        return readings

    def _column(self, column: str) -> pd.Series:
        declared = COLUMNS[column]
        if column not in self.cells:
            return pd.Series(declared.default, index=range(len(self.lines)), dtype=declared.dtype)
        cells = pd.Series(self.cells[column], dtype="str")
        if column in FIXED_WORDS:
            return cells.str.lower().replace(ALIASES)
        if column in TEXT:
            return cells.map(unescape_text)
        return self._numbers(column, cells)

    def _numbers(self, column: str, cells: "pd.Series[str]") -> pd.Series:
        declared = COLUMNS[column]
        if self.decimal_comma:
            cells = cells.str.replace(",", ".", regex=False)
        numbers = pd.to_numeric(cells, errors="coerce").astype("float64")
        whole = declared.dtype in INTEGERS
        usable = np.isfinite(numbers)
        if whole:
            usable &= (numbers % 1 == 0) & (numbers.abs() < 2**53)
        bad = np.flatnonzero((cells != "") & ~usable)
        if bad.size:
            row = int(bad[0])
            kind = "whole" if whole else "finite"
            raise self._invalid(row, column, f"{self.cells[column][row]!r} is not a {kind} number.")
        if declared.dtype == np.dtype("int64"):
            numbers = numbers.fillna(0)
        return numbers.astype(declared.dtype)

    def _invalid(self, row: int, column: str, message: str) -> InvalidReadings:
        return InvalidReadings(f"{self.name}, line {self.lines[row]}, column {column}: {message}")


def _first_line(stream: IO[str]) -> tuple[str, str, int]:
    """Return the header's line, its delimiter, and how many lines stand before: Excel's `sep=;` may."""
    line = stream.readline()
    told = SEPARATOR_LINE.fullmatch(line.strip())
    if told:
        return stream.readline(), told[1], 1
    return line, ";" if line.count(";") > line.count(",") else ",", 0


def _check_header(header: list[str], name: str, *, line: int) -> None:
    where = f"{name}, line {line}"
    if not any(header):
        raise InvalidReadings(f"{where}: is empty; the first line names the columns {', '.join(REQUIRED)}.")
    if len(header) == 1 and "\t" in header[0]:
        raise InvalidReadings(f"{where}: columns are parted by tabs; save the table as CSV, with commas or semicolons.")
    for column in REQUIRED:
        if column not in header:
            raise InvalidReadings(f"{where}: the column {column} is missing.")
    for column in header:
        if column not in COLUMNS:
            raise InvalidReadings(f"{where}: unknown column {column!r}; known are {', '.join(COLUMNS)}.")
        if header.count(column) > 1:
            raise InvalidReadings(f"{where}: the column {column} is there twice.")
