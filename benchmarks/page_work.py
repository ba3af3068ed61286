"""What a page costs: the work behind a key or a drag, and the memory of its process."""

from pathlib import Path
from statistics import fmean
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
# The least that shows 512 x 512 int16: each looked up in a table, the image put on a canvas and a pixel read back.
_CALIBRATION = """() => {
const side = 512;
const pixels = Int16Array.from({ length: side * side }, (_, p) => ((p * 7919) % 4096) - 1024);
const table = Uint32Array.from({ length: 65536 }, (_, at) => 0xff000000 | ((at >> 8) * 0x010101));
const context = Object.assign(document.createElement("canvas"), { width: side, height: side })
  .getContext("2d", { alpha: false });
const image = context.createImageData(side, side);
const target = new Uint32Array(image.data.buffer);
function lookUp(pixels, table, target) {
  for (let p = 0; p < pixels.length; p++) target[p] = table[pixels[p] + 32768];
}
function show() {
  lookUp(pixels, table, target);
  context.putImageData(image, 0, 0);
  context.getImageData(0, 0, 1, 1);
}
for (let time = 0; time < 100; time++) show(); // until it is compiled as well as can be
const work = [];
for (let step = 0; step < 200; step++) {
  const started = performance.now();
  show();
  work.push(performance.now() - started);
}
return work;
}"""
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


def calibrating_ms(page: Page) -> float:
    """Return what the browser takes for a fixed piece of work, in ms: the mean of the faster half of 200 times.

    The work is what no viewer on a canvas can do without for an image of 512 x 512: a table look-up for each pixel,
    `putImageData`, a pixel read back. Times divided by it can be carried from one machine to another.
    """
    work: list[float] = page.evaluate(_CALIBRATION)
    return fmean(sorted(work)[:100])  # the page's clock goes in steps of 0.1 ms: a median would too


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
