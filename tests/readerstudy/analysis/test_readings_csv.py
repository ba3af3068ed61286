import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.analysis.frame import COLUMNS, TEXT, InvalidReadings, readings_frame
from readerstudy.analysis.readings_csv import escape_text, read_readings_csv, unescape_text, write_readings_csv

HEADER = "reader_id,case_id,organ,generator,truth,label"
GOOD = f"{HEADER}\nR1,a,liver,,real,real\nR1,b,liver,G,synthetic,unsure\n"


def read(text: str | bytes) -> pd.DataFrame:
    stream = io.BytesIO(text.encode() if isinstance(text, str) else text)
    stream.name = "READINGS.csv"
    return read_readings_csv(stream)


def refusal(text: str | bytes) -> str:
    with pytest.raises(InvalidReadings) as error:
        read(text)
    return str(error.value)


def test_every_declared_column_comes_back_in_its_dtype():
    frame = read(GOOD)
    assert {name: frame[name].dtype for name in frame} == {name: column.dtype for name, column in COLUMNS.items()}
    assert list(frame["label"]) == ["real", "unsure"]
    assert list(frame["generator"]) == ["", "G"]
    assert frame["rating"].isna().all()
    assert frame["order"].isna().all()
    assert list(frame["repeat_index"]) == [0, 0]


def test_optional_columns_and_any_column_order():
    frame = read(
        "label,truth,generator,organ,case_id,reader_id,rating,order,time_s,session,repeat_index\n"
        "real,real,,liver,a,R1,4.5,2,12.25,s1,0\n"
        "real,real,,liver,a,R1,,7,,s2,1\n"
    )
    assert list(frame.columns) == list(COLUMNS)
    assert frame.iloc[0].to_dict() == {
        "reader_id": "R1", "case_id": "a", "organ": "liver", "generator": "", "truth": "real", "label": "real",
        "rating": 4.5, "order": 2, "time_s": 12.25, "session": "s1", "repeat_index": 0,
        "patient_id": "", "control": 0, "host_only": 0,
    }  # fmt: skip
    assert np.isnan(frame.loc[1, "rating"])


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n"),
        GOOD.replace("\n", "\r"),
        GOOD.replace(",", ";"),
        GOOD.rstrip("\n"),
        GOOD.replace("\n", "\n\n"),
        GOOD + ",,,,,\n",
        GOOD.replace(",", " , "),
        GOOD.replace("unsure", "Unsure").replace("real", "REAL").replace("liver", "Liver"),
        GOOD.replace(HEADER, HEADER.upper()),
        GOOD.replace("R1", '"R1"'),
        "sep=;\r\n" + GOOD.replace(",", ";"),
        b"\xef\xbb\xbfSEP=,\n" + GOOD.encode(),
    ],
    ids=["BOM", "CRLF", "CR", "semicolons", "no last newline", "blank lines", "empty cells", "spaces", "case",
         "header's case", "quotes", "sep=;", "sep=, after a BOM"],
)  # fmt: skip
def test_what_spreadsheets_do_to_a_file_changes_nothing(text):
    pd.testing.assert_frame_equal(read(text), read(GOOD))


def test_ids_are_text():
    frame = read(f"{HEADER}\n007,1e5,liver,,real,real\nNA,null,liver,,real,real\n")
    assert list(frame["reader_id"]) == ["007", "NA"]
    assert list(frame["case_id"]) == ["1e5", "null"]


def test_kidneys_are_stored_as_kidney():
    assert list(read(f"{HEADER}\nR1,a,Kidneys,,real,real\n")["organ"]) == ["kidney"]


def test_a_decimal_comma_with_semicolons():
    frame = read(f"{HEADER},time_s\n".replace(",", ";") + "R1;a;liver;;real;real;12,5\n")
    assert list(frame["time_s"]) == [12.5]


def test_a_line_break_within_a_quoted_cell_keeps_the_line_numbers():
    message = refusal(f'{HEADER}\n"R\n1",a,liver,,real,real\nR1,b,liver,,real,maybe\n')
    assert message.startswith("READINGS.csv, line 4, column label: 'maybe' is none of")


LINE_2 = "READINGS.csv, line 2"
BAD = {
    "empty file": ("", "READINGS.csv, line 1: is empty"),
    "only a BOM": (b"\xef\xbb\xbf", "READINGS.csv, line 1: is empty"),
    "header only": (f"{HEADER}\n", "READINGS.csv: holds a header but no readings."),
    "missing column": ("reader_id,case_id,organ,generator,truth\n", "line 1: the column label is missing."),
    "unknown column": (f"{HEADER},raiting\n", "line 1: unknown column 'raiting'; known are reader_id"),
    "column twice": (f"{HEADER},label\n", "line 1: the column label is there twice."),
    "too few cells": (f"{HEADER}\nR1,a\n", f"{LINE_2}: has 2 cells where the header has 6."),
    "too many cells": (f"{HEADER}\nR1,a,liver,,real,real,x\n", f"{LINE_2}: has 7 cells where the header has 6."),
    "unknown label": (GOOD.replace("unsure", "maybe"), "line 3, column label: 'maybe' is none of real, synthetic"),
    "empty label": (GOOD.replace("unsure", ""), "line 3, column label: '' is none of"),
    "unknown truth": (GOOD.replace(",real,real", ",unsure,real"), f"{LINE_2}, column truth: 'unsure' is none of"),
    "unknown organ": (GOOD.replace("a,liver", "a,lver"), f"{LINE_2}, column organ: 'lver' is none of liver, pancreas"),
    "no reader": (GOOD.replace("R1,b", ",b"), "line 3, column reader_id: is empty"),
    "no case": (GOOD.replace("R1,a", "R1,"), f"{LINE_2}, column case_id: is empty"),
    "reader called all": (GOOD.replace("R1,a", "all,a"), f"{LINE_2}, column reader_id: 'all' is kept for pooled rows"),
    "generator called all": (GOOD.replace(",G,", ",all,"), "line 3, column generator: 'all' is kept for pooled rows"),
    "generator of a real case": (GOOD.replace("a,liver,,", "a,liver,G,"), f"{LINE_2}, column generator: a real case"),
    "no generator": (GOOD.replace(",G,", ",,"), "line 3, column generator: is empty for a synthetic case"),
    "duplicate": (GOOD + "R1,a,liver,,real,unsure\n", "line 4, column case_id: 'a' was read before by this reader"),
    "two truths": (GOOD + "R2,a,liver,G,synthetic,real\n", "line 4, column truth: 'synthetic' contradicts"),
    "two organs": (GOOD + "R2,a,kidney,,real,real\n", "line 4, column organ: 'kidney' contradicts"),
    "two generators": (GOOD + "R2,b,liver,H,synthetic,real\n", "line 4, column generator: 'H' contradicts"),
    "two patients": (
        f"{HEADER},patient_id\nR1,a,liver,,real,real,P\nR2,a,liver,,real,real,Q\n",
        "line 3, column patient_id: 'Q' contradicts an earlier reading of the same case; a case has one patient_id.",
    ),
    "tabs": (GOOD.replace(",", "\t"), "READINGS.csv, line 1: columns are parted by tabs; save the table as CSV"),
    "after sep=": ("sep=,\n" + GOOD.replace("unsure", "maybe"), "line 4, column label: 'maybe' is none of real"),
    "a decimal comma among commas": (
        f'{HEADER},time_s\nR1,a,liver,,real,real,"12,5"\n', f"{LINE_2}, column time_s: '12,5' is not a finite number."
    ),
    "UTF-16": (GOOD.encode("utf-16"), "READINGS.csv: is not UTF-8 text"),
    "a spreadsheet": (b"PK\x03\x04\x14\x00\x06\x00\x08\x00\x00\x00!\x00\x9a\xff", "READINGS.csv: is not UTF-8 text"),
    "open quote": (f'{HEADER}\nR1,"a,liver,,real,real\n', "READINGS.csv: is not a CSV file (unexpected end of data)."),
    "endless cell": (f"{HEADER}\n{'x' * 200_000},a,liver,,real,real\n", "READINGS.csv: is not a CSV file (field"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_with_its_line_and_column(name: str):
    text, expected = BAD[name]
    assert expected in refusal(text)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("rating", "nan", "column rating: 'nan' is not a finite number."),
        ("rating", "-inf", "column rating: '-inf' is not a finite number."),
        ("rating", "high", "column rating: 'high' is not a finite number."),
        ("time_s", "-1", "column time_s: '-1.0' is negative"),
        ("order", "1.5", "column order: '1.5' is not a whole number."),
        ("repeat_index", "1e300", "column repeat_index: '1e300' is not a whole number."),
        ("repeat_index", "-1", "column repeat_index: '-1' is negative"),
        ("control", "2", "column control: '2' is neither 0 nor 1."),
        ("control", "1", "column control: '1' for a real case; positive controls are poor synthetic ones."),
        ("repeat_index", "1", "column repeat_index: '1', but this reader's first reading of the case (0) is missing."),
    ],
)  # fmt: skip
def test_a_bad_number_is_refused(column: str, value: str, expected: str):
    message = refusal(f"{HEADER},{column}\nR1,a,liver,,real,real,0\nR1,b,liver,,real,real,{value}\n")
    assert message.startswith(f"READINGS.csv, line 3, {expected}")


def test_one_reading_is_enough():
    assert len(read(f"{HEADER}\nR1,a,liver,,real,real\n")) == 1


def test_too_many_readings_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("readerstudy.analysis.readings_csv.MAX_READINGS", 2)
    assert len(read(GOOD)) == 2
    assert "holds more than 2 readings" in refusal(GOOD + "R2,a,liver,,real,real\n")


def test_a_path_is_named_by_its_file_alone(tmp_path: Path):
    path = tmp_path / "mine.csv"
    path.write_text("x\n")
    with pytest.raises(InvalidReadings, match=r"^mine.csv, line 1: the column reader_id is missing"):
        read_readings_csv(path)


def test_an_upload_stays_open():
    stream = io.BytesIO(GOOD.encode())
    read_readings_csv(stream)
    assert not stream.closed


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=x", "''@"])
def test_text_that_a_spreadsheet_would_run_is_escaped(text: str):
    assert escape_text(text) == f"'{text}"
    assert unescape_text(escape_text(text)) == text


@pytest.mark.parametrize("text", ["", "R1", "'quoted'", "a=b", "O'Hara"])
def test_other_text_is_left_alone(text: str):
    assert escape_text(text) == unescape_text(text) == text


words = st.text(st.sampled_from("=+-@'\",;\t\n aÄ0"), min_size=1, max_size=4).map(lambda text: text.strip() or "x")
numbers = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.tuples(words, words, numbers, st.integers(0, 2**53 - 1)), min_size=1, max_size=5))
def test_what_is_written_is_read_back_exactly(tmp_path_factory, rows):
    names, sessions, ratings, orders = zip(*rows, strict=True)
    frame = readings_frame(
        pd.DataFrame(
            {
                "reader_id": names,
                "case_id": [f"={number}" for number in range(len(rows))],
                "organ": "pancreas",
                "generator": "-G",
                "truth": "synthetic",
                "label": "unsure",
                "rating": ratings,
                "order": orders,
                "session": sessions,
            }
        )
    )
    path = tmp_path_factory.mktemp("round") / "readings.csv"
    write_readings_csv(frame, path)
    pd.testing.assert_frame_equal(read_readings_csv(path), frame, check_exact=True)
    with path.open(newline="") as stream:
        texts = [cell for record in csv.DictReader(stream) for name, cell in record.items() if name in TEXT]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in texts)


def test_patients_and_controls_are_read_and_written_where_there_are_any(tmp_path: Path):
    frame = read(f"{HEADER},patient_id,control\nR1,a,liver,,real,real,P1,\nR1,b,liver,G,synthetic,not-seen,P1,1\n")
    assert set(read(f"{HEADER},host_only\nR1,a,liver,,real,real,1\n")["host_only"]) == {1}
    assert list(frame["patient_id"]) == ["P1", "P1"]
    assert list(frame["control"]) == [0, 1]
    write_readings_csv(frame, tmp_path / "with.csv")
    pd.testing.assert_frame_equal(read_readings_csv(tmp_path / "with.csv"), frame)

    write_readings_csv(read(GOOD), tmp_path / "without.csv")
    assert (tmp_path / "without.csv").read_text().splitlines()[0] == (
        f"{HEADER},rating,order,time_s,session,repeat_index"  # the contract's columns
    )


def test_a_frame_is_refused_like_a_file():
    frame = read(GOOD)
    with pytest.raises(InvalidReadings, match=r"^Reading 2, column label: 'maybe' is none of"):
        readings_frame(frame.assign(label=["real", "maybe"]))
    with pytest.raises(InvalidReadings, match="lack the column label"):
        readings_frame(frame.drop(columns="label"))
    with pytest.raises(InvalidReadings, match="a column 'patient'"):
        readings_frame(frame.assign(patient="x"))


def test_a_frame_without_generators_of_real_cases_may_hold_none():
    frame = read(GOOD)[["reader_id", "case_id", "organ", "generator", "truth", "label"]]
    frame["generator"] = [None, "G"]
    pd.testing.assert_frame_equal(readings_frame(frame), read(GOOD))


def test_a_file_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(InvalidReadings, match=r"nowhere\.csv: cannot be read \(No such file or directory\)"):
        read_readings_csv(tmp_path / "nowhere.csv")
