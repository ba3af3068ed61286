import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from readerstudy.permissions import client_address
from readerstudy.reader_sessions import READER_KEY

from . import builders

PASSWORD = "a long pass phrase"


def log_in(client: Client, name: str, password: str = PASSWORD, **more: str):
    return client.post(reverse("login"), {"username": name, "password": password, **more})


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


def test_logging_out_is_a_form_of_its_own(staff_client: Client):
    assert staff_client.get(reverse("logout")).status_code == 405
    assert staff_client.post(reverse("logout"))["Location"] == reverse("login")
    assert staff_client.get(reverse("study-list")).status_code == 302


@pytest.mark.parametrize("given", ["bob", "nobody", "ann"])
def test_who_may_not_log_in_learns_nothing(given: str, staff: User, client: Client):
    """Not staff, not known, wrong password: one sentence for all."""
    User.objects.create_user("bob", password=PASSWORD)
    response = log_in(client, given, PASSWORD if given == "bob" else "wrong")
    assert response.status_code == 200
    assert response.context["form"].non_field_errors() == [
        "Please enter a correct username and password. Note that both fields may be case-sensitive."
    ]
    assert client.get(reverse("study-list")).status_code == 302


def test_guessing_passwords_is_stopped(staff: User, client: Client, settings):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        response = log_in(client, staff.username, "wrong")
    assert response.status_code == 429
    assert "registration/locked_out.html" in [template.name for template in response.templates]
    assert log_in(client, staff.username).status_code == 429


def test_staff_are_logged_out_after_a_working_day(staff: User, client: Client):
    log_in(client, staff.username)
    assert client.session.get_expiry_age() <= 10 * 60 * 60


@pytest.mark.parametrize(
    ("proxies", "passed_on", "address"),
    [(0, "1.1.1.1", "127.0.0.1"), (1, "6.6.6.6, 1.1.1.1", "1.1.1.1"), (2, "1.1.1.1, 2.2.2.2", "1.1.1.1"), (1, "", "")],
)
def test_failed_logins_are_counted_by_the_address_that_a_trusted_proxy_saw(proxies, passed_on, address, settings, rf):
    settings.PROXIES = proxies
    assert client_address(rf.get("/", HTTP_X_FORWARDED_FOR=passed_on)) == address


def test_what_staff_see_is_not_kept_by_the_browser(staff_client: Client):
    assert staff_client.get(reverse("study-list")).headers["Cache-Control"] == "no-store"
