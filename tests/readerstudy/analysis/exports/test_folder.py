"""The files that an analysis leaves, read back as a statistician would."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from readerstudy.analysis.analysis import analyse
from readerstudy.analysis.exports.folder import Described, finish, write_tables
from readerstudy.analysis.exports.tables import read_cases, read_readers
from readerstudy.analysis.frame import readings_frame
from readerstudy.analysis.readings_csv import read_readings_csv
from tests.readerstudy.analysis import builders
from tests.readerstudy.analysis.exports.test_imrmc import van_dyke

FORMULA = '=HYPERLINK("http://example.org")'


def export(readings: pd.DataFrame, folder: Path, title: str = "A study") -> Path:
    folder.mkdir()
    described = Described(title=title, cases=read_cases(readings), readers=read_readers(readings))
    write_tables(folder, readings=readings, analysis=analyse(readings), described=described)
    finish(folder, described)
    return folder


@pytest.fixture(scope="module")
def two_readers() -> pd.DataFrame:
    return builders.study(
        builders.answers("R1", real="RRRSU", G="SSRUS", H="RS"),
        builders.answers(FORMULA, real="RSRRR", G="SRSSS", H="SS"),
    )


@pytest.fixture(scope="module")
def folder(two_readers: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(two_readers, tmp_path_factory.mktemp("export") / "out")


def test_the_readings_come_back_as_they_were(two_readers: pd.DataFrame, folder: Path):
    pd.testing.assert_frame_equal(read_readings_csv(folder / "readings.csv"), two_readers)


def test_the_workbook_holds_the_tables_of_the_csv_files(folder: Path):
    sheets = pd.read_excel(folder / "export.xlsx", sheet_name=None, keep_default_na=False, na_values=[""])
    assert list(sheets) == ["metrics", "cases", "readers", "readings", "dictionary"]
    for name in ("metrics", "cases", "readers"):
        expected = pd.read_csv(folder / f"{name}.csv", keep_default_na=False, na_values=[""])
        pd.testing.assert_frame_equal(sheets[name], expected, check_dtype=False)
    written = sheets["readings"].dropna(axis=1, how="all")
    expected = pd.read_csv(folder / "readings.csv").dropna(axis=1, how="all")
    pd.testing.assert_frame_equal(written[list(expected)], expected, check_dtype=False)


@pytest.mark.parametrize("name", ["readings.csv", "metrics.csv", "cases.csv", "readers.csv", "data_dictionary.csv"])
def test_no_cell_begins_like_a_formula(name: str, folder: Path):
    cells = pd.read_csv(folder / name, dtype=str, keep_default_na=False).to_numpy().ravel()
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "@", "\t", "\r")]
    assert not [cell for cell in cells if cell[:1] == "-" and not cell[1:2].isdigit()]


def test_formulas_are_text_in_the_workbook(folder: Path):
    readers = pd.read_excel(folder / "export.xlsx", sheet_name="readers")
    assert "'" + FORMULA in set(readers["reader_id"])


def test_the_manifest_names_every_file_and_its_hash(folder: Path):
    lines = dict(reversed(line.split("  ", 1)) for line in (folder / "SHA256SUMS").read_text().splitlines())
    files = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    del files["SHA256SUMS"]
    assert lines == files


def test_sha256sum_accepts_the_manifest(folder: Path):
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, check=True, capture_output=True)


def test_the_readme_says_what_every_file_is(folder: Path):
    text = (folder / "README.txt").read_text()
    for path in folder.iterdir():
        if path.name != "README.txt":
            assert f"\n{path.name} " in text
    assert "ratings.imrmc" not in text
    assert "design.json" not in text


def test_cases_are_counted_by_how_they_were_taken(folder: Path):
    cases = pd.read_csv(folder / "cases.csv").set_index("case_id")
    columns = ["n_readings", "n_wrong", "n_unsure"]
    assert list(cases.loc["liver synthetic G 1", columns]) == [2, 1, 0]
    assert list(cases.loc["liver real  4", columns]) == [2, 0, 1]


def test_latex_is_escaped_and_has_a_row_per_reader(folder: Path):
    text = (folder / "table.tex").read_text()
    assert text.count(r"\begin{tabular}{lrrr}") == 2
    assert r"R1 & 75.0 (3/4) & 75.0 (3/4) & 75.0 (6/8) \\" in text
    assert "All readers & " in text


def test_names_that_latex_would_run_are_escaped(tmp_path: Path):
    readings = builders.answers(r"50%_\input{x}", real="R", G="S")
    text = (export(readings, tmp_path / "out", title="R & D #1") / "table.tex").read_text()
    assert r"\caption{R \& D \#1: real against G." in text
    assert r"50\%\_\textbackslash{}input\{x\} & 100.0 (1/1)" in text


@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not here")
def test_the_r_script_repeats_the_pooled_test(tmp_path: Path):
    """Base R over the .imrmc file, against this project's jackknife Obuchowski-Rockette (itself golden to MRMCaov)."""
    readings = van_dyke()
    folder = export(readings, tmp_path / "out")

    printed = subprocess.run(["Rscript", "analyse.R"], cwd=folder, check=True, capture_output=True, text=True).stdout

    document = json.loads((folder / "analysis.json").read_text())
    wanted = {"endpoint": "auc", "covariance": "jackknife", "organ": "all", "generator": "0"}
    [test] = [row for row in document["mrmc"] if wanted.items() <= row.items()]
    rows = printed.partition("ratings.imrmc, 0\n")[2].splitlines()
    values = [float(cell) for cell in rows[3].split()]
    assert rows[2].split() == ["readers", "mean", "se", "df", "p"]
    expected = [test[name] for name in ("n_readers", "estimate", "se", "df", "p_value")]
    np.testing.assert_allclose(values, expected, rtol=2e-5)


def test_a_study_without_a_reading_is_written_all_the_same(tmp_path: Path):
    empty = readings_frame(builders.answers("R1", real="R").iloc[:0])
    folder = export(empty, tmp_path / "out")
    assert len(pd.read_csv(folder / "readings.csv")) == 0
    assert "N0:0\nN1:0\nNR:0\nNM:0\n" in (folder / "labels.imrmc").read_text()
