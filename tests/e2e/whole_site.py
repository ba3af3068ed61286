"""A whole site, server and worker, and two people with a browser each: for the tests that go the whole way."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from .viewer_page import settle

PROJECT = Path(__file__).resolve().parents[2]
WIDE = {"width": 1440, "height": 900}
NARROW = {"width": 700, "height": 1000}
SCREENSHOTS = os.environ.get("SCREENSHOTS")
PASSWORD = "correct horse battery"
START_WITHIN_S = 60


@dataclass(frozen=True)
class Site:
    """A running site with its worker; `manage` runs a command of it and returns what it printed."""

    url: str
    manage: Callable[..., str]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "DATA_ROOT": str(tmp_path / "site"),
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    environment.pop("DATABASE_URL", None)  # a database and a broker of its own
    environment.pop("CELERY_BROKER_URL", None)

    def manage(*arguments: str, typed: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT, env=environment, input=typed, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    manage("migrate", "--skip-checks", "--verbosity", "0")
    server = ["gunicorn", "readerstudy.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4"]
    worker = ["celery", "-A", "readerstudy", "worker", "-B", "--concurrency", "1"]
    log = tmp_path / "site" / "processes.log"
    with _running(worker, environment, log), _running(server, environment, log):
        url = f"http://127.0.0.1:{port}"
        _wait_until_served(f"{url}/login/")
        yield Site(url, manage)


@contextmanager
def _running(module: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=PROJECT, env=environment, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # with its children: whatever it is at has been looked at
        process.wait(timeout=30)


def _wait_until_served(url: str) -> None:
    until = time.monotonic() + START_WITHIN_S
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"Nothing is served at {url}.")


@pytest.fixture
def administrator(browser: Browser) -> Iterator[Page]:
    yield from _person(browser)


@pytest.fixture
def reader(browser: Browser) -> Iterator[Page]:
    yield from _person(browser)


def _person(browser: Browser) -> Iterator[Page]:
    context: BrowserContext = browser.new_context(viewport=WIDE)
    context.set_default_timeout(30_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert errors == []


def look_at(page: Page, name: str, *, test: str) -> None:
    """Save how the page looks, wide and narrow, for people to look at, where `SCREENSHOTS` names a folder for it."""
    if SCREENSHOTS is None:
        return
    folder = Path(SCREENSHOTS) / test
    folder.mkdir(parents=True, exist_ok=True)
    for width, viewport in (("narrow", NARROW), ("wide", WIDE)):
        page.set_viewport_size(viewport)
        settle(page)  # a canvas redraws after it was resized
        page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
