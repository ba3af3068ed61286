"""The Chromium that tests and benchmarks drive: the one on the path, else Playwright's own."""

import shutil

from playwright.sync_api import Browser, Playwright

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
