"""The Chromium that tests and benchmarks drive: the one on the path, else Playwright's own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, Playwright, ViewportSize

WIDE: ViewportSize = {"width": 1440, "height": 900}

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def launch_chromium(playwright: Playwright) -> Browser:
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    return playwright.chromium.launch(executable_path=executable, args=FLAGS)


@contextmanager
def fresh_page(browser: Browser) -> Iterator[Page]:
    """A page in a fresh profile; a script error or a violated security policy fails the test."""
    context = browser.new_context(viewport=WIDE)
    context.set_default_timeout(15_000)
    context.set_default_navigation_timeout(60_000)  # a busy machine's first page takes long
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
