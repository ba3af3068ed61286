"""What leaves a closed organ-recognition study: figures, export, report, debrief; against what was answered."""

import json
import uuid
from collections import Counter

import pandas as pd
import pytest
from django.utils import timezone
from scipy.stats import binomtest

from readerstudy.analysis.radiomics.experiment import run_experiment
from readerstudy.analysis.reporting.numbers import percent
from readerstudy.domain.actors import actor_of
from readerstudy.domain.answer_scale import asked_of
from readerstudy.domain.answers import parse_answer, save_answer
from readerstudy.domain.errors import DomainError
from readerstudy.domain.exports import export_study
from readerstudy.domain.organ_results import OrganResults, results_of
from readerstudy.domain.queries.reviewed_case import reviewed_case
from readerstudy.domain.reading_room import current_state
from readerstudy.domain.report import render_report
from readerstudy.models.debrief import Debrief
from readerstudy.models.job import Job
from readerstudy.models.radiomics_run import RadiomicsRun
from tests import factories
from tests.readerstudy.analysis.radiomics.builders import feature_table

pytestmark = pytest.mark.django_db


def read(reader, say):
    """Answer every case by `say(organ, number)`; return the answers that count, by organ."""
    asked, said = asked_of(reader.study.design), Counter()
    number = 0
    while not (state := current_state(reader=reader))["done"]:
        token = state["case"]["token"]
        item = reader.sequence.items.select_related("case").get(token=token)
        label = say(item.case.organ, number)
        answer = parse_answer({"submission": str(uuid.uuid4()), "label": label, "active_ms": 1500}, asked=asked)
        save_answer(reader=reader, token=token, answer=answer)
        if not item.case.practice:
            said[item.case.organ, label] += 1
            number += 1
    return said


@pytest.fixture
def study():
    for organ in ("liver", "kidney"):
        factories.make_patients(real=3, hosts=3, organ=organ)
    return factories.make_open_study(**factories.organ_task_data(reading={"practice": 1, "debrief": True}))


@pytest.fixture
def closed(study):
    said = [
        read(factories.make_reader(study, "R1"), lambda organ, _: organ),
        read(factories.make_reader(study, "R2"), lambda _, n: "unsure" if n == 0 else "liver"),
    ]
    factories.close(study)
    study.refresh_from_db()
    return study, said


def row(table, **where):
    for name, value in where.items():
        table = table[table[name] == value]
    return table.iloc[0]


def test_there_is_no_figure_before_closing(study):
    with pytest.raises(DomainError, match="is not closed"):
        results_of(study)


@pytest.mark.database
def test_the_figures_are_those_of_the_answers(closed):
    study, (_, second) = closed

    results = results_of(study)

    assert isinstance(results, OrganResults)
    found = results.recognition
    assert row(found.by_reader, reader_id="R1", origin="all").macro == 1
    said = found.confusion[(found.confusion["reader_id"] == "R2") & (found.confusion["origin"] == "all")]
    counts = {(one.organ, one.answer): one.n for one in said.itertuples() if one.n}
    assert counts == dict(second)
    mine = row(found.by_reader, reader_id="R2", origin="all")
    assert mine.n_unsure == 1
    assert mine.binomial_p == pytest.approx(binomtest(second["liver", "liver"], 7, 1 / 2).pvalue)
    assert results.findings.headline.startswith("2 readers named the organ of ")
    assert "guessing among 2 organs gives 50.0 %" in results.findings.headline
    assert [table.words for table in results.findings.tables] == ["All cases", "Real tumours", "Synthetic tumours"]
    assert set(results.drawings) == {"confusion", "recognised"}
    assert results.drawing("forest") is None


FILES = {
    "README.txt", "SHA256SUMS", "accuracy.csv", "analysis.json", "audit_log.csv", "cases.csv", "confusion.csv",
    "data_dictionary.csv", "design.json", "displays.csv", "export.xlsx", "figures", "gallery.csv",
    "gallery_reviews.csv", "organs.csv", "problems.csv", "protocol.json", "readers.csv", "readings.csv", "remarks.csv",
    "report.html", "revisions.csv", "superseded.csv",
}  # fmt: skip


def test_an_export_is_these_files_described_column_by_column(closed, tmp_path):
    study, _ = closed
    export_study(study=study, folder=tmp_path / "out", actor="ann")

    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    described = pd.read_csv(tmp_path / "out" / "data_dictionary.csv")
    tables = {path.name for path in (tmp_path / "out").glob("*.csv")} - {"data_dictionary.csv"}
    assert set(described["file"]) == tables
    for name, rows in described.groupby("file"):
        written = pd.read_csv(tmp_path / "out" / name, nrows=0)
        assert [column for column in rows["column"] if column in written] == list(written), name
    readme = (tmp_path / "out" / "README.txt").read_text(encoding="utf-8")
    assert "Right = the organ that was named" in readme
    assert "Positive = real" not in readme


@pytest.mark.database
def test_the_export_holds_the_answers_and_the_figures(closed, tmp_path):
    study, said = closed
    export_study(study=study, folder=tmp_path / "out", actor="ann")

    readings = pd.read_csv(tmp_path / "out" / "readings.csv")
    counts = Counter(zip(readings["organ"], readings["label"], strict=True))
    assert counts == said[0] + said[1]
    document = json.loads((tmp_path / "out" / "analysis.json").read_text(encoding="utf-8"))
    assert document["task"] == "organ"
    assert document["organs"] == ["liver", "kidney"]
    assert document["by_reader"][0]["reader_id"] == "R1"
    assert document["study"]["protocol"]["sha256"]
    cases = pd.read_csv(tmp_path / "out" / "cases.csv")
    assert cases.loc[cases["organ"] == "liver", "n_wrong"].sum() == 0
    assert cases.loc[cases["organ"] == "kidney", "n_wrong"].sum() == said[1]["kidney", "liver"]


def test_the_report_says_what_was_shown_and_found(closed):
    study, _ = closed

    report = render_report(results_of(study))

    for part in (
        "Report of an organ-recognition study",
        "named the organ of",
        "A case was a cube of 24 mm a side around the tumour",
        "tested against 1/2 by the exact binomial test",
        "opened it at the same slice with the same window",
        'id="figure-confusion"',
        'id="figure-recognised"',
        "Frozen protocol",
    ):
        assert part in report, part
    for of_the_first_task in ("sensitivity", "specificity", "visual Turing test", "Positive = real"):
        assert of_the_first_task.lower() not in report.lower(), of_the_first_task


def test_the_machine_stands_beside_the_readers_where_it_was_asked_for_the_same_organs(closed):
    study, _ = closed
    table = feature_table(patients=40, organs=("liver", "kidney"), organ_shift=4.0)
    result = run_experiment(table, permutations=9)
    result |= {"refused": {}, "stand_in": False, "settings": {"bin_width_hu": 25.0, "spacing_mm": 1.0}}
    ended = timezone.now()
    RadiomicsRun.objects.create(
        study=study, actor=actor_of("ann"), state=Job.State.SUCCEEDED, result=result, finished_at=ended
    )

    results = results_of(study)

    readers, machine = results.beside_machine
    assert (readers.who, readers.origin, readers.n) == ("All readers", "Real tumours", 8)
    assert (machine.who, machine.origin, machine.n) == ("Machine (radiomics)", "Real tumours", 40)
    assert float(machine.macro.percent) > 90
    pooled = results.recognition.pooled("real")
    assert readers.macro.percent == percent(pooled["macro"])
    assert 'id="machine"' in render_report(results)
    assert results.document["beside_machine"][1]["who"] == "Machine (radiomics)"


def test_there_is_no_machine_where_it_was_not_asked(closed):
    study, _ = closed

    assert results_of(study).beside_machine == []


@pytest.mark.database
def test_a_debrief_tells_each_reader_the_organs(closed):
    payload = Debrief.objects.get(reader__code="R1").payload

    assert payload["task"] == "organ"
    assert payload["figures"] == {
        "n_answered": 8,
        "n_right": 8,
        "organs": [
            {"organ": "liver", "n_answered": 4, "n_right": 4, "n_unsure": 0},
            {"organ": "kidney", "n_answered": 4, "n_right": 4, "n_unsure": 0},
        ],
    }
    assert all(case["truth"] == case["answer"] for sitting in payload["sittings"] for case in sitting["cases"])


def test_a_looked_back_at_case_is_wrong_where_another_organ_was_named(closed):
    study, _ = closed
    for case in study.cases.filter(practice=False):
        answers = {one.reader: one for one in reviewed_case(study, case.code).answers}
        assert not answers["R1"].wrong
        assert answers["R2"].wrong == (case.organ == "kidney" and answers["R2"].label == "liver")


def test_nothing_read_is_said(study, tmp_path):
    factories.make_reader(study, "R1")
    factories.close(study)
    study.refresh_from_db()

    results = results_of(study)

    assert results.findings.n_readings == 0
    assert results.drawings == {}
    assert "no accuracy can be given" in results.findings.headline
    export_study(study=study, folder=tmp_path / "out", actor="ann")
    assert pd.read_csv(tmp_path / "out" / "accuracy.csv").empty
