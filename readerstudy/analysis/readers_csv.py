"""READERS.csv: who read, with how many years of experience; the readers.csv of an export is one."""

import csv
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from readerstudy.analysis.frame import InvalidReadings
from readerstudy.analysis.readings_csv import unescape_text

REQUIRED = ("reader_id", "years")
MOST_YEARS = 80


def read_years(path: str | os.PathLike[str]) -> dict[str, float]:
    """Return each reader's years of experience; readers without are left out.

    The columns `reader_id` and `years` are read, others are left alone. Commas, or semicolons with decimal commas.

    Raises
    ------
    InvalidReadings
        With file, line, column and what to do; also where the file cannot be opened.
    """
    name = Path(path).name
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as stream:
            return dict(_rows(stream, name))
    except OSError as error:
        raise InvalidReadings(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise InvalidReadings(f"{name}: is not UTF-8 text; save it as “CSV UTF-8”.") from error
    except csv.Error as error:
        raise InvalidReadings(f"{name}: is not a CSV file ({error}).") from error


def _rows(stream: IO[str], name: str) -> Iterator[tuple[str, float]]:
    header = stream.readline()
    delimiter = ";" if header.count(";") > header.count(",") else ","
    columns = [cell.strip().lower() for cell in next(csv.reader([header], delimiter=delimiter), [])]
    for column in REQUIRED:
        if column not in columns:
            raise InvalidReadings(f"{name}, line 1: the column {column} is missing; {', '.join(REQUIRED)} are read.")
    seen: set[str] = set()
    records = csv.reader(stream, delimiter=delimiter, strict=True)
    for record in records:
        where = f"{name}, line {records.line_num + 1}"
        if not any(cell.strip() for cell in record):
            continue
        if len(record) != len(columns):
            raise InvalidReadings(f"{where}: has {len(record)} cells where the header has {len(columns)}.")
        cells = dict(zip(columns, (cell.strip() for cell in record), strict=True))
        reader = unescape_text(cells["reader_id"])
        if not reader or reader in seen:
            problem = f"{reader!r} is there twice" if reader else "is empty"
            raise InvalidReadings(f"{where}, column reader_id: {problem}; name each reader once.")
        seen.add(reader)
        if cells["years"]:
            yield reader, _years(cells["years"], where, decimal_comma=delimiter == ";")


def _years(text: str, where: str, *, decimal_comma: bool) -> float:
    try:
        years = float(text.replace(",", ".") if decimal_comma else text)
    except ValueError:
        years = math.nan
    if not 0 <= years <= MOST_YEARS:
        raise InvalidReadings(f"{where}, column years: {text!r} is not a number of years from 0 to {MOST_YEARS}.")
    return years
