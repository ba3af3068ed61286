import pandas as pd
import pytest

from readerstudy.analysis.exports import workbook


def test_a_table_longer_than_a_sheet_goes_on_in_the_next(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.setattr(workbook, "ROWS_PER_SHEET", 3)
    monkeypatch.setattr(workbook, "ROWS_AT_ONCE", 2)
    table = pd.DataFrame({"n": range(7), "text": list("abcdefg"), "sure": [True, False] * 3 + [True]})

    workbook.write_workbook({"long": table}, tmp_path / "x.xlsx")

    sheets = pd.read_excel(tmp_path / "x.xlsx", sheet_name=None)
    assert list(sheets) == ["long", "long 2", "long 3"]
    pd.testing.assert_frame_equal(pd.concat(sheets.values(), ignore_index=True), table)


def test_missing_values_are_empty_cells(tmp_path):
    table = pd.DataFrame({"x": [1.5, float("nan")], "n": pd.array([pd.NA, 2], dtype="Int64"), "t": ["", "=1"]})

    workbook.write_workbook({"t": table}, tmp_path / "x.xlsx")

    read = pd.read_excel(tmp_path / "x.xlsx", header=None, skiprows=1, dtype=object)
    assert read.isna().to_numpy().tolist() == [[False, True, True], [True, False, False]]
    assert read.iloc[1, 2] == "=1"
