"""The files of an export, written into one folder; the same for a study and for readings made anywhere."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path

import pandas as pd

from readerstudy.analysis.analysis import Analysis, write_analysis
from readerstudy.analysis.exports.dictionary import dictionary
from readerstudy.analysis.exports.imrmc import write_imrmc
from readerstudy.analysis.exports.latex import write_latex
from readerstudy.analysis.exports.manifest import write_manifest
from readerstudy.analysis.exports.tables import escaped, write_csv
from readerstudy.analysis.exports.workbook import write_workbook
from readerstudy.analysis.figures.drawing import Drawing

FILES = {
    "readings.csv": "one row per answer; practice cases are not among them",
    "cases.csv": "what each case was, where it came from, and how often it was taken wrongly",
    "readers.csv": "who read, with what experience, and how much of it",
    "metrics.csv": "counts, sensitivity, specificity, accuracy and their intervals, per reader, organ and generator, "
    "and pooled (“all”); fractions of 1, empty where not estimable; unsure is left out of the denominators",
    "analysis.json": "the pooled tests (Obuchowski-Rockette) and the other figures, definitions, versions, warnings",
    "export.xlsx": "the tables above as one workbook",
    "table.tex": "sensitivity, specificity and accuracy per reader and organ for a LaTeX manuscript (booktabs)",
    "labels.imrmc": "the labels for iMRMC and other multi-reader programs: 1 = real, 0.5 = unsure, 0 = synthetic",
    "ratings.imrmc": "the ratings, in the same form",
    "imrmc_cases.csv": "which case has which number in the .imrmc files",
    "analyse.R": "loads the .imrmc files in R and repeats the pooled tests",
    "data_dictionary.csv": "every column of every table",
    "design.json": "the study's design, whole",
    "remarks.csv": "readers' comments, and marks of what gave a tumour away",
    "realism.csv": "how real readers found each attribute, where the study asks for it",
    "realism_summary.csv": "the same, arm by arm",
    "revisions.csv": "every answer that was stored, those changed too, with times",
    "superseded.csv": "answers made in orders that were drawn anew for a reader: kept, and counted nowhere",
    "problems.csv": "what readers reported about cases",
    "displays.csv": "the display check before each sitting: what was drawn and what was seen, on which screen",
    "gallery.csv": "cases reviewed and rejected before opening, arm by arm",
    "gallery_reviews.csv": "every review in the gallery, and what was replaced",
    "protocol.json": "what was frozen on opening, under one hash: design, cases, versions, leak audit; and amendments",
    "audit_log.csv": "what was done to the study, by whom and when",
    "report.html": "the report: one file, to read or to print",
    "figures": "every figure as SVG, with its data as CSV",
    "SHA256SUMS": "the SHA-256 of every file here: sha256sum --check SHA256SUMS",
}
POSITIVE = "Positive = real tumour, negative = synthetic tumour."
README = """\
{title}
{notice}
{positive}

{files}

Cells that begin with = + - @ are preceded by an apostrophe, so that no spreadsheet takes them for formulas.
"""


@dataclass(frozen=True)
class Described:
    """What is known beside the readings: the study's title, a notice to print first, cases and readers."""

    title: str
    cases: pd.DataFrame
    readers: pd.DataFrame
    notice: str = ""


def write_tables(folder: Path, *, readings: pd.DataFrame, analysis: Analysis, described: Described) -> None:
    """Write the tables, the document and the files for R and LaTeX; `finish` follows when all else is there."""
    write_analysis(analysis, readings, folder)
    tables = {
        "metrics": escaped(analysis.metrics),
        "cases": escaped(described.cases),
        "readers": escaped(described.readers),
        "readings": escaped(readings),
        "dictionary": dictionary(),
    }
    for name in ("cases", "readers"):
        write_csv(tables[name], folder / f"{name}.csv")
    write_csv(tables["dictionary"], folder / "data_dictionary.csv")
    write_workbook(tables, folder / "export.xlsx")
    write_latex(analysis.metrics, folder / "table.tex", caption=described.title)
    _write_for_r(folder, readings, described.title)


def write_drawings(folder: Path, drawings: Mapping[str, Drawing]) -> None:
    """Write every figure into `figures/`, with its data."""
    (folder / "figures").mkdir()
    for name, drawing in drawings.items():
        (folder / "figures" / f"{name}.svg").write_text(drawing.svg, encoding="utf-8", newline="\n")
        write_csv(escaped(drawing.data), folder / "figures" / f"{name}.csv")


def finish(folder: Path, described: Described, *, files: Mapping[str, str] = FILES, positive: str = POSITIVE) -> None:
    """Write the README of what is there, and the manifest.

    Parameters
    ----------
    folder, described
    files : mapping
        What each file is; those that are not there are left out.
    positive : str
        The sentence on what counts as positive, or as right.
    """
    names = {name: meaning for name, meaning in files.items() if (folder / name).exists() or name == "SHA256SUMS"}
    notice = f"\n{described.notice}\n" if described.notice else ""
    text = README.format(title=described.title, notice=notice, positive=positive, files=_listed(names))
    (folder / "README.txt").write_text(text, encoding="utf-8", newline="\n")
    write_manifest(folder)


def _listed(names: Mapping[str, str]) -> str:
    width = max(map(len, names)) + 2
    return "\n".join(f"{name:<{width}}{meaning}" for name, meaning in names.items())


def _write_for_r(folder: Path, readings: pd.DataFrame, title: str) -> None:
    key = write_imrmc(
        readings, folder / "labels.imrmc", title=title, endpoint="balanced_accuracy", unsure_policy="middle"
    )
    write_csv(escaped(key), folder / "imrmc_cases.csv")
    if readings["rating"].notna().any():
        write_imrmc(readings, folder / "ratings.imrmc", title=title, endpoint="auc", unsure_policy=None)
    with as_file(files("readerstudy.analysis.exports") / "analyse.R") as script:
        shutil.copyfile(script, folder / "analyse.R")
