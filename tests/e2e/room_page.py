"""What the browser tests look at in the reading room, and the small cases they read there."""

import base64
import re
from collections.abc import Callable

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from readerstudy.domain.slice_packs import HU_MAX, HU_MIN

from .freezable_page import FreezablePage
from .reading_server import ReadingServer, ShownCase

SLICES, ROWS, COLUMNS = 24, 40, 56
CUE = 9
ENTER_MS = 30_000  # for a page's first image and scripts, on a busy machine


def make_case(number: int, organ: str = "liver") -> ShownCase:
    volume = np.random.default_rng(number).integers(
        HU_MIN, HU_MAX, (SLICES, ROWS, COLUMNS), dtype=np.int16, endpoint=True
    )
    return ShownCase(token=f"{number:032x}", organ=organ, volume=volume, spacing_mm=(5.0, 1.5, 0.75), cue_slice=CUE)


def canvas_of(page: Page) -> Locator:
    return page.locator("[data-pane=axial] canvas")


def text_of(page: Page, name: str) -> Locator:
    """A text on the axial image."""
    return page.locator(f"[data-pane=axial] [data-text={name}]")


def type_numbers_seen(page: Page, *squares: str) -> None:
    """Type the display check's numbers, once they are drawn."""
    for square in squares:
        shown = page.locator(f"[name={square}_shown]")
        expect(shown).not_to_have_value("")
        page.get_by_label(f"In the {square} square").fill(shown.input_value())


def key_of(page: Page, key: str) -> Locator:
    """Return the button of an answer by its key."""
    return page.locator(f"button[data-key={key}]")


def open_room(page: Page, reading: ReadingServer, **asked: object) -> Page:
    """Enter the room of a study that asks this, and wait for the first case."""
    reading.asked |= asked
    page.goto(f"{reading.url}/reading/")
    expect_open(page)
    return page


def expect_ready(page: Page) -> None:
    """Wait until the room is there that follows the first image, its keys with it."""
    expect(page.locator("[data-state-url]")).to_have_attribute("data-ready", "", timeout=ENTER_MS)


def expect_open(page: Page) -> None:
    """Wait until the case is painted and can be answered."""
    label = page.locator("[data-part=answer] button[data-label]").first
    expect(canvas_of(page)).to_have_attribute("data-painted", re.compile(r"\d+"), timeout=ENTER_MS)
    expect(label).to_have_attribute("aria-disabled", "false", timeout=ENTER_MS)


def label_of(page: Page, label: str) -> Locator:
    return page.locator(f"button[data-label={label}]")


def wait_until(page: Page, happened: Callable[[], bool]) -> None:
    """Wait for something on the server's side."""
    for _ in range(400):
        if happened():
            return
        page.wait_for_timeout(20)
    pytest.fail("It did not happen within 8 s.")


def painted_grays(page: Page | FreezablePage, rows: int, columns: int) -> np.ndarray:
    """Red, green and blue at the middle of every pixel of the slice, from the canvas itself."""
    encoded = page.evaluate(
        """([rows, columns]) => {
            const canvas = document.querySelector("[data-pane=axial] canvas");
            const [x, y, width, height] = ["imageX", "imageY", "imageWidth", "imageHeight"]
                .map((name) => Number(canvas.dataset[name]));
            const { data } = canvas.getContext("2d").getImageData(x, y, width, height);
            let out = "";
            for (let row = 0; row < rows; row++) {
                for (let column = 0; column < columns; column++) {
                    const at = Math.floor((row + 0.5) * height / rows) * width
                        + Math.floor((column + 0.5) * width / columns);
                    out += String.fromCharCode(data[4 * at], data[4 * at + 1], data[4 * at + 2]);
                }
            }
            return btoa(out);
        }""",
        [rows, columns],
    )
    return np.frombuffer(base64.b64decode(encoded), dtype=np.uint8).reshape(rows, columns, 3)
