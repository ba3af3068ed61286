"""A study's pages through its life: what each state offers, and what its buttons do."""

import uuid

import pytest
from django.test import Client
from django.urls import reverse

from readerstudy.models.case import SlicePack
from readerstudy.models.problem_report import ProblemReport
from readerstudy.models.reader import Reader
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.study import Study

from . import builders

STEPS = (
    "study-generate",
    "study-retry",
    "study-audit",
    "study-open",
    "study-amend",
    "study-close",
    "study-results",
    "reader-invite",
    "study-export",
)


def page(client: Client, study: Study) -> str:
    return client.get(reverse("study-detail", args=[study.slug])).text


def offered(client: Client, study: Study) -> set[str]:
    """The steps that the study's page links or posts to."""
    text = page(client, study)
    addresses = {name: reverse(name, args=[study.slug]) for name in STEPS}
    return {name for name, address in addresses.items() if f'"{address}"' in text or f'"{address}#' in text}


def notices(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (builders.draft, {"study-generate"}),
        (builders.preparing, set()),
        (lambda: builders.preparing(ready=3, failed=1), {"study-retry"}),
        (lambda: builders.preparing(ready=4), {"study-audit"}),
        (builders.audited, {"study-audit", "study-open"}),
        (builders.opened, {"study-audit", "study-amend", "study-close", "reader-invite"}),
        (builders.closed, {"study-audit", "study-amend", "study-results", "study-export"}),
    ],
)
def test_each_state_offers_the_steps_that_lead_on(build, expected, staff_client):
    assert offered(staff_client, build()) == expected


def test_generating_draws_the_cases_and_shows_how_far_it_is(staff_client: Client):
    study = builders.draft()
    response = staff_client.post(reverse("study-generate", args=[study.slug]), follow=True)
    assert response.context["study"].state == "preparing"
    assert SlicePack.objects.filter(case__study=study).count() == 4
    assert f'data-progress-url="{reverse("study-progress", args=[study.slug])}"' in response.text
    assert "4 of 4 cases are still being built." in response.text


def test_generating_twice_is_refused_with_a_word(staff_client: Client):
    study = builders.preparing()
    response = staff_client.post(reverse("study-generate", args=[study.slug]), follow=True)
    assert notices(response) == [f"Study {study.slug} has its cases already; only a draft can be generated."]


def test_the_progress_bar_is_fed_with_counts_alone(staff_client: Client):
    study = builders.preparing(ready=2, failed=1)
    response = staff_client.get(reverse("study-progress", args=[study.slug]))
    assert response.json() == {"total": 4, "ready": 2, "running": 0, "queued": 1, "failed": 1, "finished": False}
    assert "no-store" in response["Cache-Control"]


def test_a_failure_is_shown_with_its_reason_and_can_be_retried(staff_client: Client):
    study = builders.preparing(ready=3, failed=1)
    assert "Liver: The organ holds no sphere of 20 mm." in page(staff_client, study)
    staff_client.post(reverse("study-retry", args=[study.slug]))
    assert not SlicePack.objects.filter(case__study=study, state="failed").exists()


def test_opening_asks_first_and_then_opens(staff_client: Client):
    study = builders.audited()
    address = reverse("study-open", args=[study.slug])
    assert "this is frozen" in staff_client.get(address).text
    study.refresh_from_db()
    assert study.state == "preparing"
    staff_client.post(address)
    study.refresh_from_db()
    assert study.state == "open"


def test_what_is_not_ready_is_not_opened_and_the_reason_said(staff_client: Client):
    study = builders.preparing(ready=3)
    address = reverse("study-open", args=[study.slug])
    reason = "1 of 4 cases are still being built."
    assert reason in staff_client.get(address).text
    assert reason in notices(staff_client.post(address, follow=True))[0]
    study.refresh_from_db()
    assert study.state == "preparing"


def report(study: Study, *texts: str) -> SequenceItem:
    item = SequenceItem.objects.filter(sequence__reader__study=study).first()
    for text in texts:
        ProblemReport.objects.create(item=item, text=text, submission=uuid.uuid4())
    return item


def test_reported_problems_are_counted_and_shown_without_the_truth(staff_client: Client):
    study = builders.opened()
    builders.invite(study, "R1")
    assert "Problems reported" not in page(staff_client, study)
    item = report(study, "It <b>stays</b> black", "No liver")
    text = page(staff_client, study)
    shown = text[text.index('id="problems"') : text.index('id="design"')]
    assert '<span class="badge" data-tone="warning">2</span>' in shown
    assert shown.index("No liver") < shown.index("It &lt;b&gt;stays&lt;/b&gt; black")
    assert item.case.code in shown
    assert not any(word in shown for word in ("real", "synthetic", "hand-crafted", "healthy"))


def test_closing_names_who_has_not_finished(staff_client: Client):
    study = builders.opened()
    builders.read(builders.invite(study, "R1"), {"real": ["real"] * 2, "synthetic": ["unsure"] * 2})
    builders.read(builders.invite(study, "R2"), {"real": ["real"], "synthetic": []})
    text = staff_client.get(reverse("study-close", args=[study.slug])).text
    assert "R2: 1 of 4 cases read" in text
    assert "R1:" not in text
    refused = staff_client.post(reverse("study-close", args=[study.slug]), follow=True)
    assert "Give a reason for closing early" in notices(refused)[0]
    closed = staff_client.post(reverse("study-close", args=[study.slug]), {"reason": "R2 withdrew."}, follow=True)
    study.refresh_from_db()
    assert study.state == "closed"
    assert "R2 withdrew." in closed.text


def test_an_invitation_shows_its_link_once(staff_client: Client):
    study = builders.opened()
    given = {"code": "R1", "years": 7, "specialty": "radiology"}
    response = staff_client.post(reverse("reader-invite", args=[study.slug]), given)
    link = response.context["link"]
    assert f'value="{link}"' in response.text
    assert "no-store" in response["Cache-Control"]
    assert link.rsplit("/", 2)[-2] not in page(staff_client, study)
    assert Reader.objects.get().code == "R1"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"code": "R1", "years": 7}, "has a reader R1 already"),
        ({"code": "Jane Doe", "years": 7}, "use up to 40 letters"),
        ({"code": "R2", "years": "seven"}, "Enter a whole number."),
        ({"code": "R2", "years": 200}, "Ensure this value is less than or equal to 80."),
        ({"code": "", "years": 7}, "This field is required."),
    ],
)
def test_an_invitation_that_cannot_be_is_explained(given, words, staff_client):
    study = builders.opened()
    builders.invite(study, "R1")
    response = staff_client.post(reverse("reader-invite", args=[study.slug]), {**given, "specialty": "neuro"})
    assert words in str(response.context["invitation_form"].errors)
    assert 'value="neuro"' in response.text
    assert Reader.objects.count() == 1


def test_a_new_link_takes_the_old_ones_place(staff_client: Client):
    reader = builders.invite(builders.opened(), "R1")
    response = staff_client.post(reverse("reader-renew", args=[reader.study.slug, reader.pk]))
    assert response.context["code"] == "R1"
    assert Reader.objects.get().invitation_sha256 != reader.invitation_sha256


def test_the_page_tells_how_far_each_reader_is_and_nothing_of_their_answers(staff_client: Client):
    study = builders.opened()
    builders.read(builders.invite(study, "R1"), {"real": ["unsure"], "synthetic": ["unsure"]})
    text = page(staff_client, study)
    assert "2/4" in text
    assert "unsure" not in text


def test_markup_in_names_is_text(staff_client: Client):
    study = builders.opened(title="<script>alert(1)</script>")
    assert "<script>alert" not in page(staff_client, study)


@pytest.mark.parametrize("n", [1, 20])
def test_the_number_of_queries_does_not_grow(n, staff_client, django_assert_num_queries):
    """One session, one user; a query a list of any length, two of readers, four to compare what was fixed."""
    study = builders.opened()
    for number in range(n):
        builders.read(builders.invite(study, f"R{number}"), {"real": ["real"], "synthetic": []})
        report(study, f"problem {number}")
        builders.import_scans(f"more-{number}", origin="healthy", count=2)
    with django_assert_num_queries(16):
        page(staff_client, study)
    with django_assert_num_queries(3):
        staff_client.get(reverse("study-list"))
    with django_assert_num_queries(5):
        staff_client.get(reverse("dataset-list"))
    with django_assert_num_queries(3):
        staff_client.get(reverse("study-new"))
