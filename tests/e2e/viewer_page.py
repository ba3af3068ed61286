"""The viewer on a page of its own: how tests open it, and what they read from it."""

import base64
import io
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from .reading_server import ReadingServer

PLANES = ("axial", "coronal", "sagittal")
MODULES = "/static/readerstudy/js/viewer"

OPEN = """
async ([item, next, preferences]) => {
    const { Viewer } = await import("/static/readerstudy/js/viewer/main.js");
    const { addControls } = await import("/static/readerstudy/js/viewer/controls.js");
    const root = document.querySelector("[data-part=viewer]");
    document.body.style.margin = 0;
    root.style.height = "100vh";
    window.viewer = new Viewer(root, { preferences });
    addControls(root, window.viewer);
    window.told = [];
    for (const type of ["painted", "refused", "connection", "preferences", "marking", "marked"]) {
        window.viewer.addEventListener(type, ({ detail }) => window.told.push([type, detail ?? null]));
    }
    window.viewer.show(item, next);
}
"""


def open_viewer(page: Page, reading: ReadingServer, preferences: object = None, *, whole: bool = True) -> None:
    """Show the server's first case, and have its second follow; wait until the first is there."""
    items = [case.as_json() for case in reading.cases[:2]] + [None]
    page.goto(f"{reading.url}/viewer")
    page.evaluate(OPEN, [*items[:2], preferences])
    if whole:
        expect(canvas(page)).to_have_attribute("data-loaded", str(len(reading.cases[0].volume)))
        settle(page)


def settle(page: Page) -> None:
    """Wait until what was asked for is drawn."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
    settle(page)


def told(page: Page, event: str) -> list[Any]:
    """What the viewer's events of one type carried, in order."""
    return [detail for name, detail in page.evaluate("window.told") if name == event]


def canvas(page: Page, plane: str = "axial") -> Locator:
    return page.locator(f"[data-pane={plane}] canvas")


def text(page: Page, name: str, plane: str = "axial") -> Locator:
    return page.locator(f"[data-pane={plane}] [data-text={name}]")


def control(page: Page, name: str) -> Locator:
    return page.locator(f"[data-control={name}]")


def placement(page: Page, plane: str) -> tuple[int, int, int, int]:
    """Where the image lies on its canvas: x, y, width, height."""
    data = canvas(page, plane).evaluate("(canvas) => ({ ...canvas.dataset })")
    return tuple(int(data[f"image{name}"]) for name in ("X", "Y", "Width", "Height"))


def pixels(page: Page, plane: str = "axial") -> np.ndarray:
    """Red, green and blue of the whole canvas: uint8, shape (height, width, 3)."""
    png = canvas(page, plane).evaluate("(canvas) => canvas.toDataURL('image/png').split(',')[1]")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"))


def grays(page: Page, plane: str = "axial") -> np.ndarray:
    """The canvas where the image lies, which must be gray: uint8, shape (rows, columns) of screen pixels."""
    rgb = pixels(page, plane)
    x, y, width, height = placement(page, plane)
    shown = rgb[max(0, y) : y + height, max(0, x) : x + width]
    assert (shown == shown[:, :, :1]).all(), "not gray"
    return shown[:, :, 0]


def at_voxel(page: Page, plane: str, size: tuple[int, int], row: float, column: float) -> tuple[float, float]:
    """Where the page shows a place of a plane's image of so many rows and columns."""
    box = canvas(page, plane).bounding_box()
    assert box is not None
    x, y, width, height = placement(page, plane)
    return box["x"] + x + (column + 0.5) / size[1] * width, box["y"] + y + (row + 0.5) / size[0] * height


def drag(page: Page, start: tuple[float, float], end: tuple[float, float], button: Any = "left") -> None:
    page.mouse.move(*start)
    page.mouse.down(button=button)
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*end)
    page.mouse.up(button=button)
    settle(page)


def in_module(page: Page, module: str, body: str, argument: object) -> Any:
    """Run a function's body with a viewer's module `m` and an argument `given`."""
    script = f'async (given) => {{ const m = await import("{MODULES}/{module}.js"); {body} }}'
    return page.evaluate(script, argument)
