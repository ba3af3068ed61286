"""Single sign-on, against a provider that is served for the test."""

from collections.abc import Iterator

import pytest
import requests
from allauth.socialaccount.models import SocialAccount
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from readerstudy.domain.staff import close_account, create_staff
from readerstudy.reader_sessions import READER_KEY
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, serve_provider

from .test_account_pages import enrol, log_in

pytestmark = pytest.mark.django_db

EVE = {"sub": "e-1", "email": "Eve@example.org", "email_verified": True}


@pytest.fixture
def provider(settings: LazySettings) -> Iterator[Provider]:
    with serve_provider() as provider:
        app = {"provider_id": "sso", "name": "hospital account", "client_id": CLIENT_ID, "secret": CLIENT_SECRET}
        app["settings"] = {"server_url": provider.url}
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
        yield provider


def member(name: str = "eve", email: str = "eve@example.org") -> User:
    return create_staff(name=name, password=None, administrator=False, email=email)


def sign_in(client: Client, provider: Provider, **changes: object):
    """Follow the redirects to the provider and back, as a browser would."""
    provider.person = EVE | changes
    return follow(client, client.get(reverse("openid_connect_login")))


def follow(client: Client, response):
    to_provider = requests.get(response["Location"], allow_redirects=False, timeout=5)
    path = to_provider.headers["Location"].removeprefix("http://testserver")
    return client.get(path)


def is_in(client: Client) -> bool:
    return client.get(reverse("study-list")).status_code == 200


def test_the_login_offers_it_where_it_is_set_up(client: Client, provider: Provider):
    assert "Log in by hospital account" in client.get(reverse("account_login")).text


def test_elsewhere_it_is_not_there(client: Client):
    assert "Log in by" not in client.get(reverse("account_login")).text
    for name in ("openid_connect_login", "openid_connect_callback"):
        assert client.get(reverse(name)).status_code == 404


def test_a_verified_address_leads_into_its_account(client: Client, provider: Provider):
    user = member()

    response = sign_in(client, provider)

    assert response["Location"] == reverse("home")
    assert is_in(client)
    assert int(client.session["_auth_user_id"]) == user.pk
    assert 0 < client.session.get_expiry_age() <= 10 * 60 * 60
    assert list(SocialAccount.objects.values_list("user", "uid")) == [(user.pk, "e-1")]


def test_it_goes_by_the_providers_identifier_from_then_on(client: Client, provider: Provider):
    user = member()
    sign_in(client, provider)
    other = Client()

    sign_in(other, provider, email="married@example.org")

    assert int(other.session["_auth_user_id"]) == user.pk


def test_a_password_that_is_there_stays(client: Client, provider: Provider):
    user = create_staff(name="eve", password="a long pass phrase", administrator=False, email="eve@example.org")

    sign_in(client, provider)

    user.refresh_from_db()
    assert is_in(client)
    assert user.check_password("a long pass phrase")


@pytest.mark.parametrize(
    "changes",
    [{"email": "stranger@example.org"}, {"email_verified": False}, {"email": None}],
    ids=["a stranger", "an address that is not verified", "no address"],
)
def test_others_are_refused_and_get_no_account(client: Client, provider: Provider, changes: dict[str, object]):
    member()

    response = sign_in(client, provider, **changes)

    assert "No account goes with this sign-in" in response.text
    assert not is_in(client)
    assert User.objects.count() == 1
    assert not SocialAccount.objects.exists()


def test_an_address_that_the_command_line_did_not_give_is_none(client: Client, provider: Provider):
    User.objects.create_user("eve", email="eve@example.org", password="a long pass phrase", is_staff=True)

    response = sign_in(client, provider)

    assert "No account goes with this sign-in" in response.text
    assert User.objects.get().check_password("a long pass phrase")


def test_a_closed_account_is_refused(client: Client, provider: Provider):
    create_staff(name="root", password="a long pass phrase", administrator=True)
    user = member()
    sign_in(client, provider)
    close_account(user=user)
    other = Client()

    response = sign_in(other, provider)

    assert response.status_code == 403
    assert not is_in(other)
    assert not is_in(client)


def test_who_is_no_staff_is_refused(client: Client, provider: Provider):
    user = member()
    User.objects.filter(pk=user.pk).update(is_staff=False)

    assert sign_in(client, provider).status_code == 403
    assert "_auth_user_id" not in client.session


def test_a_second_step_that_is_on_is_asked_for(client: Client, provider: Provider):
    user = create_staff(name="eve", password="a long pass phrase", administrator=False, email="eve@example.org")
    browser = Client()
    log_in(browser, user.username)
    enrol(browser)

    response = sign_in(client, provider)

    assert response["Location"] == reverse("mfa_authenticate")
    assert not is_in(client)


def test_it_ends_a_readers_session(client: Client, provider: Provider):
    member()
    session = client.session
    session[READER_KEY] = 1
    session.save()

    sign_in(client, provider)

    assert READER_KEY not in client.session


def test_an_answer_that_nobody_asked_for_is_refused(client: Client, provider: Provider):
    member()
    provider.person = EVE
    asked = client.get(reverse("openid_connect_login"))

    response = follow(Client(), asked)  # another browser, which began nothing

    assert "You are not signed in" in response.text


def test_a_token_of_somebody_else_is_refused(client: Client, provider: Provider):
    member()

    response = sign_in(client, provider, aud="another site")

    assert "You are not signed in" in response.text
    assert not is_in(client)


def test_cancelling_is_said(client: Client, provider: Provider):
    response = client.get(reverse("openid_connect_login"))
    provider.person = {}

    assert follow(client, response)["Location"] == reverse("socialaccount_login_cancelled")
    assert "cancelled at your institution" in client.get(reverse("socialaccount_login_cancelled")).text


def test_a_provider_that_is_down_is_said(client: Client, provider: Provider):
    provider.shutdown()
    provider.server_close()

    response = client.get(reverse("openid_connect_login"))

    assert response.status_code == 502
    assert "You are not signed in" in response.text
