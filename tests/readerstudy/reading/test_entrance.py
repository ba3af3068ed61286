"""Coming in and leaving: the invitation's form, return, several studies in one browser, signing out, withdrawing."""

import pytest
from django.test import Client
from django.urls import reverse

from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.reader import Reader
from readerstudy.models.reading import Reading
from readerstudy.permissions import NOT_SIGNED_IN, READS_ELSEWHERE
from tests import factories
from tests.readerstudy.reading.test_access import give_answer, read, staff_client

pytestmark = pytest.mark.django_db

PASSPHRASE = "galley trilogy veto flame"


def accept(study, code="R1", client=None, **said):
    client = client or Client()
    client.post(factories.invitation_path(study, code), {"passphrase": PASSPHRASE} | said)
    client.post(reverse("instructions"))
    client.post(reverse("display-check"), factories.display_found())
    return client


def come_back(client, code="R1", passphrase=PASSPHRASE):
    return_code = Reader.objects.get(code=code).return_code
    return client.post(reverse("return"), {"return_code": return_code, "password": passphrase})


@pytest.fixture
def other(study):
    return factories.make_study_of_patients(real=2, hosts=2, slug="other", title="Another study", seed=3)


def test_the_invitation_offers_a_passphrase_and_what_staff_said(study):
    path = factories.invitation_path(study)
    Reader.objects.update(years=7, specialty="abdominal radiology")

    page = Client().get(path).content.decode()

    assert 'value="7"' in page
    assert 'value="abdominal radiology"' in page
    assert Reader.objects.get().return_code in page
    offered = page.split('name="passphrase" value="')[1].split('"')[0]
    assert len(offered.split()) == 4
    assert offered not in Client().get(path).content.decode()


def test_asking_for_the_headers_of_an_invitation_uses_nothing_up(study):
    """As mail scanners and previews of links do."""
    path = factories.invitation_path(study)

    response = Client().head(path)

    assert (response.status_code, response.content) == (200, b"")
    assert Reader.objects.get().accepted_at is None
    assert Client().post(path, {"passphrase": PASSPHRASE}).status_code == 302
    assert Client().head(path).status_code == 404


def test_a_mistake_in_the_form_keeps_what_was_typed_and_the_link(study):
    path = factories.invitation_path(study)
    response = Client().post(path, {"years": "ninety", "specialty": "my field", "passphrase": "short"})

    assert response.status_code == 400
    assert 'value="my field"' in response.content.decode()
    assert Client().post(path, {"passphrase": "short"}).status_code == 400
    assert Client().post(path, {"passphrase": PASSPHRASE}).status_code == 302


def test_a_study_that_asks_for_consent_shows_the_text_and_lets_nobody_in_without(study):
    study.design["reading"]["consent"] = "First line.\n\nSecond line."
    study.save()
    path = factories.invitation_path(study)
    client = Client()

    assert "<p>Second line.</p>" in client.get(path).content.decode()
    assert client.post(path, {"passphrase": PASSPHRASE}).status_code == 400
    assert client.get(reverse("instructions")).status_code == 401
    declined = Client()
    assert "You do not take part" in declined.post(path, {"decline": "yes"}).content.decode()
    assert declined.get(path).status_code == 404


def test_the_reader_goes_on_in_another_browser_and_the_first_says_so(study):
    first, second = accept(study), Client()
    read(first, 1)
    token = first.get(reverse("state")).json()["case"]["token"]

    assert come_back(second).status_code == 302

    assert second.get(reverse("state")).json()["case"]["token"] == token
    assert give_answer(first, token).status_code == 401
    asked = first.get(reverse("state"), headers={"Accept": "application/json"})
    assert (asked.status_code, asked.json()) == (401, {"error": READS_ELSEWHERE})
    page = first.get(reverse("reading-room"))
    assert page.status_code == 401
    assert "went on in another browser" in page.content.decode()
    assert Client().get(reverse("reading-room")).content.decode().count(NOT_SIGNED_IN) == 1


def test_an_answer_that_the_first_browser_kept_is_taken_when_it_returns(study):
    first, second = accept(study), Client()
    token = first.get(reverse("state")).json()["case"]["token"]
    come_back(second)
    assert give_answer(first, token).status_code == 401

    come_back(first)

    assert give_answer(first, token).status_code == 200
    assert Reading.objects.count() == 1
    assert second.get(reverse("state")).status_code == 401


def test_whoever_guesses_learns_nothing_and_is_slowed_down(study):
    accept(study)
    wrong = come_back(Client(), passphrase="not the one")
    unknown = Client().post(reverse("return"), {"return_code": "aaaa-aaaa", "password": "not the one"})

    def said(response):
        return response.content.decode().partition("<form")[0]

    assert wrong.status_code == unknown.status_code == 403
    assert said(wrong) == said(unknown)

    for code in (Reader.objects.get().return_code, "aaaa-aaaa"):
        statuses = [
            Client().post(reverse("return"), {"return_code": code, "password": "no"}).status_code for _ in range(12)
        ]
        assert statuses[-1] == 429
    assert come_back(Client()).status_code == 429  # the right passphrase too, from this address
    assert "Try again in a quarter of an hour" in come_back(Client()).content.decode()


def test_staff_who_return_as_a_reader_are_seen_in_the_audit_trail(study):
    accept(study)
    client = staff_client(is_staff=True)

    come_back(client)
    come_back(Client())

    returned = AuditEvent.objects.filter(action__in=["return", "read as a reader"]).order_by("pk")
    who = list(returned.values_list("actor__kind", "actor__name"))
    assert who == [("reader", "R1"), ("staff", "ann"), ("reader", "R1")]
    assert client.get(reverse("study-list")).status_code == 302  # nobody is both at once


def test_several_studies_are_read_in_one_browser_one_at_a_time(study, other):
    client = accept(study)
    accept(other, "S1", client)
    codes = {reader.code: reader.return_code for reader in Reader.objects.all()}

    page = client.get(reverse("studies")).content.decode()
    assert all(text in page for text in (study.title, other.title, codes["R1"], codes["S1"]))
    assert "Another study" in client.get(reverse("instructions")).content.decode()

    assert client.post(reverse("studies"), {"reader": codes["R1"]}).status_code == 302
    assert "Another study" not in client.get(reverse("instructions")).content.decode()


def test_a_reader_not_held_here_cannot_be_switched_to(study, other):
    client = accept(study)
    accept(other, "S1")

    response = client.post(reverse("studies"), {"reader": Reader.objects.get(code="S1").return_code})

    assert response.status_code == 200
    assert "Another study" not in response.content.decode()
    assert "Another study" not in client.get(reverse("instructions")).content.decode()


def test_another_reader_of_the_same_study_takes_the_first_ones_place(study):
    client = accept(study)
    accept(study, "R2", client)

    page = client.get(reverse("studies")).content.decode()
    assert "reader R2" in page
    assert "reader R1" not in page


def test_whoever_accepts_where_somebody_else_reads_is_told(study, other):
    client = accept(study)

    assert "R1 reads “A small study”" in client.get(factories.invitation_path(other, "S1")).content.decode()


def test_signing_out_ends_every_session_here_and_empties_the_cache(study, other):
    client = accept(study)
    accept(other, "S1", client)

    response = client.post(reverse("sign-out"))

    assert response.headers["Clear-Site-Data"] == '"cache"'
    assert client.get(reverse("reading-room")).status_code == 401
    assert client.get(reverse("studies")).status_code == 401
    assert come_back(client).status_code == 302


def test_a_reader_withdraws_and_keeps_what_was_read(study):
    client = accept(study)
    read(client, 2)
    assert "count as far as you have read" in client.get(reverse("withdrawal")).content.decode()

    assert client.post(reverse("withdrawal"), {"reason": "No time."}).status_code == 400
    assert Reader.objects.get().withdrawn_at is None
    withdrawn = client.post(reverse("withdrawal"), {"reason": "No time.", "sure": "on"})
    assert "You have withdrawn" in withdrawn.content.decode()

    reader = Reader.objects.get()
    assert reader.withdrawn_at is not None
    assert reader.withdrawal_reason == "No time."
    assert Reading.objects.count() == 2
    assert client.get(reverse("state")).status_code == 401
    assert come_back(Client()).status_code == 403
    event = AuditEvent.objects.get(action="withdraw reader")
    assert (str(event.actor), event.detail) == ("R1", {"reader": "R1", "reason": "No time."})


def test_nobody_withdraws_from_a_study_that_is_closed(study):
    client = accept(study)
    factories.close(study)

    assert client.post(reverse("withdrawal"), {"sure": "on"}).status_code == 400
    assert Reader.objects.get().withdrawn_at is None
