from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from .chromium import fresh_page, launch_chromium
from .reading_server import ReadingServer, serve
from .room_page import make_case, open_room
from .whole_site import WIDE, administrator, reader, site  # noqa: F401  fixtures


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = launch_chromium(playwright)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with fresh_page(browser) as page:
        yield page


@pytest.fixture
def reading() -> Iterator[ReadingServer]:
    with serve(ReadingServer(cases=[make_case(1), make_case(2, "kidney"), make_case(3, "pancreas")])) as server:
        yield server


@pytest.fixture
def room(page: Page, reading: ReadingServer) -> Page:
    return open_room(page, reading)
