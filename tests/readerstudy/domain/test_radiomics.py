"""The radiomics job: from stored CTs and masks to a result; on a study, only once it is closed."""

import pytest

from readerstudy.analysis.radiomics.experiment import run_experiment
from readerstudy.analysis.radiomics.table import read_features_csv, usable
from readerstudy.domain.actors import actor_of
from readerstudy.domain.errors import DomainError
from readerstudy.domain.radiomics import figures
from readerstudy.domain.radiomics.figures import keep_drawings, maps_of
from readerstudy.domain.radiomics.runs import ask_radiomics, run_radiomics
from readerstudy.domain.radiomics.tables import run_table
from readerstudy.domain.radiomics.tumors import measure_tumors, study_tumors
from readerstudy.models.job import Job
from readerstudy.models.radiomics_run import RadiomicsRun
from tests import factories
from tests.readerstudy.analysis.radiomics.builders import feature_table

pytestmark = pytest.mark.django_db


@pytest.fixture
def dataset():
    dataset = factories.make_dataset("clinic")
    for number in range(3):
        factories.make_scan(dataset, origin="real", patient=f"secret-{number}", tumor_mm=10 + 2 * number)
    factories.make_scan(dataset, patient="healthy")
    return dataset


def test_a_data_set_is_measured_and_running_twice_changes_nothing(dataset):
    job = ask_radiomics(of=dataset, actor="ann")

    run_radiomics(job.pk)

    job.refresh_from_db()
    assert (job.state, job.error, job.done) == (Job.State.SUCCEEDED, "", 100)
    assert job.features["patient_id"] == ["P0001", "P0002", "P0003"]
    assert job.result["tumors"] == 3
    assert {drawing.name for drawing in maps_of(job)} == set()  # three tumours are no map
    assert job.result["too_few"] == ["real tumours of the liver: 3 patients"]
    assert "secret" not in str(job.features) + str(job.result)
    finished = job.finished_at
    run_radiomics(job.pk)
    job.refresh_from_db()
    assert job.finished_at == finished


def test_the_worker_draws_so_that_the_page_need_not(monkeypatch):
    job = RadiomicsRun.objects.create(dataset=factories.make_dataset("drawn"), actor=actor_of("ann"))
    job.result = run_experiment(feature_table(patients=12), permutations=1)

    keep_drawings(job, job.result)

    monkeypatch.setattr(figures, "drawers", lambda _found: dict.fromkeys(("map-organ", "map-size"), fail_to_draw))
    assert [drawing.name for drawing in maps_of(job)] == ["map-organ", "map-size"]


def fail_to_draw():
    raise AssertionError("It was drawn before.")


def test_the_table_can_be_read_by_the_command(dataset, tmp_path):
    job = ask_radiomics(of=dataset, actor="ann")
    run_radiomics(job.pk)
    job.refresh_from_db()
    path = tmp_path / "features.csv"
    path.write_text(run_table(job, "features"))

    tumors = usable(read_features_csv(path))

    assert len(tumors.rows) == 3
    assert tumors.rows["organ"].tolist() == ["liver"] * 3


def test_an_open_study_keeps_its_truth(tmp_path):
    study = factories.make_study_of_patients(real=2, hosts=2, slug="open")

    with pytest.raises(DomainError, match="Study open is not closed"):
        ask_radiomics(of=study, actor="ann")

    assert not RadiomicsRun.objects.exists()


def test_a_run_that_was_asked_for_under_a_wrong_state_fails(tmp_path):
    """A study can't be reopened, but a row can be made: the job looks for itself."""
    study = factories.make_study_of_patients(real=2, hosts=2, slug="open")
    job = RadiomicsRun.objects.create(study=study, actor=actor_of("ann"))

    run_radiomics(job.pk)

    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "is not closed" in job.error
    assert (job.features, job.result) == ({}, {})


def test_a_closed_study_has_both_arms_measured_alike():
    from synthesis.radiomics.settings import Settings

    study = factories.make_study_of_patients(real=2, hosts=2, slug="closed")
    factories.close(study)

    measured = measure_tumors(study_tumors(study), settings=Settings(), progress=lambda _done, _total: None)

    assert measured.refused == {}
    assert sorted(row["origin"] for row in measured.rows) == ["real", "real", "synthetic", "synthetic"]
    assert {row["case_id"] for row in measured.rows} == set(study.cases.values_list("code", flat=True))
    assert all(row["generator"] == "" for row in measured.rows if row["origin"] == "real")
