"""The files of an organ-recognition study's export: its own tables, beside those that both tasks share."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from readerstudy.analysis.exports.dictionary import FRACTION, dictionary
from readerstudy.analysis.exports.dictionary import Described as Column
from readerstudy.analysis.exports.folder import FILES, Described
from readerstudy.analysis.exports.tables import escaped, write_csv
from readerstudy.analysis.exports.workbook import write_workbook
from readerstudy.analysis.readings_csv import write_readings_csv
from readerstudy.analysis.recognition import CONFUSION_COLUMNS, ORGAN_COLUMNS, READER_COLUMNS, Recognition

RIGHT = "Right = the organ that was named is the one that the tumour is in (column organ); unsure is neither."
TABLES = {"confusion": "confusion.csv", "by_organ": "organs.csv", "by_reader": "accuracy.csv"}
ORGAN_FILES = {
    "readings.csv": FILES["readings.csv"],
    "confusion.csv": "how often each organ got each answer, per reader and pooled (“all”), and for real and synthetic "
    "tumours apart (origin)",
    "organs.csv": "recall and precision of each organ with intervals; fractions of 1, empty where not estimable; "
    "unsure is left out of the denominators",
    "accuracy.csv": "micro and macro accuracy, the test against guessing, and kappa with the truth",
    **{name: FILES[name] for name in ("cases.csv", "readers.csv")},
    "analysis.json": "those figures, agreement between readers and with themselves, definitions, versions, warnings",
    **{
        name: FILES[name]
        for name in (
            *("export.xlsx", "data_dictionary.csv", "design.json", "remarks.csv", "revisions.csv", "problems.csv"),
            *(
                "superseded.csv",
                "displays.csv",
                "gallery.csv",
                "gallery_reviews.csv",
                "protocol.json",
                "audit_log.csv",
                "report.html",
            ),
            *("figures", "SHA256SUMS"),
        )
    },
}
_LABEL = Column("text", "the reader's answer: liver, pancreas, kidney or unsure")
_RATING = Column("number", "confidence in the organ, 1 to 3, 0 = unsure; empty = not asked")
_WHERE = {
    "reader_id": Column("text", "reader's code; all = pooled over readers"),
    "origin": Column("text", "which cases: all, those with real or with synthetic tumours"),
}
_INTERVAL = "for all readers percentiles of a bootstrap over readers and patients"
COLUMNS: dict[str, dict[str, Column]] = {
    "confusion.csv": {
        **_WHERE,
        "organ": Column("text", "the organ that the tumour is in"),
        "answer": Column("text", "what was answered: an organ, or unsure"),
        "n": Column("whole number", "first readings"),
    },
    "organs.csv": {
        **_WHERE,
        "organ": Column("text", "the organ that the tumour is in"),
        "n_cases": Column("whole number", "first readings of its cases, unsure ones too"),
        "n_unsure": Column("whole number", "of them unsure"),
        "n_called": Column("whole number", "answers that name it, right or wrong"),
        "n_right": Column("whole number", "of those right"),
        "recall": Column(FRACTION, "n_right / (n_cases − n_unsure)"),
        "recall_of_all": Column(FRACTION, "n_right / n_cases: unsure counted as not recognised"),
        "precision": Column(FRACTION, "n_right / n_called"),
        **{
            f"{name}_{end}": Column(FRACTION, f"{side} end of the interval of {name}: Wilson's, {_INTERVAL}")
            for name in ("recall", "precision")
            for end, side in (("low", "lower"), ("high", "upper"))
        },
    },
    "accuracy.csv": {
        **_WHERE,
        "n_cases": Column("whole number", "first readings, unsure ones too"),
        "n_unsure": Column("whole number", "of them unsure"),
        "n_right": Column("whole number", "right answers"),
        "micro": Column(FRACTION, "n_right / (n_cases − n_unsure)"),
        "macro": Column(FRACTION, "mean of the organs' recalls"),
        "of_all": Column(FRACTION, "n_right / n_cases: unsure counted as not recognised"),
        "chance": Column(FRACTION, "one over the number of organs: what guessing gives"),
        "binomial_p": Column(FRACTION, "exact binomial test of micro against chance, two-sided; unsure left out"),
        "kappa": Column("number", "Cohen's kappa of the answers that name an organ with the truth"),
        "kappa_reason": Column("text", "why kappa, or its interval, is not estimable"),
        **{
            f"{name}_{end}": Column(
                "number" if name == "kappa" else FRACTION, f"{side} end of the interval of {name}; {_INTERVAL}"
            )
            for name in ("micro", "macro", "kappa")
            for end, side in (("low", "lower"), ("high", "upper"))
        },
    },
}
_ORDER = {"confusion.csv": CONFUSION_COLUMNS, "organs.csv": ORGAN_COLUMNS, "accuracy.csv": READER_COLUMNS}
COUNTS = {"n", "n_cases", "n_unsure", "n_called", "n_right"}


def write_recognition(
    folder: Path, *, readings: pd.DataFrame, found: Recognition, document: dict[str, Any], described: Described
) -> None:
    """Write the tables and the document; `folder.finish` with `ORGAN_FILES` follows when all else is there."""
    write_readings_csv(readings, folder / "readings.csv")
    own = {file: _whole(found.tables[name]) for name, file in TABLES.items()}
    shared = {"cases.csv": described.cases, "readers.csv": described.readers}
    tables = {name: escaped(table) for name, table in {**own, **shared}.items()}
    tables["data_dictionary.csv"] = organ_dictionary()
    for name, table in tables.items():
        write_csv(table, folder / name)
    sheets = {name.removesuffix(".csv"): table for name, table in tables.items()}
    write_workbook({**sheets, "readings": escaped(readings)}, folder / "export.xlsx")
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "analysis.json").write_text(text + "\n", encoding="utf-8")


def organ_dictionary() -> pd.DataFrame:
    """Return one row per file and column of such an export: `file`, `column`, `type`, `meaning`."""
    shared = dictionary()
    shared = shared[shared["file"].isin(ORGAN_FILES)].copy()
    for column, described in (("label", _LABEL), ("rating", _RATING)):
        rows = (shared["column"] == column) & (shared["file"] == "readings.csv")
        shared.loc[rows, ["type", "meaning"]] = [described.type, described.meaning]
    wrong = (shared["file"] == "cases.csv") & (shared["column"] == "n_wrong")
    shared.loc[wrong, "meaning"] = "of them: another organ was named"
    own = [
        (file, name, COLUMNS[file][name].type, COLUMNS[file][name].meaning)
        for file, names in _ORDER.items()
        for name in names
    ]
    return pd.concat([shared, pd.DataFrame(own, columns=list(shared))], ignore_index=True)


def _whole(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype({name: "Int64" for name in table if name in COUNTS})
