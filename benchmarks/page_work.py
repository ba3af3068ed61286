"""What a page costs: the work behind a key or a drag, and the memory of its process."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

# For each act the work it makes: its handler, and the drawing in the next frame down to a pixel read back from
# every canvas that is shown.
_WORK = """
const canvases = [...document.querySelectorAll("canvas")].filter((canvas) => canvas.clientWidth > 0);
const contexts = canvases.map((canvas) => canvas.getContext("2d"));
const frame = (act) => new Promise((done) => requestAnimationFrame(() => done(act())));
const work = [];
for (const act of acts) {
  await frame(() => {});
  const before = frame(() => performance.now());
  const started = performance.now();
  act();
  const handled = performance.now();
  const after = frame(() => {
    for (const context of contexts) context.getImageData(0, 0, 1, 1);
    return performance.now();
  });
  work.push(handled - started + (await after) - (await before));
}
return work;
"""
_KEYS = f"""async (keys) => {{
const press = (key) => document.body.dispatchEvent(new KeyboardEvent("keydown", {{ key, bubbles: true }}));
const acts = keys.map((key) => () => press(key));
{_WORK}
}}"""
_CROSSHAIR = f"""async (steps) => {{
const canvas = document.querySelector("[data-pane=axial] canvas");
const {{ x, y, width, height }} = canvas.getBoundingClientRect();
canvas.setPointerCapture = () => {{}};
const send = (type, step) => canvas.dispatchEvent(new PointerEvent(type, {{
  bubbles: true, shiftKey: true, button: 0, pointerId: 1, pointerType: "mouse",
  clientX: x + width * (0.3 + (0.4 * step) / steps), clientY: y + height * (0.35 + (0.3 * step) / steps),
}}));
send("pointerdown", 0);
const acts = Array.from({{ length: steps }}, (_, step) => () => send("pointermove", step + 1));
const measure = async () => {{ {_WORK} }};
const work = await measure();
send("pointerup", steps);
return work;
}}"""


def work_of_keys(page: Page, keys: list[str]) -> list[float]:
    """Return what each key cost, in ms."""
    work: list[float] = page.evaluate(_KEYS, keys)
    return work


def work_of_crosshair(page: Page, steps: int) -> list[float]:
    """Return what each step of a crosshair dragged over the axial image cost, in ms."""
    work: list[float] = page.evaluate(_CROSSHAIR, steps)
    return work


def page_memory_mb(browser: Browser) -> tuple[float, float]:
    """Return the memory that the largest of the browser's pages has now and had at most, in MB.

    Now: the process' proportional set size, what it shares counted by its share. At most: its resident set.
    """
    session = browser.new_browser_cdp_session()
    processes: list[dict[str, Any]] = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    pages = [Path("/proc") / str(process["id"]) for process in processes if process["type"] == "renderer"]
    now = max(_kilobytes(page / "smaps_rollup", "Pss:") for page in pages)
    most = max(_kilobytes(page / "status", "VmHWM:") for page in pages)
    return now * 1024 / 1e6, most * 1024 / 1e6


def _kilobytes(file: Path, field: str) -> int:
    return next(int(line.split()[1]) for line in file.read_text().splitlines() if line.startswith(field))
