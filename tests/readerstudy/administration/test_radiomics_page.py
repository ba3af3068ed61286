"""The radiomics page of a data set and of a closed study."""

from xml.etree import ElementTree

import pytest
from django.test import Client
from django.urls import reverse

from readerstudy.domain.actors import actor_of
from readerstudy.models.job import Job
from readerstudy.models.radiomics_run import RadiomicsRun

from . import builders


@pytest.fixture
def dataset():
    return builders.shown_scan().volume.dataset


def page(client: Client, dataset) -> str:
    return client.get(reverse("dataset-radiomics", args=[dataset.name])).text


def test_a_data_set_that_was_not_measured_offers_to_run_the_experiment(staff_client: Client, dataset):
    detail = staff_client.get(reverse("dataset-detail", args=[dataset.name])).text
    assert reverse("dataset-radiomics", args=[dataset.name]) in detail
    assert "Not run yet" in page(staff_client, dataset)

    response = staff_client.post(reverse("dataset-radiomics-run", args=[dataset.name]), follow=True)

    assert "The experiment is running" in response.text
    progress = reverse("dataset-radiomics-progress", args=[dataset.name])
    assert f'data-progress-url="{progress}"' in response.text
    assert staff_client.get(progress).json() == {"ready": 0, "total": 100, "finished": False}
    assert str(RadiomicsRun.objects.get().actor) == "ann"


def test_asking_twice_is_asking_once(staff_client: Client, dataset):
    for _ in range(2):
        staff_client.post(reverse("dataset-radiomics-run", args=[dataset.name]))

    assert RadiomicsRun.objects.count() == 1


def test_hosts_have_nothing_to_measure(staff_client: Client):
    dataset = builders.import_scans("hosts", origin="healthy", count=2)

    assert "holds no tumours" in page(staff_client, dataset)
    response = staff_client.post(reverse("dataset-radiomics-run", args=["hosts"]), follow=True)
    assert "holds no tumour to measure" in response.text


def test_a_failed_run_says_why_and_can_be_tried_again(staff_client: Client, dataset):
    RadiomicsRun.objects.create(
        dataset=dataset, actor=actor_of("ann"), state=Job.State.FAILED, error="The store can’t be read."
    )

    text = page(staff_client, dataset)

    assert "The store can’t be read." in text
    assert "Try again" in text


def test_what_was_found_is_said_and_drawn(staff_client: Client, dataset):
    builders.make_radiomics(dataset, patients=60, organ_shift=4.0)

    text = page(staff_client, dataset)

    assert "guessing is right on 33.3 % (p = 0.050)" in text  # the least p of 19 exchanges
    for name in ("map-organ", "map-size", "told-1", "learning-1", "importance-1"):
        assert f'id="figure-{name}"' in text
    assert "t-SNE, perplexity 19.7, seed 0" in text


def test_too_few_tumours_are_mapped_and_said_to_be_too_few(staff_client: Client, dataset):
    builders.make_radiomics(dataset)

    text = page(staff_client, dataset)

    assert "There are too few tumours to train a machine on" in text
    assert "real tumours of the liver: 4 patients" in text
    assert 'id="figure-map-organ"' in text


def test_a_mark_names_its_tumour_when_pointed_at(staff_client: Client, dataset):
    builders.make_radiomics(dataset)

    svg = staff_client.get(reverse("dataset-radiomics-svg", args=[dataset.name, "map-organ"])).content

    titles = [title.text for title in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 1 + 12
    assert any(text.startswith("c3: liver, real, ") and text.endswith(" mm") for text in titles)


@pytest.mark.parametrize("name", ["map-organ", "features", "dictionary"])
def test_tables_and_what_figures_draw_come_as_csv(staff_client: Client, dataset, name):
    builders.make_radiomics(dataset)

    response = staff_client.get(reverse("dataset-radiomics-csv", args=[dataset.name, name]))

    assert response["Content-Disposition"] == f'attachment; filename="shown-radiomics-{name}.csv"'
    assert response.text.splitlines()[0].startswith("column,group" if name == "dictionary" else "case_id,")


def test_a_study_is_measured_once_it_is_closed_and_its_readers_stand_beside(staff_client: Client):
    study = builders.opened()
    address = reverse("study-radiomics", args=[study.slug])
    assert staff_client.get(address).status_code == 404
    assert staff_client.post(reverse("study-radiomics-run", args=[study.slug])).status_code == 404


def test_a_closed_study_shows_its_readers_beside_the_machine(staff_client: Client):
    study = builders.closed()
    assert (
        reverse("study-radiomics", args=[study.slug])
        in staff_client.get(reverse("study-results", args=[study.slug])).text
    )
    builders.make_radiomics(study)

    text = staff_client.get(reverse("study-radiomics", args=[study.slug])).text

    assert "The readers" in text
    assert 'id="figure-map-size"' in text
