"""The audit trail's pages and files."""

import csv
import io
import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from readerstudy.domain import audit
from readerstudy.domain.actors import acting_from
from readerstudy.lifted_guard import lifted_guard
from readerstudy.models.actor import Actor, ActorAddress
from readerstudy.models.study import Study

from . import builders

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def study() -> Study:
    study = builders.draft()
    with acting_from("192.0.2.7"):
        audit.record(actor="bob", action="draw case set", study=study, cases=4)
    return study


def page(client: Client, study: Study, **asked: str) -> str:
    return client.get(reverse("study-trail", args=[study.slug]), asked).content.decode()


def test_it_says_who_did_what_when_and_from_where(staff_client, study):
    text = page(staff_client, study)

    for words in ("bob", "192.0.2.7", "draw case set", "cases: 4", "create study", "2 events, whole"):
        assert words in text


def test_what_is_erased_shows_its_key(staff_client, study):
    bob = Actor.objects.get(name="bob")
    ActorAddress.objects.update(address="")
    Actor.objects.filter(pk=bob.pk).update(name="")

    text = page(staff_client, study)

    assert "192.0.2.7" not in text
    assert "bob" not in text
    assert bob.key in text
    assert "2 events, whole" in text


def test_a_broken_chain_is_told(staff_client, study):
    with lifted_guard(connection), connection.cursor() as cursor:
        cursor.execute("UPDATE readerstudy_auditevent SET action = 'forged' WHERE action = 'draw case set'")

    text = page(staff_client, study)

    assert "This trail is not what was written." in text
    assert "Event 2 (forged)" in text


def test_it_is_filtered(staff_client, study):
    bob = Actor.objects.get(name="bob")

    assert "1 event, the latest first" in page(staff_client, study, actor=bob.key)
    assert "1 event, the latest first" in page(staff_client, study, action="create study")
    assert "0 events, the latest first" in page(staff_client, study, until="2020-01-01")
    assert "2 events, the latest first" in page(staff_client, study, since="2020-01-01")
    assert "2 events, the latest first" in page(staff_client, study, actor="nobody", since="yesterday")


def test_it_comes_in_pages_that_keep_the_filter(staff_client, study):
    for n in range(70):
        audit.record(actor="ann", action="step", study=study, n=n)

    first, second = (page(staff_client, study, action="step", page=str(n)) for n in (1, 2))

    assert "Page 1 of 2" in first
    assert "?action=step&amp;page=2" in first
    assert "n: 69" in first
    assert "n: 0<" in second


def test_it_asks_the_database_as_often_for_many_events_as_for_few(staff_client, study):
    with CaptureQueriesContext(
        connection,
    ) as few:
        page(staff_client, study)
    for n in range(40):
        with acting_from(f"192.0.2.{n}"):
            audit.record(actor=f"user-{n}", action="step", study=study)
    with CaptureQueriesContext(connection) as many:
        page(staff_client, study)

    assert len(many) == len(few)


def test_its_files_hold_what_the_hashes_are_of_with_names(staff_client, study):
    audit.record(actor="bob", action="=HYPERLINK()", study=study)
    answers = [staff_client.get(reverse(f"study-trail-{form}", args=[study.slug])) for form in ("csv", "json")]

    rows = list(csv.DictReader(io.StringIO(answers[0].content.decode())))
    events = json.loads(answers[1].content)

    assert [row["actor"] for row in rows] == [event["actor"] for event in events] == ["ann", "bob", "bob"]
    assert [row["sha256"] for row in rows] == list(
        study.audit_events.order_by("number").values_list("sha256", flat=True)
    )
    assert (rows[1]["address"], events[1]["address"], events[1]["detail"]) == ("192.0.2.7", "192.0.2.7", {"cases": 4})
    assert rows[2]["action"] == "'=HYPERLINK()"
    assert answers[0]["Content-Disposition"] == f'attachment; filename="{study.slug}-trail.csv"'


def test_the_installation_has_one_over_everything(staff_client, study):
    audit.record(actor="bob", action="delete data set", dataset="old")

    text = staff_client.get(reverse("installation-trail")).content.decode()
    rows = list(csv.DictReader(io.StringIO(staff_client.get(reverse("installation-trail-csv")).content.decode())))

    assert "delete data set" in text
    assert "create study" in text
    assert {"", study.slug} == {row["study"] for row in rows}


def test_a_studys_page_shows_the_latest_and_leads_to_the_rest(staff_client, study):
    for n in range(20):
        audit.record(actor="ann", action="step", study=study, n=n)

    text = staff_client.get(reverse("study-detail", args=[study.slug])).content.decode()

    assert "n: 19" in text
    assert "n: 3<" not in text
    assert reverse("study-trail", args=[study.slug]) in text
