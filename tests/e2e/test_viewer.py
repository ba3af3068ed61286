"""The viewer in a real browser: exact grays, scrolling, loading; against a server that records and misbehaves."""

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from readerstudy.domain.windowing import apply_window

from .room_page import COLUMNS, CUE, ROWS, SLICES, canvas_of, label_of, painted_grays, text_of

pytestmark = pytest.mark.e2e


def assert_shows(page: Page, volume: np.ndarray, slice_number: int, center: float, width: float) -> None:
    expect(canvas_of(page)).to_have_attribute("data-painted", str(slice_number))
    expect(canvas_of(page)).to_have_attribute("data-sampling", "nearest")
    gray = apply_window(volume[slice_number], window_center=center, window_width=width)
    assert np.array_equal(painted_grays(page, ROWS, COLUMNS), np.repeat(gray[:, :, None], 3, axis=2))


class TestExactness:
    PRESETS = {
        "1": (40, 400),
        "2": (100, 150),
        "3": (30, 150),
        "4": (80, 250),
        "5": (120, 400),
        "6": (-600, 1500),
        "7": (480, 2500),
        "8": (1024, 4096),
    }

    def test_every_preset_paints_the_gray_of_the_dicom_formula(self, room, reading):
        room.keyboard.press("n")
        for key, (center, width) in self.PRESETS.items():
            room.keyboard.press(key)
            expect(canvas_of(room)).to_have_attribute("data-window-width", str(width))
            expect(canvas_of(room)).to_have_attribute("data-window-center", str(center))
            assert_shows(room, reading.cases[0].volume, CUE, center, width)

    def test_a_dragged_window_is_exact_too_and_inverts(self, room, reading):
        room.keyboard.press("n")
        box = canvas_of(room).bounding_box()
        middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        room.mouse.move(*middle)
        room.mouse.down()
        room.mouse.move(middle[0] - 90, middle[1] + 30)
        room.mouse.up()
        room.mouse.move(middle[0] + 200, middle[1])
        expect(canvas_of(room)).not_to_have_attribute("data-window-width", "400")

        center, width = (float(canvas_of(room).get_attribute(f"data-window-{name}")) for name in ("center", "width"))
        assert width < 400  # to the left: narrower
        assert center > 40  # down: darker
        assert_shows(room, reading.cases[0].volume, CUE, center, width)

        gray = painted_grays(room, ROWS, COLUMNS)
        room.keyboard.press("i")
        expect(canvas_of(room)).to_have_attribute("data-inverted", "true")
        assert np.array_equal(painted_grays(room, ROWS, COLUMNS), 255 - gray)

    def test_the_image_has_the_patients_proportions(self, room):
        width, height = (int(canvas_of(room).get_attribute(f"data-image-{name}")) for name in ("width", "height"))
        assert width / height == pytest.approx((COLUMNS * 0.75) / (ROWS * 1.5), abs=0.002)


class TestScrolling:
    def test_keys(self, room):
        canvas = canvas_of(room)
        for key, expected in [
            ("ArrowDown", CUE + 1),
            ("ArrowRight", CUE + 2),
            ("ArrowUp", CUE + 1),
            ("ArrowLeft", CUE),
            ("PageDown", CUE + 10),
            ("PageUp", CUE),
            ("End", SLICES - 1),
            ("ArrowDown", SLICES - 1),
            ("Home", 0),
            ("PageUp", 0),
        ]:
            room.keyboard.press(key)
            expect(canvas).to_have_attribute("data-painted", str(expected))
        expect(text_of(room, "slice")).to_have_text(f"Slice 1 / {SLICES}")

    def test_keys_work_whatever_had_the_focus_last(self, room):
        for focused in ["[data-pane=axial] input[type=range]", "button[data-label=real]", "[data-control=help]"]:
            before = int(canvas_of(room).get_attribute("data-slice"))
            room.locator(focused).first.focus()
            room.keyboard.press("ArrowDown")
            expect(canvas_of(room)).to_have_attribute("data-slice", str(before + 1))

    def test_browser_shortcuts_stay_the_browsers(self, room):
        room.keyboard.press("Control+s")
        room.keyboard.press("Control+ArrowDown")
        expect(label_of(room, "synthetic")).to_have_attribute("aria-pressed", "false")
        expect(canvas_of(room)).to_have_attribute("data-slice", str(CUE))

    def test_wheel_and_scrollbar(self, room):
        canvas_of(room).hover()
        room.mouse.wheel(0, 120)
        expect(canvas_of(room)).to_have_attribute("data-painted", str(CUE + 1))
        room.mouse.wheel(0, -120)
        room.mouse.wheel(0, -120)
        expect(canvas_of(room)).to_have_attribute("data-painted", str(CUE - 1))
        room.locator("[data-pane=axial] input[type=range]").fill("17")
        expect(canvas_of(room)).to_have_attribute("data-painted", "17")

    def test_a_trackpad_is_added_up_and_a_mouse_click_is_one_slice(self, page, reading):
        page.goto(f"{reading.url}/blank")
        steps = page.evaluate(
            """async () => {
                const { WheelSteps } = await import("/static/readerstudy/js/viewer/input.js");
                const wheel = new WheelSteps();
                const trackpad = (deltaY) => wheel.add({ deltaY, deltaMode: 0, wheelDeltaY: -3 * deltaY });
                const mouse = (clicks) =>
                    wheel.add({ deltaY: 66.7 * clicks, deltaMode: 0, wheelDeltaY: -120 * clicks });
                return {
                    slow: [15, 15, 15, 15, 15, 15].map(trackpad),
                    back: [-15, -15, -15].map(trackpad),
                    mouse: [1, 1, -1, 3].map(mouse),
                    lines: wheel.add({ deltaY: 3, deltaMode: 1 }),
                };
            }"""
        )
        assert steps["slow"] == [0, 0, 1, 0, 0, 1]
        assert steps["back"] == [0, 0, -1]
        assert steps["mouse"] == [1, 1, -1, 3]
        assert steps["lines"] == 1

    def test_zoom_and_reset(self, room):
        room.keyboard.press("+")
        room.keyboard.press("6")
        expect(canvas_of(room)).to_have_attribute("data-zoom", "1.2")
        room.keyboard.press("Space")
        expect(canvas_of(room)).to_have_attribute("data-zoom", "1")
        expect(canvas_of(room)).to_have_attribute("data-window-width", "400")
        expect(canvas_of(room)).to_have_attribute("data-slice", str(CUE))

    def test_hu_under_the_cursor(self, room, reading):
        box = canvas_of(room).bounding_box()
        x, y, width, height = (
            int(canvas_of(room).get_attribute(f"data-image-{name}")) for name in ("x", "y", "width", "height")
        )
        room.mouse.move(
            box["x"] + x + width * (30.5 / COLUMNS),
            box["y"] + y + height * (11.5 / ROWS),
        )
        expect(text_of(room, "hu")).to_have_text(f"{reading.cases[0].volume[CUE, 11, 30]} HU".replace("-", "−"))
