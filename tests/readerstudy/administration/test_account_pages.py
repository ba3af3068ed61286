"""A staff member's own account: the second step with real codes, recovery codes, the password, the sessions."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.mfa.utils import decrypt
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from readerstudy.accounts import AccountAdapter

from .test_login import PASSWORD, TOO_MANY, log_in

pytestmark = pytest.mark.django_db

WRONG_CODE = AccountAdapter.error_messages["incorrect_code"]


def code_of(secret: str) -> str:
    """Compute the code of this half minute, as an authenticator app does."""
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def wrong_code(secret: str) -> str:
    return f"{(int(code_of(secret)) + 1) % 10**6:06}"


def confirm(client: Client) -> None:
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def enrol(client: Client) -> str:
    """Turn the second step on, and return its key."""
    confirm(client)
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    response = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    assert response["Location"] == reverse("mfa_view_recovery_codes")
    cache.clear()  # a code works once in its half minute; the next test step is half a minute later
    return secret


def recovery_codes(client: Client) -> list[str]:
    return re.findall(r"<li><code>(\w+)</code></li>", client.get(reverse("mfa_view_recovery_codes")).text)


@pytest.fixture
def signed_in(staff: User, client: Client) -> Client:
    log_in(client, staff.username)
    return client


def send_code(client: Client, code: str):
    return client.post(reverse("mfa_authenticate"), {"code": code})


def test_turning_it_on_needs_the_password_again_and_a_right_code(signed_in: Client, staff: User):
    response = signed_in.get(reverse("mfa_activate_totp"))
    assert response["Location"].startswith(reverse("account_reauthenticate"))
    confirm(signed_in)
    secret = signed_in.get(reverse("mfa_activate_totp")).context["form"].secret

    refused = signed_in.post(reverse("mfa_activate_totp"), {"code": wrong_code(secret)})
    assert refused.context["form"].errors["code"] == [WRONG_CODE]
    assert not Authenticator.objects.exists()

    signed_in.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    kinds = set(Authenticator.objects.filter(user=staff).values_list("type", flat=True))
    assert kinds == {"totp", "recovery_codes"}
    page = signed_in.get(reverse("mfa_index")).text
    assert "10 recovery codes are left." in page


def test_keys_are_unreadable_in_the_database(signed_in: Client):
    secret = enrol(signed_in)
    (codes, *_) = recovery_codes(signed_in)

    stored = {one.type: one.data for one in Authenticator.objects.all()}
    assert secret not in str(stored)
    assert codes not in str(stored)
    assert decrypt(stored["totp"]["secret"]) == secret


def test_signing_in_takes_a_code_then(signed_in: Client, staff: User):
    secret = enrol(signed_in)
    browser = Client()

    assert log_in(browser, staff.username)["Location"] == reverse("mfa_authenticate")
    assert browser.get(reverse("study-list")).status_code == 302  # the password alone leads nowhere
    refused = send_code(browser, wrong_code(secret))
    assert refused.context["form"].errors["code"] == [WRONG_CODE]
    assert send_code(browser, code_of(secret))["Location"] == reverse("home")
    assert browser.get(reverse("study-list")).status_code == 200
    assert 0 < browser.session.get_expiry_age() <= 10 * 60 * 60


def test_a_code_works_once(signed_in: Client, staff: User):
    secret = enrol(signed_in)
    code = code_of(secret)
    first, second = Client(), Client()
    for browser in (first, second):
        log_in(browser, staff.username)

    send_code(first, code)
    send_code(second, code)

    assert first.get(reverse("study-list")).status_code == 200
    assert second.get(reverse("study-list")).status_code == 302


def test_a_recovery_code_signs_in_once(signed_in: Client, staff: User):
    enrol(signed_in)
    code, *others = recovery_codes(signed_in)
    for browser, served in ((Client(), 200), (Client(), 302)):
        log_in(browser, staff.username)
        send_code(browser, code)
        assert browser.get(reverse("study-list")).status_code == served
    confirm(signed_in)
    assert recovery_codes(signed_in) == others


def test_guessing_codes_is_stopped(signed_in: Client, staff: User):
    secret = enrol(signed_in)
    browser = Client()
    log_in(browser, staff.username)

    for _ in range(5):
        assert send_code(browser, wrong_code(secret)).context["form"].errors["code"] == [WRONG_CODE]

    assert send_code(browser, code_of(secret)).context["form"].errors["code"] == [TOO_MANY]
    assert browser.get(reverse("study-list")).status_code == 302


def test_who_gave_the_password_can_begin_again(signed_in: Client, staff: User):
    enrol(signed_in)
    browser = Client()
    log_in(browser, staff.username)

    assert browser.get(reverse("account_login"))["Location"] == reverse("mfa_authenticate")
    browser.post(reverse("account_logout"))

    assert browser.get(reverse("account_login")).status_code == 200


def test_new_recovery_codes_replace_the_old(signed_in: Client):
    enrol(signed_in)
    before = recovery_codes(signed_in)

    signed_in.post(reverse("mfa_generate_recovery_codes"))

    after = recovery_codes(signed_in)
    assert (len(before), len(after), set(before) & set(after)) == (10, 10, set())
    file = signed_in.get(reverse("mfa_download_recovery_codes"))
    assert file.headers["Cache-Control"] == "no-store"
    assert [line for line in file.text.splitlines() if line.isdigit()] == after


def test_it_can_be_turned_off_where_nobody_requires_it(signed_in: Client, settings):
    enrol(signed_in)

    settings.STAFF_MFA_REQUIRED = True
    kept = signed_in.post(reverse("mfa_deactivate_totp"), follow=True)
    assert "Staff need a second factor here, so it can’t be turned off." in kept.text
    settings.STAFF_MFA_REQUIRED = False
    signed_in.post(reverse("mfa_deactivate_totp"))

    assert not Authenticator.objects.exists()


def test_where_it_is_required_nobody_gets_further_without(signed_in: Client, settings):
    settings.STAFF_MFA_REQUIRED = True

    for name in ("study-list", "dataset-list", "planning", "study-new"):
        assert signed_in.get(reverse(name))["Location"] == reverse("mfa_activate_totp")
    confirm(signed_in)
    assert "Staff need a second step here." in signed_in.get(reverse("mfa_activate_totp")).text
    enrol(signed_in)

    assert signed_in.get(reverse("study-list")).status_code == 200


def test_another_password_ends_the_other_sessions(signed_in: Client, staff: User):
    elsewhere = Client()
    log_in(elsewhere, staff.username)
    new = "another long pass phrase"

    wrong = {"oldpassword": "wrong", "password1": new, "password2": new}
    assert signed_in.post(reverse("account_change_password"), wrong).status_code == 200
    signed_in.post(reverse("account_change_password"), wrong | {"oldpassword": PASSWORD})

    assert signed_in.get(reverse("study-list")).status_code == 200
    assert elsewhere.get(reverse("study-list")).status_code == 302
    staff.refresh_from_db()
    assert staff.check_password(new)


def test_a_weak_password_is_refused(signed_in: Client, staff: User):
    given = {"oldpassword": PASSWORD, "password1": "short", "password2": "short"}
    page = signed_in.post(reverse("account_change_password"), given)

    assert "This password is too short." in page.text
    staff.refresh_from_db()
    assert staff.check_password(PASSWORD)


def test_who_has_no_password_can_change_none(staff: User, staff_client: Client):
    staff.set_unusable_password()
    staff.save()
    staff_client.force_login(staff)

    assert staff_client.get(reverse("account_change_password")).status_code == 404
    assert reverse("account_change_password") not in staff_client.get(reverse("mfa_index")).text


def test_sessions_are_listed_and_ended_one_by_one(signed_in: Client, staff: User):
    second, third = Client(headers={"user-agent": "Second"}), Client(headers={"user-agent": "Third"})
    for browser in (second, third):
        log_in(browser, staff.username)

    page = signed_in.get(reverse("sessions")).text
    assert "Second" in page
    assert "Third" in page
    ended = UserSession.objects.get(user_agent="Second")
    signed_in.post(reverse("sessions"), {"session": ended.pk})

    assert [one.get(reverse("study-list")).status_code for one in (signed_in, second, third)] == [200, 302, 200]
    signed_in.post(reverse("sessions"), {"session": "others"})
    assert [one.get(reverse("study-list")).status_code for one in (signed_in, third)] == [200, 302]


def test_nobody_ends_the_session_of_somebody_else(signed_in: Client):
    other = User.objects.create_user("bob", password=PASSWORD, is_staff=True)
    browser = Client()
    log_in(browser, other.username)
    theirs = UserSession.objects.get(user=other)

    signed_in.post(reverse("sessions"), {"session": theirs.pk})

    assert browser.get(reverse("study-list")).status_code == 200
    assert signed_in.get(reverse("sessions")).context["sessions"] != [theirs]
