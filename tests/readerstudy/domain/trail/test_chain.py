"""Who did what, when and from where; and whether the trail is whole."""

import threading

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from readerstudy.domain import audit
from readerstudy.domain.actors import acting_from, actor_of
from readerstudy.domain.trail.chain import verify_chain
from readerstudy.lifted_guard import lifted_guard
from readerstudy.models.actor import Actor, ActorAddress
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.study import Study
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def make_study(slug: str = "livers") -> Study:
    return Study.objects.create(slug=slug, title="Livers", design={}, design_sha256="0" * 64)


def record(count: int, study: Study | None = None) -> None:
    for n in range(count):
        audit.record(actor="ann", action="step", study=study, n=n, share=0.5, who=("a", None))


def report(study: str = ""):
    return verify_chain(AuditEvent.objects.filter(study=study).order_by("number"))


def forge(sql: str) -> None:
    with lifted_guard(connection), connection.cursor() as cursor:
        cursor.execute(sql)


def test_each_study_has_a_whole_chain_of_its_own():
    record(3, make_study())
    record(2)

    assert [event.number for event in AuditEvent.objects.order_by("study_id", "number")] == [1, 2, 1, 2, 3]
    for study, count in (("livers", 3), ("", 2), ("none", 0)):
        found = report(study)
        last = AuditEvent.objects.filter(study=study).order_by("number").last()
        assert (found.events, found.last_sha256, found.problems) == (count, last.sha256 if last else "", [])


@pytest.mark.parametrize(
    "change",
    [
        "action = 'forged'",
        "detail = '{\"n\": 7}'",
        "at = '2020-01-01 00:00:00+00:00'",
        "actor_id = (SELECT MAX(key) FROM readerstudy_actor)",
        "sha256 = (SELECT sha256 FROM readerstudy_auditevent WHERE number = 1)",
    ],
)
def test_a_changed_event_is_told(change):
    actor_of(audit.COMMAND_LINE)
    Actor.objects.create(key="z", kind="staff", name="zoe")
    record(4)

    forge(f"UPDATE readerstudy_auditevent SET {change} WHERE number = 2")

    assert "Event 2 (" in report().problems[0]
    assert report().events == 4


def test_an_event_that_was_taken_out_is_told():
    record(5)

    forge("DELETE FROM readerstudy_auditevent WHERE number IN (2, 3)")

    assert report().problems == ["Between event 1 and event 4, 2 are missing."]


def test_what_is_cut_off_shows_in_the_count_and_the_last_hash_alone():
    record(3)
    before = report()

    forge("DELETE FROM readerstudy_auditevent WHERE number = 3")

    after = report()
    assert after.problems == []
    assert (after.events, after.last_sha256) != (before.events, before.last_sha256)


def test_names_and_addresses_are_no_part_of_the_records():
    with acting_from("192.0.2.7"):
        record(2)
    event = AuditEvent.objects.select_related("actor", "address").last()

    assert (event.actor.name, event.address.address) == ("ann", "192.0.2.7")
    assert "ann" not in event.actor_id
    assert "192" not in event.address_id
    Actor.objects.update(name="")
    ActorAddress.objects.update(address="")
    assert report().problems == []


def test_somebody_keeps_their_key_and_each_address_has_one():
    for address in ("192.0.2.7", "192.0.2.8", "192.0.2.7", ""):
        with acting_from(address):
            record(1)
    audit.record(actor="bob", action="step")

    events = list(AuditEvent.objects.order_by("number"))
    assert len({event.actor_id for event in events}) == 2
    first, second, third, none, _ = (event.address_id for event in events)
    assert first == third != second
    assert none is None


def test_staff_readers_and_the_command_line_are_told_apart():
    reader = factories.make_reader(factories.make_study_of_patients(real=2, hosts=2), "ann")

    found = [actor_of(who) for who in ("ann", reader, audit.COMMAND_LINE)]

    assert [(actor.kind, str(actor)) for actor in found] == [
        ("staff", "ann"),
        ("reader", "ann"),
        ("program", "command line"),
    ]
    assert len({actor.key for actor in found}) == 3


def test_a_request_leaves_its_address_and_the_next_one_without_does_not():
    User.objects.create_user("ann", password="a long pass phrase", is_staff=True)
    client = Client(REMOTE_ADDR="192.0.2.9")
    client.post(reverse("account_login"), {"username": "ann", "password": "a long pass phrase"})
    record(1)

    addresses = AuditEvent.objects.order_by("number").values_list("action", "actor__name", "address__address")
    assert list(addresses) == [("log in", "ann", "192.0.2.9"), ("step", "ann", None)]


def test_the_trail_outlasts_a_draft_that_is_deleted():
    study = make_study()
    record(2, study)

    study.delete()

    assert report("livers").events == 2
    assert report("livers").problems == []


@pytest.mark.django_db(transaction=True)
def test_events_at_the_same_time_make_one_chain():
    def work() -> None:
        try:
            record(5)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (report().events, report().problems) == (20, [])
