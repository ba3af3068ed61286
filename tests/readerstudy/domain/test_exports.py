"""What leaves a closed study, whole or not at all."""

import hashlib
import json
import uuid

import pandas as pd
import pytest

from readerstudy.analysis.readings_csv import read_readings_csv
from readerstudy.domain.answers import Answer, record_reading
from readerstudy.domain.errors import DomainError
from readerstudy.domain.exports import export_study
from readerstudy.domain.protocol import amend, protocol_of
from readerstudy.domain.reading_room import current_state
from readerstudy.domain.results import build_readings
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.vocabulary import Label, Origin
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@factories.made_once
def make_closed_study(*, readers=("R1", "R2"), idle=(), stand_ins=False):
    dataset = factories.make_patients(real=0 if stand_ins else 2, hosts=2)
    if stand_ins:
        for _ in range(2):
            factories.make_scan(dataset, origin=Origin.REAL, stand_in=True)
    study = factories.make_open_study(stand_ins_allowed=stand_ins)
    for code in readers:
        reader = factories.make_reader(study, code)
        while not (state := current_state(reader=reader))["done"]:
            record_reading(
                reader=reader, token=state["case"]["token"], answer=Answer(uuid.uuid4(), Label.REAL, 1000, "1")
            )
    for code in idle:
        factories.make_reader(study, code)
    return factories.work_out(factories.close(study))


def export(study, folder):
    export_study(study=study, folder=folder, actor="ann")
    return folder


def test_an_export_is_these_files(tmp_path):
    folder = export(make_closed_study(), tmp_path / "out")

    assert {path.name for path in folder.iterdir()} == {
        "README.txt", "SHA256SUMS", "analyse.R", "analysis.json", "audit_log.csv", "cases.csv", "data_dictionary.csv",
        "design.json", "displays.csv", "export.xlsx", "figures", "gallery.csv", "gallery_reviews.csv",
        "imrmc_cases.csv", "labels.imrmc", "metrics.csv", "problems.csv", "protocol.json", "readers.csv",
        "readings.csv", "realism.csv", "realism_summary.csv", "remarks.csv", "report.html", "revisions.csv",
        "superseded.csv", "table.tex",
    }  # fmt: skip


def test_every_table_is_described_column_by_column(tmp_path):
    folder = export(make_closed_study(), tmp_path / "out")

    described = pd.read_csv(folder / "data_dictionary.csv")

    for name, rows in described.groupby("file"):
        written = pd.read_csv(folder / name, nrows=0)
        assert [column for column in rows["column"] if column in written] == list(written), name


def test_every_reader_is_listed_also_who_read_nothing(tmp_path):
    study = make_closed_study(readers=("R1",), idle=("R2",))

    readers = pd.read_csv(export(study, tmp_path / "out") / "readers.csv", keep_default_na=False)

    assert readers[["reader_id", "n_assigned", "n_read", "n_unsure"]].to_numpy().tolist() == [
        ["R1", 4, 4, 0],
        ["R2", 4, 0, 0],
    ]
    assert set(readers["order_drawn_by"]) == {"halves-1"}


def test_the_audit_log_goes_with_it(tmp_path):
    study = make_closed_study()

    log = pd.read_csv(export(study, tmp_path / "out") / "audit_log.csv")

    assert list(log["action"]) == list(
        study.audit_events.exclude(action="export study").values_list("action", flat=True)
    )
    assert json.loads(log["detail"].iloc[0]) == {"design_sha256": study.design_sha256}


def test_cases_say_how_often_they_were_taken_wrongly(tmp_path):
    """Both readers call every case real."""
    cases = pd.read_csv(export(make_closed_study(), tmp_path / "out") / "cases.csv")

    assert list(cases["n_wrong"]) == [2 if truth == "synthetic" else 0 for truth in cases["truth"]]
    assert set(cases["n_readings"]) == {2}


def test_the_readings_are_those_of_the_database(tmp_path):
    study = make_closed_study()

    folder = export(study, tmp_path / "out")

    pd.testing.assert_frame_equal(read_readings_csv(folder / "readings.csv"), build_readings(study))


def test_the_time_of_a_reading_is_the_active_one(tmp_path):
    """Every answer says one active second, and took less on the server's clock."""
    assert set(build_readings(make_closed_study())["time_s"]) == {1.0}


def test_the_metrics_follow_from_the_answers(tmp_path):
    folder = export(make_closed_study(), tmp_path / "out")

    metrics = pd.read_csv(folder / "metrics.csv").set_index(["reader_id", "organ", "generator"])

    row = metrics.loc[("R1", "liver", "hand-crafted")]
    assert (row["tp"], row["fn"], row["tn"], row["fp"]) == (2, 0, 0, 2)
    assert (row["sensitivity"], row["specificity"], row["accuracy"]) == (1.0, 0.0, 0.5)


def test_every_case_is_listed_with_its_truth_and_source(tmp_path):
    study = make_closed_study()

    cases = pd.read_csv(export(study, tmp_path / "out") / "cases.csv", keep_default_na=False)

    truths = GroundTruth.objects.order_by("case__code")
    assert list(cases["case_id"]) == [truth.case.code for truth in truths]
    assert list(cases["truth"]) == [truth.truth for truth in truths]
    assert list(cases["dataset"]) == [truth.source.volume.dataset.name for truth in truths]
    assert list(cases["diameter_mm"]) == pytest.approx(
        [truth.synthesis_run.diameter_mm if truth.synthesis_run else truth.source.diameter_mm for truth in truths]
    )


def test_the_document_names_the_study_and_its_design(tmp_path):
    study = make_closed_study()
    folder = export(study, tmp_path / "out")

    document = json.loads((folder / "analysis.json").read_text())

    protocol, gallery = (document["study"].pop(name) for name in ("protocol", "gallery"))
    assert [arm["n_shown"] for arm in gallery] == [0, 0]
    assert document["study"] == {
        "slug": "small",
        "title": "A small study",
        "design_sha256": study.design_sha256,
        "stand_in": False,
        "read_elsewhere": False,
        "participation": {
            "rule": "as-read", "incomplete": [], "left_out": [], "excluded_cases": [], "superseded_readings": 0,
        },
    }  # fmt: skip
    assert json.loads((folder / "design.json").read_text()) == study.design
    assert document["positive"] == "real tumour"
    assert protocol["sha256"] == protocol_of(study).sha256
    assert protocol["leak_audit"]["acknowledgement"] == "It is a test."


def test_the_protocol_is_exported_with_the_hash_that_it_gives(tmp_path):
    study = make_closed_study()
    amend(study=study, actor="ann", change="R3 is replaced by R5.", reason="R3 fell ill.")

    protocol = json.loads((export(study, tmp_path / "out") / "protocol.json").read_text())

    text = json.dumps(protocol["document"], sort_keys=True, separators=(",", ":"))
    assert protocol["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert protocol["document"]["design"] == study.design
    assert protocol["deviations"] == []
    assert [(one["change"], one["reason"]) for one in protocol["amendments"]] == [
        ("R3 is replaced by R5.", "R3 fell ill.")
    ]


def test_stand_ins_are_said_wherever_a_figure_is(tmp_path):
    folder = export(make_closed_study(stand_ins=True), tmp_path / "out")

    document = json.loads((folder / "analysis.json").read_text())

    assert document["study"]["stand_in"] is True
    assert "stand-ins" in document["warnings"][0]
    assert "stand-ins" in (folder / "README.txt").read_text()
    assert set(pd.read_csv(folder / "cases.csv")["stand_in"]) == {True, False}


def test_a_study_without_stand_ins_does_not_speak_of_them(tmp_path):
    folder = export(make_closed_study(), tmp_path / "out")

    assert "stand-in" not in (folder / "README.txt").read_text()


def test_a_study_that_nobody_read_is_exported_all_the_same(tmp_path):
    folder = export(make_closed_study(readers=()), tmp_path / "out")

    assert len((folder / "readings.csv").read_text().splitlines()) == 1
    assert len(pd.read_csv(folder / "cases.csv")) == 4


def test_an_open_study_is_not_exported(tmp_path):
    factories.make_patients(real=2, hosts=2)

    with pytest.raises(DomainError, match="small is not closed"):
        export(factories.make_open_study(), tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_nothing_is_overwritten_and_nothing_half_written_stays(tmp_path):
    study = make_closed_study()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")

    with pytest.raises(DomainError, match="name a new one"):
        export(study, tmp_path / "out")

    assert [path.name for path in tmp_path.iterdir() if path.name != "data"] == ["out"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_an_export_is_recorded(tmp_path):
    study = make_closed_study()
    export(study, tmp_path / "out")

    assert (str(study.audit_events.last().actor), study.audit_events.last().action) == ("ann", "export study")
