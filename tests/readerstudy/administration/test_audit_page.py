"""The leak audit's page, the acknowledgement that opening needs, and the frozen protocol on the study's page."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from readerstudy.domain.actors import actor_of
from readerstudy.models.blinding_audit import BlindingAudit
from readerstudy.models.case import SlicePack
from readerstudy.models.job import Job

from . import builders

TELLS = BlindingAudit.Outcome.TELLS
FINDING = "non-pixel, all organs: number of slices: higher in real cases."


def audit_page(client: Client, study) -> str:
    return client.get(reverse("study-audit", args=[study.slug])).text


def test_a_study_that_was_not_audited_offers_to_run_the_audit(staff_client: Client):
    study = builders.preparing(ready=4)
    assert "Not audited yet" in audit_page(staff_client, study)
    assert "have not been audited" in staff_client.get(reverse("study-open", args=[study.slug])).text

    response = staff_client.post(reverse("study-audit-run", args=[study.slug]), follow=True)

    assert "The audit is running" in response.text
    progress = reverse("study-audit-progress", args=[study.slug])
    assert f'data-progress-url="{progress}"' in response.text
    assert staff_client.get(progress).json() == {"ready": 0, "total": 0, "finished": False}
    assert str(BlindingAudit.objects.get().actor) == "ann"


def test_a_study_without_cases_has_nothing_to_audit(staff_client: Client):
    study = builders.draft()
    assert "It has no cases yet" in audit_page(staff_client, study)
    response = staff_client.post(reverse("study-audit-run", args=[study.slug]), follow=True)
    assert "has no built cases to audit" in response.text


def test_an_audit_is_shown_in_words_figures_and_a_table(staff_client: Client):
    study = builders.audited(TELLS)
    text = audit_page(staff_client, study)
    assert "Tells found." in text
    assert FINDING in text
    assert text.count("<svg") == 2
    assert "0.80–0.99" in text
    assert "The audit sees only what it measures." in text
    assert "Out of date" not in text


@pytest.mark.parametrize("outcome", [BlindingAudit.Outcome.NO_TELL, BlindingAudit.Outcome.TOO_FEW])
def test_an_audit_without_a_tell_never_says_clean(outcome, staff_client: Client):
    text = audit_page(staff_client, builders.audited(outcome))
    assert builders.CONCLUSION[outcome] in text
    assert not re.search(r"\b(clean|passed|no leaks?)\b", text, re.IGNORECASE)


def test_a_changed_case_set_makes_an_audit_out_of_date(staff_client: Client):
    study = builders.audited()
    SlicePack.objects.filter(case__study=study).update(cue_slice=7)
    assert "Out of date" in audit_page(staff_client, study)
    assert "have not been audited" in staff_client.get(reverse("study-open", args=[study.slug])).text


def test_a_failed_audit_says_why_and_can_be_tried_again(staff_client: Client):
    study = builders.preparing(ready=4)
    BlindingAudit.objects.create(
        study=study, actor=actor_of("ann"), state=Job.State.FAILED, error="The store can’t be read."
    )
    text = audit_page(staff_client, study)
    assert "The store can’t be read." in text
    assert reverse("study-audit-run", args=[study.slug]) in text


def test_figures_come_as_files_and_name_no_case(staff_client: Client):
    study = builders.audited(TELLS)
    for name in ("parts", "tells"):
        svg = staff_client.get(reverse("study-audit-figure-svg", args=[study.slug, name]))
        assert (svg["Content-Type"], svg.content[:4]) == ("image/svg+xml", b"<svg")
    data = staff_client.get(reverse("study-audit-figure-csv", args=[study.slug, "tells"])).text
    assert data.splitlines()[:2] == ["feature,truth,value", "number of slices,real,40"]
    assert not any(case.code in data for case in study.cases.all())
    assert staff_client.get(reverse("study-audit-figure-svg", args=[study.slug, "nothing"])).status_code == 404


def test_opening_asks_for_a_reason_where_the_audit_found_tells(staff_client: Client):
    study = builders.audited(TELLS)
    address = reverse("study-open", args=[study.slug])
    asked = staff_client.get(address).text
    assert FINDING in asked
    assert 'name="acknowledgement"' in asked

    refused = staff_client.post(address, {"acknowledgement": " "}, follow=True)
    assert FINDING in refused.text
    assert "acknowledge this with a reason" in refused.text
    study.refresh_from_db()
    assert study.state == "preparing"

    opened = staff_client.post(address, {"acknowledgement": "All hosts come from one scanner."}, follow=True)
    study.refresh_from_db()
    assert study.state == "open"
    assert opened.text.count("All hosts come from one scanner.") == 2  # in the protocol and in the trail
    assert "All hosts come from one scanner." in audit_page(staff_client, study)


def test_opening_asks_for_no_reason_where_none_was_found(staff_client: Client):
    study = builders.audited()
    assert 'name="acknowledgement"' not in staff_client.get(reverse("study-open", args=[study.slug])).text


def test_the_protocol_is_shown_and_amended(staff_client: Client):
    study = builders.opened()
    text = staff_client.get(reverse("study-detail", args=[study.slug])).text
    sha256 = study.audit_events.get(action="open study").detail["protocol_sha256"]
    assert f"<code>{sha256}</code>" in text
    assert "Not as it was frozen" not in text

    change = {"change": "R3 is replaced by R5.", "reason": "R3 fell ill."}
    amended = staff_client.post(reverse("study-amend", args=[study.slug]), change, follow=True)
    assert "R3 is replaced by R5." in amended.text
    refused = staff_client.post(reverse("study-amend", args=[study.slug]), {"change": "x"}, follow=True)
    assert "Say the reason" in refused.text


def test_what_is_no_longer_as_frozen_is_shown(staff_client: Client):
    study = builders.opened()
    study.design["seed"] += 1
    study.save()
    assert (
        "The design is not the frozen one any more."
        in staff_client.get(reverse("study-detail", args=[study.slug])).text
    )
