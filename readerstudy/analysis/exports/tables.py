"""The tables of an export as frames, and how they are written as CSV."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from readerstudy.analysis.exports.dictionary import CASES, READERS
from readerstudy.analysis.frame import NOT_SEEN, ORGANS, TRUTHS
from readerstudy.analysis.readings_csv import escape_text


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table whose text is escaped already: commas, LF, missing values empty."""
    table.to_csv(path, index=False, lineterminator="\n")


def escaped(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with an apostrophe before every text that a spreadsheet would run as a formula."""
    text = [name for name in table if pd.api.types.is_string_dtype(table[name])]
    return table.assign(**{str(name): escape_column(table[name]) for name in text})


def escape_column(column: "pd.Series[str]") -> "pd.Series[str]":
    """Escape each different text once: a million readings hold few."""
    changed = {text: escape_text(text) for text in column.dropna().unique() if escape_text(text) != text}
    return column.replace(changed) if changed else column


def read_cases(readings: pd.DataFrame) -> pd.DataFrame:
    """Return what readings alone tell of their cases: the columns of cases.csv, what is not known empty."""
    first = readings[readings["repeat_index"] == 0]
    answers = {
        "wrong": (first["label"].isin(TRUTHS) & (first["label"] != first["truth"]))
        | (first["label"].isin(ORGANS) & (first["label"] != first["organ"])),
        "unsure": first["label"] == "unsure",
        "not_seen": first["label"] == NOT_SEEN,
    }
    by_case = first.assign(**answers).groupby("case_id", sort=True)
    cases = by_case.agg(
        organ=("organ", "first"),
        truth=("truth", "first"),
        generator=("generator", "first"),
        control=("control", "first"),
        host_only=("host_only", "first"),
        patient_id=("patient_id", "first"),
        n_assigned=("label", "size"),
        n_readings=("label", "size"),
        n_wrong=("wrong", "sum"),
        n_unsure=("unsure", "sum"),
        n_not_seen=("not_seen", "sum"),
    )
    return _columns(cases.reset_index(), CASES)


def read_readers(readings: pd.DataFrame) -> pd.DataFrame:
    """Return what readings alone tell of their readers: the columns of readers.csv."""
    by_reader = readings.assign(unsure=readings["label"] == "unsure").groupby("reader_id", sort=True)
    readers = by_reader.agg(n_assigned=("label", "size"), n_read=("label", "size"), n_unsure=("unsure", "sum"))
    return _columns(readers.reset_index(), READERS)


def _columns(table: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    return table.reindex(columns=list(names))
