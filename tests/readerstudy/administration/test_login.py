"""Signing in with a password, and what ends or refuses it."""

from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from readerstudy.accounts import AccountAdapter
from readerstudy.permissions import SIGNED_OUT, client_address
from readerstudy.reader_sessions import READER_KEY

from . import builders

PASSWORD = "a long pass phrase"
NOT_TOGETHER = AccountAdapter.error_messages["username_password_mismatch"]
TOO_MANY = AccountAdapter.error_messages["too_many_login_attempts"]


def log_in(client: Client, name: str, password: str = PASSWORD, **more: str):
    return client.post(reverse("account_login"), {"username": name, "password": password, **more})


def test_staff_log_in_and_go_where_they_wanted(staff: User, client: Client):
    response = log_in(client, staff.username, next=reverse("dataset-list"))
    assert (response.status_code, response["Location"]) == (302, reverse("dataset-list"))
    assert client.get(reverse("study-list")).status_code == 200


def test_logging_in_ends_a_readers_session(staff: User, client: Client):
    reader = builders.invite(builders.opened(), "R1")
    session = client.session
    session[READER_KEY] = reader.pk
    session.save()
    log_in(client, staff.username)
    assert READER_KEY not in client.session


def test_logging_in_leads_to_no_other_host(staff: User, client: Client):
    assert log_in(client, staff.username, next="https://example.org/")["Location"] == reverse("home")


@pytest.mark.parametrize(
    ("referer", "page"),
    [
        ("http://testserver/studies/flow/?part=2#rules", "/studies/flow/?part=2"),
        ("http://testserver", "/studies/"),
        ("https://example.org/studies/flow/", "/studies/"),
        ("http://[", "/studies/"),
        ("", "/studies/"),
    ],
)
def test_a_form_sent_when_signed_out_leads_back_to_its_page_and_says_that_nothing_was_stored(
    referer: str, page: str, client: Client, db: None
):
    response = client.post(reverse("study-amend", args=["flow"]), {"change": "typed"}, headers={"referer": referer})

    assert response.status_code == 302
    assert response["Location"] == f"{reverse('account_login')}?{urlencode({'next': page}, safe='/')}"
    assert escape(SIGNED_OUT) in client.get(response["Location"]).text
    assert escape(SIGNED_OUT) not in client.get(response["Location"]).text


def test_a_page_asked_for_when_signed_out_is_where_the_login_leads(client: Client, db: None):
    response = client.get("/studies/flow/?part=2")

    assert (
        response["Location"] == f"{reverse('account_login')}?{urlencode({'next': '/studies/flow/?part=2'}, safe='/')}"
    )
    assert escape(SIGNED_OUT) not in client.get(response["Location"]).text


def test_logging_out_is_a_form_of_its_own(staff_client: Client):
    assert staff_client.get(reverse("account_logout")).status_code == 405
    assert staff_client.post(reverse("account_logout"))["Location"] == reverse("account_login")
    assert staff_client.get(reverse("study-list")).status_code == 302


@pytest.mark.parametrize("given", ["bob", "nobody", "ann", "gone"])
def test_who_may_not_log_in_learns_nothing(given: str, staff: User, client: Client):
    """Not staff, not known, wrong password, account closed: one sentence for all."""
    User.objects.create_user("bob", password=PASSWORD)
    User.objects.create_user("gone", password=PASSWORD, is_staff=True, is_active=False)
    response = log_in(client, given, "wrong" if given == "ann" else PASSWORD)
    assert response.status_code == 200
    assert response.context["form"].non_field_errors() == [NOT_TOGETHER]
    assert client.get(reverse("study-list")).status_code == 302


def test_guessing_passwords_is_stopped(staff: User, client: Client):
    for _ in range(5):
        assert log_in(client, staff.username, "wrong").context["form"].non_field_errors() == [NOT_TOGETHER]
    assert log_in(client, staff.username).context["form"].non_field_errors() == [TOO_MANY]
    assert client.get(reverse("study-list")).status_code == 302


def test_trying_many_names_is_stopped(staff: User, client: Client):
    for number in range(10):
        log_in(client, f"name-{number}", "wrong")
    assert log_in(client, staff.username).context["form"].non_field_errors() == [TOO_MANY]


def test_staff_are_logged_out_after_a_working_day(staff: User, client: Client):
    log_in(client, staff.username)
    assert 0 < client.session.get_expiry_age() <= 10 * 60 * 60


def test_who_is_staff_no_more_is_out_at_once(staff: User, client: Client):
    log_in(client, staff.username)
    User.objects.update(is_active=False)
    assert client.get(reverse("study-list")).status_code == 302


@pytest.mark.parametrize(
    ("proxies", "passed_on", "address"),
    [(0, "1.1.1.1", "127.0.0.1"), (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"), (2, "1.1.1.1, 2.2.2.2", "1.1.1.1"), (1, "", "")],
)
def test_failed_logins_are_counted_by_the_address_that_a_trusted_proxy_saw(proxies, passed_on, address, settings, rf):
    settings.PROXIES = proxies
    request = rf.get("/", HTTP_X_FORWARDED_FOR=passed_on)
    assert client_address(request) == address
    assert AccountAdapter(request).get_client_ip(request) == (address or "::")


def test_what_staff_see_is_not_kept_by_the_browser(staff_client: Client):
    assert staff_client.get(reverse("study-list")).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["signup", "password/reset", "email", "confirm-email", "social/signup", "social"])
def test_what_django_allauth_could_do_besides_is_not_there(path: str, client: Client):
    for prefix in ("account", "accounts", "login"):
        assert client.get(f"/{prefix}/{path}/").status_code == 404
