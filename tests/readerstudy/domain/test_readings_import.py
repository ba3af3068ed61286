"""Readings made elsewhere come out as they went in, or not in at all."""

import numpy as np
import pandas as pd
import pytest

from readerstudy.analysis.frame import readings_frame
from readerstudy.analysis.readings_csv import read_readings_csv
from readerstudy.domain.errors import DomainError
from readerstudy.domain.exports import export_study
from readerstudy.domain.readings_import import import_readings
from readerstudy.domain.results import build_readings, study_results
from readerstudy.models.case import Case
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def frame(**columns):
    return readings_frame(
        pd.DataFrame(
            {
                "reader_id": ["R1", "R1", "R1", "R2"],
                "case_id": ["a", "b", "a", "a"],
                "organ": ["liver", "kidney", "liver", "liver"],
                "generator": ["", "gan", "", ""],
                "truth": ["real", "synthetic", "real", "real"],
                "label": ["real", "unsure", "synthetic", "real"],
                "rating": [0.9, np.nan, 0.2, np.nan],
                "order": [1, 2, 3, 1],
                "time_s": [1.5, 30.25, 2.0, np.nan],
                "session": ["1", "1", "2", "1"],
                "repeat_index": [0, 0, 1, 0],
            }
            | columns
        )
    )


def load(readings, slug="elsewhere", **options):
    return import_readings(slug=slug, readings=readings, actor="ann", **options)


def test_readings_come_out_as_they_went_in():
    study = load(frame(), title="Read elsewhere")

    pd.testing.assert_frame_equal(build_readings(study), frame())
    assert (study.state, study.read_elsewhere, study.title) == (Study.State.CLOSED, True, "Read elsewhere")
    assert [event.action for event in study.audit_events.all()] == ["import readings"]


def test_rows_are_stored_in_the_order_in_which_they_were_read():
    shuffled = frame().iloc[[2, 3, 0, 1]].reset_index(drop=True)

    pd.testing.assert_frame_equal(build_readings(load(shuffled)), frame())


def test_patients_and_positive_controls_come_out_as_they_went_in():
    readings = frame(patient_id=["p", "q", "p", "p"], control=[0, 1, 0, 0])

    study = load(readings)

    pd.testing.assert_frame_equal(build_readings(study), readings)
    assert [(organ["name"], organ["synthetic"]) for organ in study.design["organs"]] == [("liver", {})]


def test_a_tumour_that_was_not_seen_stays_so():
    readings = frame(label=["real", "not-seen", "synthetic", "real"])

    results = study_results(load(readings))

    pd.testing.assert_frame_equal(results.readings, readings)
    assert results.analysis.document["n_not_seen"] == 1


def test_a_patient_of_several_cases_is_known_to_the_analysis_of_the_import():
    readings = frame(repeat_index=[0, 0, 0, 0], case_id=["a", "b", "c", "a"], patient_id=["p", "p", "p", "p"])

    analysis = study_results(load(readings)).analysis

    assert analysis.document["n_patients_with_several_cases"] == 1
    assert analysis.document["warnings"][-1].startswith("Several cases come from one patient or host (1 of them)")


def test_years_of_experience_are_kept():
    load(frame(), years={"R1": 7, "nobody": 3})

    assert list(Reader.objects.order_by("code").values_list("code", "years")) == [("R1", 7), ("R2", None)]


def test_an_order_that_was_not_recorded_is_not_invented():
    readings = frame(order=[pd.NA] * 4)

    pd.testing.assert_frame_equal(build_readings(load(readings)), readings)


def test_an_order_with_gaps_stays_as_recorded():
    readings = frame(order=[2, 5, 9, 4])

    pd.testing.assert_frame_equal(build_readings(load(readings)), readings)


def test_the_design_says_what_was_read():
    study = load(frame())

    assert [(organ["name"], organ["real"], organ["synthetic"]) for organ in study.design["organs"]] == [
        ("kidney", 0, {"gan": 1}),
        ("liver", 1, {}),
    ]


def test_an_export_loads_as_the_same_readings(tmp_path):
    first = load(frame())
    export_study(study=first, folder=tmp_path / "out", actor="ann")

    second = load(read_readings_csv(tmp_path / "out" / "readings.csv"), slug="again")

    pd.testing.assert_frame_equal(build_readings(second), build_readings(first))


@pytest.mark.parametrize("slug", ["", "Elsewhere", "a b", "../a", "a" * 81])
def test_a_slug_that_no_address_can_carry_is_refused(slug):
    with pytest.raises(DomainError, match=r"[Ss]lug"):
        load(frame(), slug=slug)
    assert not Study.objects.exists()


def test_a_slug_is_taken_once():
    load(frame())

    with pytest.raises(DomainError, match="There is a study elsewhere already"):
        load(frame())


@pytest.mark.parametrize("order", [[1, 2, 2, 1], [1, pd.NA, 2, 1], [0, 1, 2, 1], [1, 2, 2**31, 1]])
def test_an_order_that_is_none_is_refused(order):
    with pytest.raises(DomainError, match="order of reader R1: number the readings 1, 2"):
        load(frame(order=order))
    assert not Study.objects.exists()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"reader_id": ["x" * 41] * 3 + ["R2"]}, "reader_id 'xxxx.* is longer than 40 letters"),
        ({"case_id": ["a", "x" * 81, "a", "a"]}, "case_id 'xxxx.* is longer than 80 letters"),
        ({"session": ["1", "x" * 41, "2", "1"]}, "session 'xxxx.* is longer than 40 letters"),
        ({"generator": ["", "x" * 81, "", ""]}, "generator 'xxxx.* is longer than 80 letters"),
        ({"time_s": [1, 1e9, 2, 1]}, "time_s 1000000000 is more than"),
    ],
)
def test_what_the_tables_cannot_hold_is_refused_whole(columns, message):
    with pytest.raises(DomainError, match=message):
        load(frame(**columns))

    assert not Study.objects.exists()
    assert not Case.objects.exists()
    assert not Reader.objects.exists()
