"""Staff look back at a case, once its study is closed."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from readerstudy.domain.answers import Answer, record_reading
from readerstudy.domain.reading_room import current_state
from readerstudy.domain.readings_import import import_readings
from readerstudy.domain.slice_packs import decode_slice
from readerstudy.models.case import SlicePack
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.study import Study
from readerstudy.models.vocabulary import Label
from tests import factories
from tests.readerstudy.analysis import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    study = factories.make_study_of_patients(real=2, hosts=2)
    reader = factories.make_reader(study)
    while not (state := current_state(reader=reader))["done"]:
        answer = Answer(submission=uuid.uuid4(), label=Label.REAL, active_ms=1000, viewer_version="1")
        record_reading(reader=reader, token=state["case"]["token"], answer=answer)
    return factories.close(study)


def synthetic_code(study: Study) -> str:
    return GroundTruth.objects.filter(case__study=study, truth="synthetic").first().case.code


def test_the_results_lead_to_the_cases_that_were_taken_wrongly(study: Study, staff_client: Client):
    page = staff_client.get(reverse("study-results", args=[study.slug]))
    address = reverse("case-detail", args=[study.slug, synthetic_code(study)])
    assert f'<a href="{address}">' in page.text


def test_the_page_says_what_the_case_was_and_what_each_reader_answered(study: Study, staff_client: Client):
    page = staff_client.get(reverse("case-detail", args=[study.slug, synthetic_code(study)])).text
    assert "liver, synthetic by hand-crafted</h1>" in page
    assert '<th scope="row">R1</th><td>real <span class="badge" data-tone="error">wrong</span></td>' in page


def test_its_images_are_those_that_readers_got(study: Study, staff_client: Client):
    code = synthetic_code(study)
    item = staff_client.get(reverse("case-preview", args=[study.slug, code])).json()["item"]
    pack = SlicePack.objects.get(case__code=code)
    assert (item["shape"], item["cue_slice"]) == (pack.shape, pack.cue_slice)
    response = staff_client.get(item["slice_url"].replace("{n}", "3"))
    assert decode_slice(response.content, tuple(pack.shape[1:])).shape == tuple(pack.shape[1:])
    assert response["Content-Encoding"] == "gzip"
    assert staff_client.get(item["slice_url"].replace("{n}", "999")).status_code == 404


def test_a_case_that_is_not_there_is_not_found(study: Study, staff_client: Client):
    assert staff_client.get(reverse("case-detail", args=[study.slug, "NOSUCH"])).status_code == 404


def test_a_case_read_elsewhere_has_no_images_and_no_link(staff_client: Client):
    study = import_readings(slug="elsewhere", readings=builders.answers("R1", real="S", G="R"), actor="ann")
    assert "/cases/" not in staff_client.get(reverse("study-results", args=[study.slug])).text
