"""How fast the reading room shows a case: `python -m benchmarks.viewer [--slices 120]`.

Builds a study of two 512x512 cases, serves it with the project's own server, reads it in a headless Chromium
without GPU, and prints the times beside those of a bare page that serves the same slices. Times are medians of
three navigations; scroll and window are the work of 100 steps each, from the key to the painted canvas.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import Request, urlopen

import numpy as np
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from benchmarks.bare_page import serve_bare_page
from benchmarks.served_study import serve_study
from tests.e2e.chromium import launch_chromium

SIDE = 512
VIEWPORT: ViewportSize = {"width": 1440, "height": 900}
NAVIGATIONS = 3
STEPS = 100
WAIT_MS = 120_000

# Notes when the canvas says that its first slice is painted and when all are loaded, each after the next frame.
OBSERVER = """
window.benchmark = {};
const note = (name) => requestAnimationFrame(() => { window.benchmark[name] ??= performance.now(); });
new MutationObserver(() => {
  const { painted, loaded } = document.querySelector("canvas")?.dataset ?? {};
  if (painted) note("first");
  if (Number(loaded) === SLICES) note("whole");
}).observe(document, { subtree: true, attributes: true, attributeFilter: ["data-painted", "data-loaded"] });
"""

# For each key the work it makes: its handler, and the drawing in the next frame down to one pixel read back.
WORK_OF_KEYS = """
async (keys) => {
  const context = document.querySelector("canvas").getContext("2d");
  const frame = (act) => new Promise((done) => requestAnimationFrame(() => done(act())));
  const work = [];
  for (const key of keys) {
    await frame(() => {});
    const before = frame(() => performance.now());
    const pressed = performance.now();
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    const handled = performance.now();
    const after = frame(() => { context.getImageData(0, 0, 1, 1); return performance.now(); });
    work.push(handled - pressed + (await after) - (await before));
  }
  return work;
}
"""


@dataclass(frozen=True)
class Loading:
    """One navigation, in ms from its start."""

    first_ms: float
    whole_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=120)
    slices: int = parser.parse_args().slices
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = launch_chromium(playwright)
        with serve_study(Path(folder), (SIDE, SIDE, slices)) as link:
            room = accept_invitation(browser, link)
            members, first_slice = download_members(room)
            project = [load(room.context.new_page(), room.url, slices) for _ in range(NAVIGATIONS)]
            room.wait_for_selector(f'canvas[data-loaded="{slices}"]')
            scroll = work_of_keys(room, ["ArrowDown", "ArrowUp"] * (STEPS // 2))
            window = work_of_keys(room, ["2", "1"] * (STEPS // 2))
        with serve_bare_page(members, SIDE, SIDE, first_slice) as url:
            bare = [load(browser.new_page(), url, slices) for _ in range(NAVIGATIONS)]
        browser.close()
    megabytes = sum(map(len, members)) / 1e6
    print(f"512 x 512 x {slices}, {megabytes:.1f} MB in gzip members, headless Chromium without GPU\n")
    print("\n".join(table(project, bare, scroll, window)))


def accept_invitation(browser: Browser, link: str) -> Page:
    """Return a page in the reading room."""
    page = browser.new_context(viewport=VIEWPORT).new_page()
    page.goto(link)
    page.get_by_role("button", name="Accept and continue").click()
    page.get_by_role("button", name="Start reading").click()
    page.wait_for_selector("canvas[data-painted]")
    return page


def download_members(room: Page) -> tuple[list[bytes], int]:
    """Return the gzip members of the case the reader is at, as the project sends them, and its first slice."""
    case = room.request.get(f"{room.url}state").json()["case"]
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in room.context.cookies())

    def member(number: int) -> bytes:
        url = urljoin(room.url, case["slice_url"].replace("{n}", str(number)))
        with urlopen(Request(url, headers={"Cookie": cookies})) as response:
            return bytes(response.read())

    return [member(number) for number in range(case["shape"][0])], case["cue_slice"]


def load(page: Page, url: str, slices: int) -> Loading:
    page.add_init_script(OBSERVER.replace("SLICES", str(slices)))
    page.goto(url)
    page.wait_for_selector(f'canvas[data-loaded="{slices}"]', timeout=WAIT_MS)
    page.wait_for_timeout(100)
    times = page.evaluate("window.benchmark")
    page.close()
    return Loading(first_ms=times["first"], whole_ms=times["whole"])


def work_of_keys(room: Page, keys: list[str]) -> list[float]:
    work: list[float] = room.evaluate(WORK_OF_KEYS, keys)
    return work


def table(project: list[Loading], bare: list[Loading], scroll: list[float], window: list[float]) -> Iterator[str]:
    yield "|  | reading room | bare page | ratio |"
    yield "| --- | --- | --- | --- |"
    for name, attribute in {"first slice, s": "first_ms", "whole volume, s": "whole_ms"}.items():
        ours, theirs = (
            statistics.median(getattr(loading, attribute) for loading in loadings) / 1000
            for loadings in (project, bare)
        )
        yield f"| {name} | {ours:.2f} | {theirs:.2f} | {ours / theirs:.2f} |"
    for name, work in {"scroll step": scroll, "window change": window}.items():
        median, p95 = np.percentile(work, [50, 95])
        yield f"| {name}, ms median / p95 | {median:.1f} / {p95:.1f} | – | – |"


if __name__ == "__main__":
    main()
