"""The gallery's pages: what leaves the server tells nothing of the arms, and a verdict leads to the next case."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from readerstudy.domain.case_sets import start_generation
from readerstudy.domain.eligibility import CRITERIA
from readerstudy.domain.gallery import open_gallery
from readerstudy.models.case_review import CaseReview
from readerstudy.models.dataset import Dataset
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.study import Study
from tests import factories

pytestmark = pytest.mark.django_db

SENTINEL = "sentinel-source"
VARYING = {"Content-Length", "Content-Security-Policy", "Expires"}  # the last says when it was asked for


@pytest.fixture
def study() -> Study:
    dataset = factories.make_dataset(SENTINEL)
    factories.make_patients(real=3, hosts=3, dataset=dataset)
    study = factories.make_draft(gallery={"max_rejected": 0.5})
    start_generation(study=study, actor=factories.ACTOR)
    factories.build_cases(study)
    study.refresh_from_db()
    return study


def addresses(study: Study, token: str) -> list[str]:
    named = ("gallery-case", "gallery-preview", "gallery-thumbnail")
    return [reverse(name, args=[study.slug, token]) for name in named] + [
        reverse("gallery-slice", args=[study.slug, token, 0])
    ]


def review(client: Client, study: Study, token: str, **answers: str) -> str:
    response = client.post(reverse("gallery-review", args=[study.slug, token]), answers)
    assert response.status_code == 302
    return response["Location"]


def test_nothing_that_is_sent_tells_an_arm_a_generator_or_a_source(study: Study, staff_client: Client):
    cases = open_gallery(study=study, viewer="ann").cases
    keys = {str(key) for key in Dataset.objects.get().volumes.values_list("patient_key", flat=True)}
    forbidden = {SENTINEL, "hand-crafted", *keys, *(str(case.pack.case_id) for case in cases)}
    forbidden |= {case.pack.case.code for case in cases}
    pages = [reverse("study-gallery", args=[study.slug])]
    pages += [page for case in cases for page in addresses(study, case.token)]

    for page in pages:
        response = staff_client.get(page)
        assert response.status_code == 200
        sent = response.content + json.dumps(dict(response.headers)).encode()
        assert [word for word in forbidden if word.encode() in sent] == []


def test_the_arms_are_sent_alike(study: Study, staff_client: Client):
    shapes: dict[str, set[str]] = {}
    for case in open_gallery(study=study, viewer="ann").cases:
        truth = GroundTruth.objects.get(case=case.pack.case).truth
        responses = [staff_client.get(page) for page in addresses(study, case.token)]
        item = responses[1].json()["item"]
        headers = [sorted(set(response.headers.items()) - _varying(response)) for response in responses]
        shape = {name: type(value).__name__ for name, value in item.items()}
        shapes.setdefault(truth, set()).add(json.dumps([headers, shape]))

    assert shapes["real"] == shapes["synthetic"]
    assert len(shapes["real"]) == 1


def _varying(response) -> set[tuple[str, str]]:
    return {(name, value) for name, value in response.headers.items() if name in VARYING}


def test_accepting_leads_to_the_next_case_and_the_last_one_back(study: Study, staff_client: Client):
    gallery = reverse("study-gallery", args=[study.slug])
    token = open_gallery(study=study, viewer="ann").after(None).token
    seen = [token]
    while (place := review(staff_client, study, token, verdict="accept")) != gallery:
        token = place.strip("/").rsplit("/", 1)[1]
        seen.append(token)

    assert len(set(seen)) == len(seen) == 4
    assert CaseReview.objects.filter(accepted=True).count() == 4
    assert b"4 of 4 cases accepted." in staff_client.get(place).content


def test_rejecting_without_a_reason_keeps_the_case_and_says_why(study: Study, staff_client: Client):
    token = open_gallery(study=study, viewer="ann").cases[0].token

    place = review(staff_client, study, token, verdict="reject", reason="")

    assert place == reverse("gallery-case", args=[study.slug, token])
    assert "Choose one of the reasons" in staff_client.get(place).content.decode()
    assert not CaseReview.objects.exists()


def test_a_rejected_case_is_being_made_anew(study: Study, staff_client: Client):
    token = open_gallery(study=study, viewer="ann").cases[0].token

    review(staff_client, study, token, verdict="reject", reason=CRITERIA[0])

    page = staff_client.get(reverse("study-gallery", args=[study.slug])).content.decode()
    assert "1 rejected so far" in page
    assert "1 is being made" in page
    assert staff_client.get(reverse("gallery-case", args=[study.slug, token]))["Location"].endswith("/gallery/")


def test_opening_says_what_was_reviewed(study: Study, staff_client: Client):
    from readerstudy.domain.leak_audit.runs import audit_now

    audit_now(study=study, actor="ann")
    page = reverse("study-open", args=[study.slug])
    assert "Nobody has looked through the cases" in staff_client.get(page).content.decode()

    for case in open_gallery(study=study, viewer="ann").cases:
        review(staff_client, study, case.token, verdict="accept")

    assert "4 of 4 cases were looked at and accepted" in staff_client.get(page).content.decode()


def test_before_there_are_cases_and_after_opening_the_page_says_so(study: Study, staff_client: Client):
    page = reverse("study-gallery", args=[study.slug])
    Study.objects.update(state=Study.State.DRAFT)
    assert "There are no cases yet" in staff_client.get(page).content.decode()
    Study.objects.update(state=Study.State.PREPARING)
    factories.open_audited(Study.objects.get())

    assert "its cases are fixed" in staff_client.get(page).content.decode()
