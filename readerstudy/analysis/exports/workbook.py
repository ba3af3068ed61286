"""The tables of an export as one workbook, a sheet each, written row by row.

Text cells are written as text, never as formulas or links, and are escaped as in the CSV files, so that a sheet
saved as CSV is as harmless. A table longer than a sheet goes on in the next.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

ROWS_PER_SHEET = 1_048_575  # what a sheet holds, less the heading
LETTERS_PER_CELL = 32_767
ROWS_AT_ONCE = 50_000
WIDTH = 16  # of a column, in letters


def write_workbook(tables: Mapping[str, pd.DataFrame], path: Path) -> None:
    """Write each table on a sheet of its name; missing values are empty cells."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as workbook:
        heading = workbook.add_format({"bold": True, "bottom": 1})
        for name, table in tables.items():
            for number, part in enumerate(_parts(table), start=1):
                sheet = workbook.add_worksheet(name if number == 1 else f"{name} {number}")
                sheet.freeze_panes(1, 0)
                sheet.set_column(0, len(part.columns) - 1, WIDTH)
                sheet.write_row(0, 0, list(part.columns), heading)
                for row, values in enumerate(_rows(part), start=1):
                    _write(sheet, row, values)


def _parts(table: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, max(len(table), 1), ROWS_PER_SHEET):
        yield table.iloc[start : start + ROWS_PER_SHEET]


def _rows(table: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    for start in range(0, len(table), ROWS_AT_ONCE):
        part = table.iloc[start : start + ROWS_AT_ONCE]
        columns = [part[name].astype(object).where(part[name].notna(), None).tolist() for name in part]
        yield from zip(*columns, strict=True)


def _write(sheet: "xlsxwriter.worksheet.Worksheet", row: int, values: tuple[Any, ...]) -> None:
    for column, value in enumerate(values):
        if isinstance(value, str):
            if value:
                sheet.write_string(row, column, value[:LETTERS_PER_CELL])
        elif isinstance(value, bool):
            sheet.write_boolean(row, column, value)
        elif value is not None:
            sheet.write_number(row, column, value)
