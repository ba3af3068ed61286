"""How fast the reading room shows a case: `python -m benchmarks.viewer [--slices 120 400] [--links loopback shaped]`.

Builds a study of two 512x512 cases, serves it with the project's own server, reads it in a headless Chromium
without GPU, and prints one table for each volume and link. Loading times are medians and 95th percentiles of so many
navigations, beside those of a bare page that serves the same slices over the same link: machines differ, and their
ratio tells. Scroll, window and crosshair are the work of 100 steps each, from the event to the painted canvases, in ms
and in multiples of a fixed piece of work done in the same page.
"""

import argparse
import gzip
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import Request, urlopen

import numpy as np
from playwright.sync_api import Browser, Page, Playwright, ViewportSize, sync_playwright

from benchmarks.bare_page import serve_bare_page
from benchmarks.page_work import calibrating_ms, page_memory_mb, work_of_crosshair, work_of_keys
from benchmarks.served_study import ROOT, serve_study
from benchmarks.shaped_link import shaped
from tests.e2e.chromium import launch_chromium
from tests.e2e.freezable_page import FreezablePage

SIDE = 512
VIEWPORT: ViewportSize = {"width": 1440, "height": 900}
STEPS = 100
WAIT_MS = 240_000
SHAPED_MBIT_S, SHAPED_MS = 20, 50
NEXT_MS_A_SLICE = 30  # after which the next case has been fetched ahead: what workers ask for, no page event tells
LINKS = {"loopback": "over loopback", "shaped": f"over {SHAPED_MBIT_S} Mbit/s with a round trip of {SHAPED_MS} ms"}

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

# From the key that submits an answer until the next case, fetched ahead, is on the screen whole.
NEXT_CASE = """
(slices) => new Promise((done) => {
  const canvas = document.querySelector("canvas");
  const progress = document.querySelector("[data-part=progress]");
  const before = progress.textContent;
  const press = (key) => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  press("r");
  const started = performance.now();
  press("Enter");
  const look = () => {
    const there = canvas.dataset.painted && Number(canvas.dataset.loaded) === slices;
    if (there && progress.textContent !== before) done(performance.now() - started);
    else requestAnimationFrame(look);
  };
  look();
})
"""


@dataclass(frozen=True)
class Loading:
    """One navigation, in ms from its start."""

    first_ms: float
    whole_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, nargs="+", default=[120, 400])
    parser.add_argument("--links", nargs="+", choices=LINKS, default=list(LINKS))
    parser.add_argument("--navigations", type=int, default=5)
    arguments = parser.parse_args()
    print(f"Script: {script_kilobytes():.1f} kB, unminified and gzipped. Headless Chromium without GPU.", flush=True)
    for slices in arguments.slices:
        with (
            tempfile.TemporaryDirectory() as folder,
            serve_study(Path(folder), (SIDE, SIDE, slices)) as invitation,
            sync_playwright() as playwright,
        ):
            browser = launch_chromium(playwright)
            room = accept_invitation(browser, invitation)
            members, first_slice = download_members(room)
            address = room.url
            room.goto("about:blank")  # or it would load its cases beside what is measured
            print(f"\n## 512 x 512 x {slices}, {sum(map(len, members)) / 1e6:.1f} MB in gzip members", flush=True)
            with serve_bare_page(members, SIDE, SIDE, first_slice) as bare_url:
                for link in arguments.links:
                    loadings = [
                        measure_loading(room if url == address else browser, url, link, slices, arguments.navigations)
                        for url in (address, bare_url)
                    ]
                    print("\n".join(loading_table(link, *loadings)), flush=True)
            room.goto(address)
            print("\n".join(steps_table(playwright, room, slices)), flush=True)
            browser.close()


def script_kilobytes() -> float:
    scripts = ROOT / "static" / "readerstudy" / "js"
    files = [*scripts.glob("viewer/*.js"), *scripts.glob("reading/*.js")]
    return sum(len(gzip.compress(file.read_bytes())) for file in files) / 1000


def accept_invitation(browser: Browser, link: str) -> Page:
    """Return a page in the reading room."""
    page = browser.new_context(viewport=VIEWPORT).new_page()
    page.goto(link)
    page.get_by_role("button", name="Accept and continue").click()
    page.get_by_role("button", name="Start reading").click()
    page.get_by_role("button", name="Check and go on").click()
    page.get_by_role("link", name="Go on all the same").click()
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


def measure_loading(opener: Browser | Page, url: str, link: str, slices: int, navigations: int) -> list[Loading]:
    """Load a page over a link, with the cookies of the page that opens it."""
    new_page = opener.context.new_page if isinstance(opener, Page) else opener.new_page
    with shaped(url, SHAPED_MBIT_S, SHAPED_MS) if link == "shaped" else nullcontext(url) as through:
        return [load(new_page(), through, slices) for _ in range(navigations)]


def load(page: Page, url: str, slices: int) -> Loading:
    page.add_init_script(OBSERVER.replace("SLICES", str(slices)))
    page.goto(url)
    page.wait_for_selector(f'canvas[data-loaded="{slices}"]', timeout=WAIT_MS)
    page.wait_for_timeout(100)
    times = page.evaluate("window.benchmark")
    page.close()
    return Loading(first_ms=times["first"], whole_ms=times["whole"])


def loading_table(link: str, room: list[Loading], bare: list[Loading]) -> Iterator[str]:
    yield f"\n| {LINKS[link]}, median / 95th percentile of {len(room)} | reading room | bare page | ratio |"
    yield "| --- | --- | --- | --- |"
    for name, attribute in {"first slice, s": "first_ms", "whole volume, s": "whole_ms"}.items():
        (ours, ours95), (theirs, theirs95) = (
            np.percentile([getattr(loading, attribute) / 1000 for loading in loadings], [50, 95])
            for loadings in (room, bare)
        )
        yield f"| {name} | {ours:.2f} / {ours95:.2f} | {theirs:.2f} / {theirs95:.2f} | {ours / theirs:.2f} |"


def steps_table(playwright: Playwright, room: Page, slices: int) -> Iterator[str]:
    """Work through the first case, answer it, and end at the second with nothing after it."""
    yield f"\n| work of {STEPS} steps, ms | median | 95th percentile | median / calibration |"
    yield "| --- | --- | --- | --- |"
    room.wait_for_selector(f'canvas[data-loaded="{slices}"]', timeout=WAIT_MS)
    room.wait_for_timeout(NEXT_MS_A_SLICE * slices)  # the next case has followed
    warm_up = ["ArrowDown", "ArrowUp"] * 10
    work_of_keys(room, warm_up)
    calibration = calibrating_ms(room)
    yield f"| calibration: 512 x 512 looked up, put on a canvas | {calibration:.2f} | | 1 |"
    for name, keys in {
        "scroll step": ["ArrowDown", "ArrowUp"],
        "window change": ["2", "1"],
        "scroll step, lung window": ["6", *["ArrowDown", "ArrowUp"] * 49],
    }.items():
        yield _row(name, work_of_keys(room, (keys * STEPS)[:STEPS]), calibration)
    for layout in ("axial large, two beside it", "three planes"):
        room.keyboard.press("0")
        room.keyboard.press("l")
        room.wait_for_timeout(200)
        work_of_crosshair(room, 10)
        yield _row(f"crosshair, {layout}", work_of_crosshair(room, STEPS), calibration)
    room.keyboard.press("l")
    both = room_memory_mb(playwright, room, slices)
    shown_ms = room.evaluate(NEXT_CASE, slices)
    one = room_memory_mb(playwright, room, slices)
    yield "\n| | |\n| --- | --- |"
    yield f"| from submitting an answer to the next case on the screen, ms | {shown_ms:.0f} |"
    yield f"| memory of the page with one case, MB: now / at most | {one[0]:.0f} / {one[1]:.0f} |"
    yield f"| with the next case as well, MB: now / at most | {both[0]:.0f} / {both[1]:.0f} |"


def room_memory_mb(playwright: Playwright, room: Page, slices: int) -> tuple[float, float]:
    """Return the memory, now and at most, of the reader's room once it and the next case are loaded.

    In a browser of its own, whose page keeps nothing for DevTools.
    """
    browser = launch_chromium(playwright)
    beside = browser.new_page()
    page = FreezablePage(browser, beside, room.url, room.context.cookies())
    for _ in range(WAIT_MS // 1000):
        beside.wait_for_timeout(1000)  # the first time longer than a page takes to begin
        if page.evaluate("() => document.querySelector('canvas')?.dataset.loaded") == str(slices):
            break
    beside.wait_for_timeout(NEXT_MS_A_SLICE * slices)
    memory = page_memory_mb(browser)
    browser.close()
    return memory


def _row(name: str, work: list[float], calibration: float) -> str:
    median, p95 = np.percentile(work, [50, 95])
    return f"| {name} | {median:.1f} | {p95:.1f} | {median / calibration:.1f} |"


if __name__ == "__main__":
    main()
