"""Realism from 1 to 5 of what the study asks: all of it or nothing, exported, and compared between the arms."""

import uuid

import pandas as pd
import pytest

from readerstudy.domain.answers import parse_answer, record_reading
from readerstudy.domain.design import parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.exports import export_study
from readerstudy.domain.reading_room import current_state
from readerstudy.domain.report import render_report
from readerstudy.domain.results import study_results
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.sequence import SequenceItem
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ASKED = {"attributes": ["shape", "place"], "lesion_cue": "none"}


def wire(label="real", **said):
    return {"submission": str(uuid.uuid4()), "label": label, "active_ms": 1, "viewer_version": "1"} | said


def parsed(data, **reading):
    design = parse_design(factories.design_data(reading=ASKED | reading))
    return parse_answer(data, asked=design.to_json()["reading"])


def test_what_is_asked_is_taken():
    assert parsed(wire(attributes={"place": 5, "shape": 1})).attributes == {"shape": 1, "place": 5}
    assert parsed(wire("not-seen")).attributes == {}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (wire(), "attributes must give shape, place for the answer real."),
        (wire(attributes={"shape": 1}), "attributes must give shape, place for the answer real."),
        (wire(attributes=[1, 2]), "attributes must give shape, place for the answer real."),
        (
            wire(attributes={"shape": 1, "place": 2, "margin": 3}),
            "attributes must give shape, place for the answer real.",
        ),
        (wire(attributes={"shape": 0, "place": 2}), "attributes must be whole numbers from 1 to 5."),
        (wire(attributes={"shape": 6, "place": 2}), "attributes must be whole numbers from 1 to 5."),
        (wire(attributes={"shape": True, "place": 2}), "attributes must be whole numbers from 1 to 5."),
        (wire(attributes={"shape": 1.5, "place": 2}), "attributes must be whole numbers from 1 to 5."),
        (wire("not-seen", attributes={"shape": 1}), "attributes must give nothing for the answer not-seen."),
    ],
)
def test_anything_else_is_refused(data, message):
    with pytest.raises(DomainError) as caught:
        parsed(data)
    assert str(caught.value) == message


def test_a_study_that_asks_nothing_takes_nothing():
    with pytest.raises(DomainError, match="attributes must give nothing"):
        parsed(wire(attributes={"shape": 3}), attributes=[])


@pytest.fixture
def study():
    """A closed study, practice left out: real cases got shape 5 and place 3, synthetic ones shape 2 and place 3."""
    study = factories.make_study_of_patients(real=4, hosts=4, reading=ASKED | {"practice": 1})
    truths = dict(GroundTruth.objects.values_list("case", "truth"))
    for code in ("R1", "R2"):
        reader = factories.make_reader(study, code)
        while not (state := current_state(reader=reader))["done"]:
            token = state["case"]["token"]
            real = truths[SequenceItem.objects.get(token=token).case_id] == "real"
            given = parse_answer(
                wire(attributes={"shape": 5 if real else 2, "place": 3}), asked=study.design["reading"]
            )
            record_reading(reader=reader, token=token, answer=given)
    return factories.close(study)


def test_levels_are_exported_for_each_reading_and_summarised(study, tmp_path):
    export_study(study=study, folder=tmp_path / "out", actor="ann")

    levels = pd.read_csv(tmp_path / "out" / "realism.csv")
    assert len(levels) == 8
    assert sorted(levels["shape"]) == [2, 2, 2, 2, 5, 5, 5, 5]
    assert levels[["margin", "texture"]].isna().all(axis=None)
    summary = pd.read_csv(tmp_path / "out" / "realism_summary.csv").set_index("attribute")
    assert (summary.loc["shape", "superiority"], summary.loc["place", "superiority"]) == (1.0, 0.5)
    assert (summary.loc["shape", "real_5"], summary.loc["shape", "synthetic_2"]) == (4, 4)
    described = pd.read_csv(tmp_path / "out" / "data_dictionary.csv").groupby("file")["column"].apply(list)
    assert described["realism_summary.csv"] == list(pd.read_csv(tmp_path / "out" / "realism_summary.csv").columns)
    assert described["realism.csv"] == list(levels.columns)


def test_the_report_and_the_results_show_them(study):
    results = study_results(study)

    assert [(row.attribute, row.real, row.synthetic, row.difference) for row in results.realism_rows] == [
        ("Shape", "5 (0 · 0 · 0 · 0 · 4)", "2 (0 · 4 · 0 · 0 · 0)", "100 %"),
        ("Place", "3 (0 · 0 · 4 · 0 · 0)", "3 (0 · 0 · 4 · 0 · 0)", "50 %"),
    ]
    assert "How real each attribute looked" in render_report(results)
