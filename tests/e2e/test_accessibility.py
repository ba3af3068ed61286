"""axe-core finds nothing serious on any page that readers reach, in any of its states."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from .reading_server import PAGES, ReadingServer
from .room_page import open_room

pytestmark = pytest.mark.e2e

SERIOUS = {"serious", "critical"}
EVERYTHING = {"response": "label+confidence", "lesion_cue": "none", "comments": True, "rationale_mark": True}
AXE = Axe()


def serious_findings(page: Page) -> list[tuple[str, str, str]]:
    """Return what axe-core calls serious or critical: rule, element, what is wrong."""
    found = AXE.run(page).response["violations"]
    return [
        (violation["id"], node["html"][:120], node["failureSummary"])
        for violation in found
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]


@pytest.mark.parametrize("path", sorted(set(PAGES) - {"/reading/"}))
def test_a_page_around_the_room(page, reading, path):
    page.goto(f"{reading.url}{path}")
    assert serious_findings(page) == []


def nothing(page: Page, reading: ReadingServer) -> None:
    pass


def answered(page: Page, reading: ReadingServer) -> None:
    page.keyboard.press("r")
    page.keyboard.press("e")


def paused(page: Page, reading: ReadingServer) -> None:
    page.keyboard.press("b")
    expect(page.get_by_role("heading", name="Paused")).to_be_visible()


def reporting(page: Page, reading: ReadingServer) -> None:
    page.get_by_role("button", name="Report a problem").click()


def helped(page: Page, reading: ReadingServer) -> None:
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys and mouse")).to_be_visible()


def not_sent(page: Page, reading: ReadingServer) -> None:
    reading.refuse_answers = 100
    page.keyboard.press("u")
    page.keyboard.press("Enter")
    expect(page.locator("[data-part=notice]")).to_contain_text("Not sent yet")


def stopped(page: Page, reading: ReadingServer) -> None:
    reading.closed = True
    page.keyboard.press("u")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Reading has stopped")).to_be_visible()


@pytest.mark.parametrize("state", [nothing, answered, paused, reporting, helped, not_sent, stopped])
def test_the_room(page, reading, state: Callable[[Page, ReadingServer], None]):
    open_room(page, reading, **EVERYTHING)
    state(page, reading)
    assert serious_findings(page) == []


@pytest.mark.parametrize("response", ["label", "rating-6"])
def test_the_room_with_other_answers(page, reading, response):
    open_room(page, reading, response=response)
    page.keyboard.press("r")
    assert serious_findings(page) == []


def test_axe_would_find_something(page, reading):
    page.goto(f"{reading.url}/pages/invitation")
    page.evaluate("document.querySelector('button').textContent = ''")
    assert [rule for rule, *_ in serious_findings(page)] == ["button-name"]
