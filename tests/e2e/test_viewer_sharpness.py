"""Each pixel that the viewer paints is one pixel of the screen: the browser resamples nothing."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from .room_page import SLICES, open_room
from .viewer_page import PLANES, canvas, pixels, settle

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("layout", ["one-two", "three"])
def test_the_screen_shows_what_is_on_the_canvas(page, reading, layout):
    page.set_viewport_size({"width": 1280, "height": 800})
    reading.preferences = {"layout": layout, "crosshair": False}
    open_room(page, reading)
    expect(canvas(page)).to_have_attribute("data-loaded", str(SLICES))
    page.evaluate(
        """() => {
            for (const over of document.querySelectorAll(".pane > :not(canvas)")) over.style.visibility = "hidden";
            for (const pane of document.querySelectorAll(".pane")) pane.removeAttribute("data-active");
        }"""
    )
    settle(page)

    screen = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
    for plane in PLANES:
        painted = pixels(page, plane)
        box = canvas(page, plane).bounding_box()
        height, width = painted.shape[:2]
        left, top = round(box["x"]), round(box["y"])
        assert (width, height) == (round(box["x"] + box["width"]) - left, round(box["y"] + box["height"]) - top)
        assert np.array_equal(screen[top : top + height, left : left + width], painted), plane
