"""Deny by default: a view that does not say for whom it is, is refused."""

import re

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.templatetags.static import static
from django.test import Client, RequestFactory
from django.urls import path, reverse

from readerstudy.permissions import DenyByDefaultMiddleware, public
from tests import factories


def silent(request):
    return HttpResponse("served")


@public
def spoken(request):
    return HttpResponse("served")


urlpatterns = [path("silent", silent), path("spoken", spoken)]


def test_a_view_that_says_nothing_is_refused():
    middleware = DenyByDefaultMiddleware(spoken)
    request = RequestFactory().get("/")

    with pytest.raises(PermissionDenied):
        middleware.process_view(request, silent, (), {})
    assert middleware.process_view(request, spoken, (), {}) is None


@pytest.mark.urls("tests.readerstudy.test_permissions")
def test_the_refusal_holds_for_every_address(settings):
    settings.MIDDLEWARE = ["readerstudy.permissions.DenyByDefaultMiddleware"]

    assert Client().get("/silent").status_code == 403
    assert Client().get("/spoken").content == b"served"


DIRECTIVES = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self'",
    "font-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}


@pytest.mark.database
@pytest.mark.django_db
def test_every_page_comes_with_the_strict_policy():
    client = factories.reader_client(factories.make_study_of_patients(real=2, hosts=2))
    pages = [reverse(name) for name in ("home", "account_login", "instructions", "reading-room", "state", "study-list")]

    for url in [*pages, "/no-such-page", reverse("answer", args=["0" * 32]), static("readerstudy/css/base.css")]:
        response = client.get(url)
        response.getvalue()  # a static file is closed once it was read
        policy = response.headers["Content-Security-Policy"]
        assert {directive.strip() for directive in policy.split(";")} == DIRECTIVES, url
        assert "unsafe" not in policy


@pytest.mark.database
@pytest.mark.django_db
def test_no_page_has_code_or_style_of_its_own():
    """What the policy would block anyway: inline scripts, styles and handlers."""
    client = factories.reader_client(factories.make_study_of_patients(real=2, hosts=2))

    for name in ("account_login", "instructions", "reading-room"):
        page = client.get(reverse(name)).content.decode()
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page
        modules = page.count(f'<script type="module" src="{settings.STATIC_URL}')
        data = len(re.findall('<script id="[a-z]+" type="application/json">', page))  # what no browser runs
        assert page.count("<script") == modules + data


@pytest.mark.database
@pytest.mark.django_db
def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites():
    client = factories.reader_client(factories.make_study_of_patients(real=2, hosts=2))

    cookie = client.cookies["sessionid"]

    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", "")
