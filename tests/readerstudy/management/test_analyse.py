"""The command that analyses readings made anywhere, without a database."""

import io
import json
from pathlib import Path

import pandas as pd
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from readerstudy.analysis.frame import InvalidReadings
from readerstudy.analysis.proportions import clopper_pearson
from readerstudy.analysis.readers_csv import read_years
from readerstudy.analysis.readings_csv import write_readings_csv
from readerstudy.analysis.whole_folder import whole_folder
from tests.readerstudy.analysis.builders import two_generators


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def readings_csv(tmp_path: Path) -> Path:
    path = tmp_path / "mine" / "READINGS.csv"
    path.parent.mkdir()
    write_readings_csv(two_generators(), path)
    return path


def test_the_command_writes_the_folder(readings_csv: Path, tmp_path: Path):
    out = io.StringIO()
    call_command("analyse", readings_csv, out=tmp_path / "deep" / "results", stdout=out)
    assert names(tmp_path / "deep") == ["results"]
    assert {"analysis.json", "metrics.csv", "readings.csv", "SHA256SUMS"} <= set(names(tmp_path / "deep" / "results"))
    assert "52 readings by 4 readers (positive = real tumour)" in out.getvalue()


def test_the_command_speaks_json(readings_csv: Path, tmp_path: Path):
    out = io.StringIO()
    call_command("analyse", readings_csv, out=tmp_path / "results", json=True, stdout=out)
    summary = json.loads(out.getvalue())
    assert summary["files"] == names(tmp_path / "results")
    assert (summary["n_readings"], summary["n_readers"]) == (52, 4)


def test_the_command_takes_what_was_fixed_before_the_study(readings_csv: Path, tmp_path: Path):
    readers = tmp_path / "READERS.csv"
    readers.write_text("reader_id,years\nR1,2\nR2,3\nR3,11\nR4,12\n")
    call_command(
        "analyse", readings_csv, out=tmp_path / "results", alpha=0.1, margin=0.2, unsure_policy="exclude",
        interval="clopper-pearson", readers=readers, stdout=io.StringIO(),
    )  # fmt: skip
    document = json.loads((tmp_path / "results" / "analysis.json").read_text())
    assert [document[key] for key in ("alpha", "margins", "unsure_policy", "interval")] == [
        0.1, [0.2], "exclude", "clopper-pearson"
    ]  # fmt: skip
    assert {row["group"] for row in document["experience"]} == {"fewer years", "more years", "more − fewer"}
    assert {(row["unsure_policy"], row["margin"]) for row in document["headlines"]} == {("exclude", 0.2)}
    table = pd.read_csv(tmp_path / "results" / "metrics.csv").set_index(["reader_id", "organ", "generator"])
    _, low, high = clopper_pearson([4], [5], alpha=0.1)
    assert list(table.loc[("R1", "liver", "G"), ["sensitivity_low", "sensitivity_high"]]) == pytest.approx(
        [low[0], high[0]]
    )


@pytest.mark.parametrize(("option", "value"), [("alpha", 0.5), ("alpha", 0.0), ("margin", 0.7), ("margin", -0.1)])
def test_a_level_or_margin_that_means_nothing_is_refused(readings_csv: Path, tmp_path: Path, option: str, value: float):
    with pytest.raises(CommandError, match=f"--{option} .*: give a number between 0 and 0.5"):
        call_command("analyse", readings_csv, out=tmp_path / "results", **{option: value})


READERS = "reader_id,years\nR1,2\n"
BAD_READERS = {
    "": "READERS.csv, line 1: the column reader_id is missing; reader_id, years are read.",
    "reader_id,yers\nR1,2\n": "READERS.csv, line 1: the column years is missing",
    READERS + "R1,3\n": "READERS.csv, line 3, column reader_id: 'R1' is there twice; name each reader once.",
    READERS + ",3\n": "READERS.csv, line 3, column reader_id: is empty",
    READERS + "R2\n": "READERS.csv, line 3: has 1 cells where the header has 2.",
    READERS + "R2,many\n": "READERS.csv, line 3, column years: 'many' is not a number of years from 0 to 80.",
    READERS + "R2,nan\n": "READERS.csv, line 3, column years: 'nan' is not a number",
    READERS + "R2,900\n": "READERS.csv, line 3, column years: '900' is not a number",
    READERS + '"R2,1\n': "READERS.csv: is not a CSV file",
}


@pytest.mark.parametrize("content", BAD_READERS)
def test_a_bad_list_of_readers_is_refused(content: str, tmp_path: Path):
    path = tmp_path / "READERS.csv"
    path.write_text(content)
    with pytest.raises(InvalidReadings) as error:
        read_years(path)
    assert BAD_READERS[content] in str(error.value)


def test_a_list_of_readers_as_spreadsheets_save_it(tmp_path: Path):
    path = tmp_path / "READERS.csv"
    path.write_bytes("\ufeffReader_ID;Specialty;Years\r\n'=R1;x;2,5\r\n;;\r\nR2;;\r\nR3;;0\r\n".encode())
    assert read_years(path) == {"=R1": 2.5, "R3": 0}
    with pytest.raises(InvalidReadings, match=r"nowhere\.csv: cannot be read"):
        read_years(tmp_path / "nowhere.csv")


@pytest.mark.parametrize("content", ["", "x\n", None], ids=["empty", "no columns", "absent"])
def test_unusable_input_exits_2_with_one_line_and_leaves_nothing(content: str | None, tmp_path: Path):
    path = tmp_path / "bad.csv"
    if content is not None:
        path.write_text(content)
    before = names(tmp_path)
    with pytest.raises(CommandError) as error:
        call_command("analyse", path, out=tmp_path / "results")
    assert error.value.returncode == 2
    assert "bad.csv" in str(error.value)
    assert "\n" not in str(error.value)
    assert names(tmp_path) == before


def test_a_folder_that_holds_something_is_not_overwritten(readings_csv: Path, tmp_path: Path):
    with pytest.raises(CommandError, match="is not an empty folder") as error:
        call_command("analyse", readings_csv, out=readings_csv.parent)
    assert error.value.returncode == 2
    assert names(readings_csv.parent) == ["READINGS.csv"]


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path):
    target = tmp_path / "parent" / "results"
    target.mkdir(parents=True)  # empty: may be filled

    def fail_half_way() -> None:
        with whole_folder(target) as draft:
            (draft / "half").write_text("x")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail_half_way()
    assert (names(target.parent), names(target)) == (["results"], [])

    with whole_folder(target) as draft:
        (draft / "whole").write_text("x")
    assert (names(target.parent), names(target)) == (["results"], ["whole"])
