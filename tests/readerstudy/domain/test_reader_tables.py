"""What readers said beside their labels reaches the export: ratings, comments, marks, problems, displays."""

import uuid
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from readerstudy.domain.answers import parse_answer, record_reading
from readerstudy.domain.display_checks import record_display_check
from readerstudy.domain.exports import export_study
from readerstudy.domain.problem_reports import parse_problem, report_problem
from readerstudy.domain.reading_room import current_state
from readerstudy.domain.resets import reset_reader
from readerstudy.models.reader import Reader
from readerstudy.models.sequence import SequenceItem
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ASKED = {
    "practice": 1,
    "response": "label+confidence",
    "lesion_cue": "none",
    "comments": True,
    "rationale_mark": True,
}
PRACTICE = {"label": "unsure", "rating": 0, "comment": "of practice"}
ANSWERS: list[dict[str, Any]] = [
    {"label": "real", "confidence": 3, "comment": "=SUM(A1)\nnext line"},
    {"label": "synthetic", "confidence": 2, "mark": {"slice": 17, "row": 23, "column": 25}},
    {"label": "unsure", "rating": 0},
    {"label": "not-seen"},
]


@pytest.fixture
def reader(db) -> Reader:
    return factories.make_reader(factories.make_study_of_patients(real=3, hosts=3, reading=ASKED))


def wire(**said: Any) -> dict[str, Any]:
    return {"submission": str(uuid.uuid4()), "active_ms": 1000, "viewer_version": "1"} | said


def read(reader: Reader) -> Iterator[str]:
    """Answer every case; give each one's token before it is answered."""
    for said in [PRACTICE, *ANSWERS]:
        token = current_state(reader=reader)["case"]["token"]
        yield token
        answer = parse_answer(wire(**said), asked=reader.study.design["reading"])
        record_reading(reader=reader, token=token, answer=answer)


def export(reader: Reader, folder) -> dict[str, pd.DataFrame]:
    factories.close(reader.study)
    export_study(study=reader.study, folder=folder, actor="ann")
    return {path.name: pd.read_csv(path) for path in folder.glob("*.csv")}


def codes(reader: Reader) -> list[str]:
    items = SequenceItem.objects.filter(sequence__reader=reader, case__practice=False)
    return list(items.order_by("position").values_list("case__code", flat=True))


def test_labels_ratings_and_cases_not_seen_are_in_readings_csv(reader, tmp_path):
    list(read(reader))

    tables = export(reader, tmp_path / "out")

    readings = tables["readings.csv"].sort_values("order")
    assert list(readings["label"]) == ["real", "synthetic", "unsure", "not-seen"]
    assert readings["rating"].tolist()[:3] == [3, -2, 0]
    assert pd.isna(readings["rating"].iloc[3])
    pooled = tables["metrics.csv"].query("reader_id == 'R1' and organ == 'liver' and generator == 'all'").iloc[0]
    counted = pooled[["tp", "fn", "tn", "fp", "unsure_real", "unsure_synthetic"]].sum()
    assert counted == pooled["n_real"] + pooled["n_synthetic"] == 3  # the case not seen is in no denominator


def test_comments_and_marks_are_in_remarks_csv(reader, tmp_path):
    list(read(reader))

    remarks = export(reader, tmp_path / "out")["remarks.csv"]

    commented, marked = codes(reader)[:2]
    assert remarks["case_id"].astype(str).tolist() == [commented, marked]
    assert set(remarks["reader_id"]) == {"R1"}
    assert remarks["comment"].tolist()[0] == "'=SUM(A1)\nnext line"
    assert remarks[["mark_x_mm", "mark_y_mm", "mark_z_mm"]].iloc[0].isna().all()
    assert remarks[["mark_x_mm", "mark_y_mm", "mark_z_mm"]].iloc[1].tolist() == [0, 0, 0]


def test_reports_are_in_problems_csv_those_of_practice_left_out(reader, tmp_path):
    for token in read(reader):
        problem = parse_problem({"submission": str(uuid.uuid4()), "text": f"about {token[:4]}"})
        report_problem(reader=reader, token=token, problem=problem)

    problems = export(reader, tmp_path / "out")["problems.csv"]

    assert problems["case_id"].astype(str).tolist() == codes(reader)
    assert problems["text"].str.startswith("about ").all()


def test_every_display_check_is_in_displays_csv(reader, tmp_path):
    for found in ({"dark_seen": ""}, {}):
        record_display_check(reader=reader, found=factories.display_found(**found))

    displays = export(reader, tmp_path / "out")["displays.csv"]

    assert displays["passed"].tolist() == [False, True]
    assert displays["screen_width"].tolist() == [1920, 1920]
    assert displays["dark_seen"].isna().tolist() == [True, False]


def test_every_column_is_in_the_dictionary(reader, tmp_path):
    tables = export(reader, tmp_path / "out")

    described = tables["data_dictionary.csv"].groupby("file")["column"].agg(list)
    for name in ("remarks.csv", "revisions.csv", "realism.csv", "problems.csv", "displays.csv"):
        assert described[name] == list(tables[name])


def test_answers_of_an_order_that_was_drawn_anew_are_told_and_counted_nowhere(reader, tmp_path):
    former = [item.case.code for item in reader.sequence.items.select_related("case").order_by("position")]
    first = list(read(reader))
    reset_reader(reader=reader, actor="ann", reason="The screen was too dark.")
    again = Reader.objects.select_related("study").get(pk=reader.pk)
    assert current_state(reader=again)["case"]["token"] not in first

    tables = export(again, tmp_path / "out")

    superseded = tables["superseded.csv"]
    assert list(superseded["label"]) == [answer["label"] for answer in ANSWERS]  # practice is not told
    assert list(superseded["case_id"]) == former[1:]
    assert list(superseded["order"]) == [2, 3, 4, 5]
    assert set(superseded["draw"]) == {1}
    assert set(superseded["reader_id"]) == {"R1"}
    assert (superseded["received_at"] < superseded["superseded_at"]).all()
    assert tables["readings.csv"].empty
    assert tables["revisions.csv"].empty
    told = tables["data_dictionary.csv"]
    assert list(told.loc[told["file"] == "superseded.csv", "column"]) == list(superseded)
