"""The right to a case's slices: remembered for a moment, so that a volume loads fast, and over a moment later."""

import pytest
from django.urls import reverse

from readerstudy import permissions
from readerstudy.domain.enrolment import renew_invitation
from readerstudy.models.reader import Reader
from readerstudy.models.sequence import SequenceItem
from tests import factories
from tests.readerstudy.reading.test_access import give_answer

pytestmark = pytest.mark.django_db

GRANT_S = 1.0


class Clock:
    """`time`, as `permissions` reads it, standing still until it is told to go on."""

    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture(autouse=True)
def clock(settings, monkeypatch):
    settings.SLICE_GRANT_S = GRANT_S
    clock = Clock()
    monkeypatch.setattr(permissions, "time", clock)
    return clock


@pytest.fixture
def client(study):
    client = factories.reader_client(study)
    client.get(reverse("state"))
    return client


def status(client, token, number=0):
    return client.get(reverse("slice", args=[token, number])).status_code


def own_tokens(code="R1"):
    return list(
        SequenceItem.objects.filter(sequence__reader__code=code).order_by("position").values_list("token", flat=True)
    )


def test_after_the_first_a_slice_asks_the_database_nothing(client, clock, django_assert_num_queries):
    token = own_tokens()[0]
    assert status(client, token) == 200
    clock.now += 0.9 * GRANT_S
    with django_assert_num_queries(0):
        assert [status(client, token, number) for number in range(1, 9)] == [200] * 8


def test_no_later_request_than_a_moment_after_is_served_without_looking(client, clock, django_assert_max_num_queries):
    token = own_tokens()[0]
    status(client, token)
    clock.now += GRANT_S
    with django_assert_max_num_queries(3) as asked:
        assert status(client, token) == 200
    assert len(asked) > 0


def close(study, client):
    factories.close(study)
    return 404


def renew(study, client):
    renew_invitation(reader=Reader.objects.get(code="R1"), actor="ann")
    return 401


def log_out(study, client):
    client.session.flush()
    return 401


def answer(study, client):
    give_answer(client, own_tokens()[0])
    return 404


@pytest.mark.parametrize("end", [close, renew, log_out, answer])
def test_what_ends_the_right_ends_it_within_a_moment(study, client, clock, end):
    token = own_tokens()[0]
    assert status(client, token) == 200
    refused = end(study, client)
    clock.now += GRANT_S
    assert status(client, token) == refused


def test_the_right_is_the_sessions_own(study, client):
    token = own_tokens()[0]
    assert status(client, token) == 200
    assert status(factories.reader_client(study, "R2"), token) == 404
    client.cookies.clear()
    assert status(client, token) == 401


def test_a_refusal_is_not_remembered(client):
    _, _, third, *_ = own_tokens()
    assert status(client, third) == 404
    give_answer(client, own_tokens()[0])
    assert status(client, third) == 200


def test_what_is_over_is_forgotten(client, clock):
    grants = permissions.Grants()
    for number in range(100):
        grants.put(("session", str(number)), object())
        clock.now += 0.1
    assert len(grants._found) <= 10
