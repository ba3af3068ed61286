"""Staff accounts are made and changed by the command line alone; one administrator is always left."""

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from readerstudy.domain import staff
from readerstudy.domain.errors import DomainError
from readerstudy.domain.roles import MANAGE_DATA
from readerstudy.models.actor import Actor
from readerstudy.models.audit_event import AuditEvent

pytestmark = [pytest.mark.django_db, pytest.mark.database]

PASSWORD = "correct horse battery"


def make(name: str = "ann", **changes: object) -> User:
    return staff.create_staff(**{"name": name, "password": PASSWORD, "administrator": True} | changes)


def refusal(change, **given: object) -> str:
    with pytest.raises(DomainError) as error:
        change(**given)
    return str(error.value)


def test_an_account_is_what_was_asked_for():
    user = make(administrator=False, manage_data=True, email="Ann@example.org")

    assert (user.is_staff, user.is_superuser, user.check_password(PASSWORD)) == (True, False, True)
    assert User.objects.get().has_perm(MANAGE_DATA)
    assert list(EmailAddress.objects.values_list("email", "verified", "primary")) == [("ann@example.org", True, True)]


def test_an_account_without_any_way_in_is_refused():
    assert refusal(make, password=None) == "Account 'ann' needs a password, or an e-mail address for single sign-on."
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "a b"}, "Account 'a b': Enter a valid username."),
        ({"password": "short"}, "Account 'ann': This password is too short."),
        ({"email": "nonsense"}, "E-mail 'nonsense': Enter a valid email address."),
        ({"email": "BOB@example.org"}, "E-mail 'BOB@example.org' is another account's."),
    ],
)
def test_bad_input_leaves_nothing_behind(changes: dict[str, object], said: str):
    make("bob", email="bob@example.org")

    assert refusal(make, **changes).startswith(said)
    assert User.objects.count() == 1
    assert EmailAddress.objects.count() == 1


def test_the_last_administrator_stays():
    ann, bob = make(), make("bob", administrator=False)
    said = "ann is the last administrator; make another one first."

    assert refusal(staff.close_account, user=ann) == said
    assert refusal(staff.set_administrator, user=ann, administrator=False) == said
    assert User.objects.get(pk=ann.pk).is_active

    staff.set_administrator(user=bob, administrator=True)
    staff.set_administrator(user=ann, administrator=False)
    assert list(User.objects.filter(is_superuser=True)) == [bob]


def test_a_closed_account_is_out_at_once_and_can_be_reopened():
    make("root")
    user = make()
    browser = Client()
    browser.force_login(user)

    staff.close_account(user=user)
    assert browser.get(reverse("study-list")).status_code == 302
    staff.reopen_account(user=user)
    browser.force_login(user)
    assert browser.get(reverse("study-list")).status_code == 200


def test_another_password_ends_the_sessions():
    user = make()
    browser = Client()
    browser.force_login(user)

    assert refusal(staff.set_password, user=user, password="short").startswith("Account 'ann': This password")
    staff.set_password(user=user, password="another long pass phrase")

    assert browser.get(reverse("study-list")).status_code == 302


def test_a_second_factor_can_be_reset():
    user = make()
    for kind in Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES:
        Authenticator.objects.create(user=user, type=kind, data={})

    staff.reset_second_factor(user=user)

    assert not Authenticator.objects.exists()


def test_data_can_be_allowed_and_disallowed():
    user = make(administrator=False)
    for allowed in (True, False):
        staff.allow_data(user=user, allowed=allowed)
        assert User.objects.get().has_perm(MANAGE_DATA) == allowed


def test_what_was_done_to_accounts_is_kept():
    user = make()
    make("bob")
    staff.reset_second_factor(user=user)
    staff.close_account(user=user)

    ann, bob = (Actor.objects.get(name=name).key for name in ("ann", "bob"))
    assert list(AuditEvent.objects.values_list("actor__name", "action", "detail")) == [
        ("command line", "create account", {"person": ann, "administrator": True}),
        ("command line", "create account", {"person": bob, "administrator": True}),
        ("command line", "reset second factor", {"person": ann}),
        ("command line", "close account", {"person": ann}),
    ]
