from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from .chromium import launch_chromium
from .reading_server import ReadingServer, serve
from .room_page import CUE, canvas_of, make_case

WIDE = {"width": 1440, "height": 900}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch_chromium(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page in a fresh profile; a script error or a violated security policy fails the test."""
    context = browser.new_context(viewport=WIDE)
    context.set_default_timeout(15_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda message: errors.append(message.text) if "Content Security Policy" in message.text else None,
    )
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def reading() -> Iterator[ReadingServer]:
    with serve(ReadingServer(cases=[make_case(1), make_case(2, "kidney"), make_case(3, "pancreas")])) as server:
        yield server


@pytest.fixture
def room(page: Page, reading: ReadingServer) -> Page:
    page.goto(f"{reading.url}/reading/")
    expect(canvas_of(page)).to_have_attribute("data-painted", str(CUE))
    return page
