"""Tumours by a trained model: which one, on which queue, and what a study's export says of it."""

import shutil

import pytest
from celery import current_app

from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.errors import DomainError
from readerstudy.domain.results import StudyResults
from readerstudy.models.job import Job
from readerstudy.models.study import Study
from readerstudy.models.synthesis_run import SynthesisRun
from synthesis.methods.latent_diffusion import library
from tests import factories
from tests.synthesis.methods.latent_diffusion.conftest import make_tiny_model

pytestmark = pytest.mark.django_db

DESIGN = {"organs": [factories.organ_data(synthetic={"latent-diffusion": 1, "hand-crafted": 1})]}


@pytest.fixture(autouse=True)
def tiny_model(tmp_path, monkeypatch, settings):
    monkeypatch.setenv("SYNTHESIS_MODELS", str(tmp_path / "models"))
    settings.LATENT_DIFFUSION_MODEL = "tiny"
    return make_tiny_model(tmp_path / "models" / "tiny")


def test_only_runs_of_a_trained_model_wait_in_its_queue(settings, monkeypatch, django_capture_on_commit_callbacks):
    settings.NETWORK_QUEUE = "gpu"
    sent = []
    monkeypatch.setattr(
        current_app,
        "send_task",
        lambda name, *, args, queue, **_: sent.append((name.rpartition(".")[2], args, queue)),
    )
    factories.make_patients(real=2, hosts=2)

    with django_capture_on_commit_callbacks(execute=True):
        start_generation(study=factories.make_draft(**DESIGN), actor="ann")

    queues = {run.method: queue for run in SynthesisRun.objects.all() for _, [pk], queue in sent if pk == run.pk}
    assert queues == {"latent-diffusion": "gpu", "hand-crafted": "celery"}
    assert SynthesisRun.objects.get(method="latent-diffusion").request["model"] == "tiny"
    assert "model" not in SynthesisRun.objects.get(method="hand-crafted").request


def test_the_export_names_the_model_and_counts_what_its_filter_rejected():
    study = factories.close(factories.make_study_of_patients(real=2, hosts=2, **DESIGN))

    run = SynthesisRun.objects.get(method="latent-diffusion")
    assert run.state == Job.State.SUCCEEDED, run.error
    cases = StudyResults(study, stand_in=False).cases.set_index("generator")
    assert cases.loc["latent-diffusion", "synthesis_model"] == f"tiny {library.find('tiny').sha256}"
    assert cases.loc["latent-diffusion", "synthesis_rejected"] == 0
    assert cases.loc["hand-crafted", "synthesis_model"] == ""


def test_a_study_that_asks_for_a_model_that_is_not_there_is_refused(settings):
    settings.LATENT_DIFFUSION_MODEL = "none-such"
    factories.make_patients(real=2, hosts=2)

    with pytest.raises(DomainError, match=r"^liver: latent-diffusion: There is no model 'none-such' \(there"):
        factories.make_draft(**DESIGN)
    assert not Study.objects.exists()


def test_a_study_of_an_organ_that_the_model_was_not_trained_on_is_refused():
    factories.make_patients(real=2, hosts=2, organ="kidney")

    organs = [factories.organ_data(name="kidney", synthetic={"latent-diffusion": 2})]
    with pytest.raises(DomainError, match=r"^kidney: latent-diffusion: the model 'tiny' was trained on .* liver"):
        factories.make_draft(organs=organs)


def test_a_model_that_is_gone_by_then_fails_the_run_with_its_name(tiny_model):
    factories.make_patients(real=2, hosts=2)
    start_generation(study=factories.make_draft(**DESIGN), actor="ann")
    shutil.rmtree(tiny_model)
    factories.build_cases(Study.objects.get())

    run = SynthesisRun.objects.get(method="latent-diffusion")
    assert run.state == Job.State.FAILED
    assert "There is no model 'tiny'" in run.error
