"""axe-core finds nothing serious on the pages of an account, nor on those around deleting and restoring a study."""

import os

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth.models import User
from django.core.cache import cache
from playwright.sync_api import Page, expect

from tests import factories

from .test_accessibility import serious_findings

pytestmark = [pytest.mark.e2e, pytest.mark.django_db(transaction=True)]

# Playwright keeps an event loop in this thread; Django would take that for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

PASSWORD = "a long pass phrase"
WRONG = "000000"


def check(page: Page, heading: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(heading)
    assert serious_findings(page) == []


def log_in(page: Page, url: str) -> None:
    page.goto(f"{url}/login/")
    page.get_by_label("Username").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_user("ann", password=PASSWORD, is_staff=True, is_superuser=True)


def test_every_page_of_an_account(page: Page, live_server, staff: User):
    page.goto(f"{live_server.url}/login/")
    check(page, "Study administration")
    page.get_by_label("Username").fill("ann")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("do not go together")).to_be_visible()
    check(page, "Study administration")
    log_in(page, live_server.url)
    page.goto(f"{live_server.url}/account/")
    check(page, "Your account")
    page.get_by_role("link", name="Change the password").click()
    check(page, "Change the password")
    page.get_by_role("button", name="Change it").click()
    check(page, "Change the password")
    page.goto(f"{live_server.url}/account/sessions/")
    check(page, "Where you are signed in")

    page.goto(f"{live_server.url}/account/second-step/")
    check(page, "Your password, please")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    check(page, "Turn the second step on")
    page.locator("[name=code]").fill(WRONG)
    page.get_by_role("button", name="Turn it on").click()
    check(page, "Turn the second step on")
    secret = page.locator("code.key").inner_text()
    page.locator("[name=code]").fill(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))
    page.get_by_role("button", name="Turn it on").click()
    check(page, "Recovery codes")
    page.get_by_role("link", name="Make new ones").click()
    check(page, "Make new recovery codes?")
    page.goto(f"{live_server.url}/account/")
    check(page, "Your account")
    page.get_by_role("link", name="Turn it off").click()
    check(page, "Turn the second step off?")

    cache.clear()
    page.context.clear_cookies()
    log_in(page, live_server.url)
    check(page, "Your code")
    page.locator("[name=code]").fill(WRONG)
    page.get_by_role("button", name="Log in").click()
    check(page, "Your code")


def test_pages_around_a_study(page: Page, live_server, staff: User):
    factories.make_patients(real=2, hosts=2)
    factories.make_draft(title="A study whose title is long enough to be broken into two lines on a small screen")
    log_in(page, live_server.url)
    page.goto(f"{live_server.url}/studies/")
    check(page, "Studies")
    page.get_by_role("link", name="Restore an archive").click()
    check(page, "Restore a study")
    page.get_by_role("button", name="Upload and restore").click()
    expect(page.get_by_role("alert")).to_contain_text("Choose the archive first.")
    check(page, "Restore a study")
    page.get_by_label("Archive of a study").set_input_files(
        files=[{"name": "liver.zip", "mimeType": "application/zip", "buffer": b"no archive"}]
    )
    page.get_by_role("button", name="Upload and restore").click()
    expect(page.get_by_role("alert")).to_contain_text("The uploaded file is no archive of a study")
    check(page, "Restore a study")
    page.goto(f"{live_server.url}/studies/new/")
    check(page, "New study")

    page.goto(f"{live_server.url}/studies/small/")
    page.get_by_role("link", name="Delete the study").click()
    title = "Delete A study whose title is long enough to be broken into two lines on a small screen?"
    check(page, title)
    page.get_by_label("Short name of the study").fill("smal")
    page.get_by_role("button", name="Delete the study").click()
    expect(page.get_by_text("Type the short name of the study, small, to delete it.")).to_be_visible()
    check(page, title)
    page.get_by_label("Short name of the study").fill("small")
    page.get_by_role("button", name="Delete the study").click()
    expect(page.get_by_text("Study small is deleted.")).to_be_visible()
    check(page, "Studies")
