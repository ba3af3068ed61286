"""Who gets what of the reading room: role x page x token."""

import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from readerstudy.domain.enrolment import renew_invitation
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.reader import Reader
from readerstudy.models.sequence import SequenceItem
from readerstudy.reader_sessions import READER_KEY
from readerstudy.reading.urls import urlpatterns as reading_urls
from tests import factories
from tests.readerstudy.reading import addresses

pytestmark = pytest.mark.django_db


def tokens(code):
    items = SequenceItem.objects.filter(sequence__reader__code=code)
    return list(items.order_by("position").values_list("token", flat=True))


def give_answer(client, token):
    data = {"submission": str(uuid.uuid4()), "label": "real", "active_ms": 5}
    return client.post(reverse("answer", args=[token]), data, content_type="application/json")


def report_problem(client, token):
    data = {"submission": str(uuid.uuid4()), "text": "It stays black."}
    return client.post(reverse("problem", args=[token]), data, content_type="application/json")


def read(client, n):
    for _ in range(n):
        give_answer(client, client.get(reverse("state")).json()["case"]["token"])


def staff_client(**user):
    client = Client()
    client.force_login(User.objects.create_user("ann", **user), backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def reading(study):
    """Reader R1, who has answered one case of five and is at the second."""
    client = factories.reader_client(study)
    read(client, 1)
    client.get(reverse("state"))
    return client


def asked_for(client):
    """Return what a client gets of every page and of R1's tokens: answered, current, next and beyond."""
    answered, current, upcoming, beyond, _ = tokens("R1")
    pages = ["home", "instructions", "display-check", "reading-room", "next-sitting", "finished", "state"]
    pages += ["return", "studies", "withdrawal", "debrief"]
    given = {name: client.get(reverse(name)).status_code for name in pages}
    given["invitation"] = client.get(reverse("invitation", args=["used"])).status_code
    for place, token in {"answered": answered, "current": current, "next": upcoming, "beyond": beyond}.items():
        given[f"slice {place}"] = client.get(reverse("slice", args=[token, 0])).status_code
    for place, token in {"answered": answered, "next": upcoming, "beyond": beyond, "current": current}.items():
        given[f"problem {place}"] = report_problem(client, token).status_code
        given[f"answer {place}"] = give_answer(client, token).status_code
    given["preferences"] = client.post(reverse("preferences"), {"swap": 1}, content_type="application/json").status_code
    return given


def tokens_give(slices, answers):
    """Return what each token gives; a report is taken where an answer is."""
    given = {"slice": slices, "problem": answers, "answer": answers}
    return {f"{what} {place}": status for what, status in given.items() for place in PLACES}


PLACES = ("answered", "current", "next", "beyond")
SIGNED_IN = {
    "home": 302,
    "instructions": 200,
    "invitation": 302,
    "preferences": 200,
    "return": 200,
    "studies": 200,
    "withdrawal": 200,
    "debrief": 302,
}
READING = {"display-check": 200, "reading-room": 200, "state": 200, "next-sitting": 302, "finished": 302}
NO_SESSION = {
    "home": 302,
    "instructions": 401,
    "display-check": 401,
    "reading-room": 401,
    "next-sitting": 401,
    "finished": 401,
    "state": 401,
    "preferences": 401,
    "invitation": 404,
    "return": 200,
    "studies": 401,
    "withdrawal": 401,
    "debrief": 401,
}


def test_the_reader_gets_this_case_and_the_next_and_answers_this_one(reading):
    assert asked_for(reading) == SIGNED_IN | READING | {
        "slice answered": 404,
        "slice current": 200,
        "slice next": 200,
        "slice beyond": 404,
        "problem answered": 200,
        "problem current": 200,
        "problem next": 404,
        "problem beyond": 404,
        "answer answered": 409,
        "answer current": 200,
        "answer next": 404,
        "answer beyond": 404,
    }


def test_nobody_gets_anything(reading):
    assert asked_for(Client()) == NO_SESSION | tokens_give(401, 401)


def test_a_reader_of_the_same_study_gets_nothing_by_anothers_tokens(study, reading):
    assert asked_for(factories.reader_client(study, "R2")) == SIGNED_IN | READING | tokens_give(404, 404)


def test_a_reader_of_another_study_gets_nothing_by_these_tokens(reading):
    other = factories.make_study_of_patients(real=2, hosts=2, slug="other", seed=1)

    assert asked_for(factories.reader_client(other, "R9")) == SIGNED_IN | READING | tokens_give(404, 404)


def test_a_reader_who_has_finished_gets_thanks_and_no_image(study, reading):
    finished = factories.reader_client(study, "R3")
    read(finished, 5)
    own = tokens("R3")

    pages = {"display-check": 302, "reading-room": 302, "next-sitting": 302, "state": 200, "finished": 200}
    assert asked_for(finished) == SIGNED_IN | pages | tokens_give(404, 404)
    assert {finished.get(reverse("slice", args=[token, 0])).status_code for token in own} == {404}
    assert {give_answer(finished, token).status_code for token in own} == {409}
    assert finished.get(reverse("finished")).headers["Clear-Site-Data"] == '"cache"'


def test_after_closing_a_reader_is_told_so(study, reading):
    factories.close(study)

    pages = {"display-check": 200, "reading-room": 200, "next-sitting": 200, "state": 403, "finished": 200}
    assert asked_for(reading) == SIGNED_IN | pages | tokens_give(404, 403)
    assert "This study is closed" in reading.get(reverse("reading-room")).content.decode()


def test_staff_do_not_read(reading):
    assert asked_for(staff_client(is_staff=True)) == NO_SESSION | tokens_give(401, 401)


def test_users_who_are_not_staff_do_not_read(reading):
    assert asked_for(staff_client()) == NO_SESSION | tokens_give(401, 401)


def test_a_session_of_a_reader_who_is_gone_is_no_session(db):
    client = Client()
    session = client.session
    session[READER_KEY] = 123456
    session.save()

    assert client.get(reverse("state")).status_code == 401


def test_accepting_an_invitation_ends_a_staff_login(study):
    client = staff_client(is_staff=True)

    client.post(factories.invitation_path(study))

    assert client.get(reverse("study-list")).status_code == 302
    assert client.get(reverse("instructions")).status_code == 200


def test_staff_who_accept_an_invitation_are_seen_in_the_audit_trail(study):
    staff_client(is_staff=True).post(factories.invitation_path(study, "R1"))
    Client().post(factories.invitation_path(study, "R2"))

    seen = AuditEvent.objects.filter(action__in=["accept invitation", "read as a reader"]).order_by("pk")
    assert list(seen.values_list("actor__kind", "actor__name", "action", "detail")) == [
        ("reader", "R1", "accept invitation", {}),
        ("staff", "ann", "read as a reader", {"reader": "R1"}),
        ("reader", "R2", "accept invitation", {}),
    ]


def test_a_new_link_ends_the_sessions_that_earlier_links_opened(study):
    client = factories.reader_client(study, "R1")
    assert client.get(reverse("state")).status_code == 200

    renew_invitation(reader=Reader.objects.get(code="R1"), actor="ann")

    assert client.get(reverse("state")).status_code == 401


def test_accepting_an_invitation_ends_another_readers_session(study):
    client = factories.reader_client(study, "R1")
    before = client.session.session_key

    client.post(factories.invitation_path(study, "R2"))

    assert client.session[READER_KEY] == Reader.objects.get(code="R2").pk
    assert client.session.session_key != before


def test_whoever_only_looks_at_an_invitation_does_not_use_it_up(study):
    path = factories.invitation_path(study)
    looked = [Client().get(path).status_code for _ in range(2)]

    assert looked == [200, 200]
    assert Client().post(path).status_code == 302
    assert Client().get(path).status_code == 404
    assert Client().post(path).status_code == 404


PAGES_WITH_FORMS = ("instructions", "display-check", "preferences", "return", "studies", "sign-out", "withdrawal")
POSTS = {"invitation", "problem", "answer", *PAGES_WITH_FORMS}


def test_every_form_of_a_readers_needs_its_token(study):
    path = factories.invitation_path(study)
    client = factories.reader_client(study, "R2")
    client.handler.enforce_csrf_checks = True
    token = tokens("R2")[0]
    of_the_reader = {name: reverse(name) for name in PAGES_WITH_FORMS}
    of_the_case = {name: reverse(name, args=[token]) for name in ("problem", "answer")}
    given = {"invitation": path} | of_the_reader | of_the_case

    assert given.keys() == POSTS
    assert {name: client.post(url).status_code for name, url in given.items()} == dict.fromkeys(POSTS, 403)


def test_the_room_carries_the_token_that_its_answers_need(study):
    client = factories.reader_client(study)
    client.handler.enforce_csrf_checks = True
    page = client.get(reverse("reading-room")).content.decode()
    csrf = page.split('name="csrf-token" content="')[1].split('"')[0]
    token = client.get(reverse("state")).json()["case"]["token"]
    data = {"submission": str(uuid.uuid4()), "label": "real", "active_ms": 5}

    response = client.post(
        reverse("answer", args=[token]), data, content_type="application/json", headers={"X-CSRFToken": csrf}
    )

    assert response.status_code == 200


def test_every_page_that_only_shows_refuses_to_be_posted_to(reading):
    shows = {"reading-room", "finished", "state"}

    assert {name: reading.post(reverse(name)).status_code for name in shows} == dict.fromkeys(shows, 405)
    for name in ("answer", "problem"):
        assert reading.get(reverse(name, args=[tokens("R1")[1]])).status_code == 405
    assert reading.get(reverse("preferences")).status_code == 405


def test_every_page_answers_head_as_it_answers_get(reading):
    names = {str(pattern.name) for pattern in reading_urls if not pattern.pattern.converters}
    found = {name: (reading.head(reverse(name)).status_code, reading.get(reverse(name)).status_code) for name in names}

    assert found == {name: (status, status) for name, (_, status) in found.items()}
    assert {name for name, (status, _) in found.items() if status == 405} == {"preferences", "sign-out", "sitting-end"}


@pytest.mark.parametrize(
    "path",
    [
        "/reading/cases/{token}/slices/-1",
        "/reading/cases/{token}/slices/1.5",
        "/reading/cases/{token}/slices/",
        "/reading/cases/{token}/slices/0/../../x",
        "/reading/cases/{token}",
        "/reading/cases/",
        "/reading/cases/{upper}/slices/0",
        "/reading/cases/../../../etc/passwd/slices/0",
        "/store/{token}",
        "/data/",
        "/media/",
        "/static/../readerstudy/settings.py",
        "/admin/",
        "/.env",
    ],
)
def test_nothing_lies_beside_the_addresses(reading, path):
    token = tokens("R1")[1]

    assert reading.get(path.format(token=token, upper=token.upper())).status_code == 404


def test_the_readers_addresses_are_these():
    modules = ("readerstudy.reading.views", "readerstudy.reading.entrance")
    readers = {name for name, view in addresses.views().items() if view.__module__ in modules}

    pages = {"invitation", "instructions", "display-check", "reading-room", "next-sitting", "finished"}
    pages |= {"debrief", "return", "studies", "sign-out", "withdrawal"}
    assert readers == pages | {"state", "preferences", "slice", "earlier", "sitting-end", "answer", "problem"}
