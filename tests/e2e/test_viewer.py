"""The viewer in a real browser: exact grays, scrolling, loading; against a server that records and misbehaves."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from readerstudy.domain.slice_packs import encode_slice
from readerstudy.domain.windowing import apply_window

from .reading_server import ReadingServer, wrong_size_member
from .room_page import COLUMNS, CUE, ROWS, SLICES, canvas_of, label_of, painted_grays, text_of, wait_until

pytestmark = pytest.mark.e2e

VECTORS = Path(__file__).parents[1] / "vectors"


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

    def test_window_vectors_in_the_browser(self, page, reading):
        page.goto(f"{reading.url}/blank")
        vectors = json.loads((VECTORS / "window.json").read_text())
        gray = page.evaluate(
            """async ({hu, windows}) => {
                const { colorsOf, STEPS, ZERO } = await import("/static/readerstudy/js/viewer/window.js");
                return windows.map(({center, width}) => {
                    const { table } = colorsOf({ center, width, inverted: false });
                    return hu.map((value) => table[ZERO + STEPS * value] & 0xff);
                });
            }""",
            vectors,
        )
        assert gray == [vector["gray"] for vector in vectors["windows"]]

    def test_codec_vectors_in_the_browser(self, page, reading):
        page.goto(f"{reading.url}/blank")
        vectors = json.loads((VECTORS / "slice_codec.json").read_text())["slices"]
        pixels = page.evaluate(
            """async (vectors) => {
                const { unfilterSlice } = await import("/static/readerstudy/js/viewer/codec.js");
                return vectors.map(({content_hex, rows, columns}) => {
                    const content = Uint8Array.from(content_hex.match(/../g), (hex) => parseInt(hex, 16));
                    return [...unfilterSlice(content, rows * columns)];
                });
            }""",
            vectors,
        )
        assert pixels == [vector["pixels"] for vector in vectors]

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


def hold_all(reading: ReadingServer) -> threading.Event:
    """Answer no slice before the event is set, so that what is asked for first can be seen at any speed."""
    gate = threading.Event()
    reading.held = dict.fromkeys(range(SLICES), gate)
    return gate


def asked_for(reading: ReadingServer) -> list[int]:
    """Return the slices of the first case in the order in which they were asked for."""
    return [number for token, number in reading.slice_requests if token == reading.cases[0].token]


class TestLoading:
    def test_without_a_cue_a_case_opens_in_its_middle(self, page, reading):
        reading.cases = [replace(reading.cases[0], cue_slice=None)]
        gate = hold_all(reading)
        page.goto(f"{reading.url}/reading/")
        wait_until(page, lambda: len(reading.slice_requests) == 3)
        assert set(asked_for(reading)) == {SLICES // 2 - 1, SLICES // 2, SLICES // 2 + 1}
        gate.set()
        expect(canvas_of(page)).to_have_attribute("data-painted", str(SLICES // 2))

    def test_nearest_first_with_three_requests_at_a_time(self, page, reading):
        gate = hold_all(reading)
        page.goto(f"{reading.url}/reading/")
        wait_until(page, lambda: len(reading.slice_requests) == 3)  # held: a fourth would join them now
        page.wait_for_timeout(200)
        gate.set()
        expect(canvas_of(page)).to_have_attribute("data-loaded", str(SLICES))

        order = asked_for(reading)
        assert sorted(order) == list(range(SLICES))
        assert set(order[:3]) == {CUE - 1, CUE, CUE + 1}  # the three under way at once arrive in any order
        assert set(order[:7]) <= set(range(CUE - 4, CUE + 5))
        assert reading.most_at_once == 3

    def test_a_scroll_turns_the_order_towards_the_new_place(self, page, reading):
        gate = hold_all(reading)
        page.goto(f"{reading.url}/reading/")
        wait_until(page, lambda: len(reading.slice_requests) == 3)
        page.keyboard.press("End")
        expect(canvas_of(page)).to_have_attribute("data-slice", str(SLICES - 1))
        gate.set()
        expect(canvas_of(page)).to_have_attribute("data-loaded", str(SLICES))

        assert set(asked_for(reading)[3:7]) <= set(range(SLICES - 6, SLICES))

    def test_a_slice_on_its_way_shows_its_number_and_no_other_slices_pixels(self, page, reading):
        reading.held[CUE + 1] = threading.Event()
        page.goto(f"{reading.url}/reading/")
        expect(canvas_of(page)).to_have_attribute("data-loaded", str(SLICES - 1))
        page.keyboard.press("n")
        page.keyboard.press("ArrowDown")

        expect(text_of(page, "absent")).to_have_text(f"Loading slice {CUE + 2}")
        expect(canvas_of(page)).to_have_attribute("data-painted", "")
        assert not painted_grays(page, ROWS, COLUMNS).any()

        reading.held[CUE + 1].set()
        assert_shows(page, reading.cases[0].volume, CUE + 1, 40, 400)
        expect(text_of(page, "absent")).to_have_text("")

    def test_a_failed_slice_says_so_and_is_tried_again(self, page, reading):
        reading.slice_faults[CUE] = 2
        page.goto(f"{reading.url}/reading/")

        expect(text_of(page, "absent")).to_have_text(f"Could not load slice {CUE + 1}. Trying again.")
        expect(text_of(page, "loading")).to_have_text("1 not loaded, trying again")
        expect(label_of(page, "real")).to_have_attribute("aria-disabled", "true")
        page.keyboard.press("n")
        assert_shows(page, reading.cases[0].volume, CUE, 40, 400)
        expect(text_of(page, "loading")).to_have_text("")

    @pytest.mark.parametrize("damage", ["cut", "wrong size", "not gzip"])
    def test_a_damaged_slice_is_never_painted(self, page, reading, damage):
        whole = encode_slice(reading.cases[0].volume[CUE])
        reading.damaged[CUE] = {
            "cut": whole[: len(whole) // 2],
            "wrong size": wrong_size_member(),
            "not gzip": b"no gzip at all",
        }[damage]
        page.goto(f"{reading.url}/reading/")

        expect(text_of(page, "absent")).to_have_text(f"Could not load slice {CUE + 1}. Trying again.")
        page.keyboard.press("n")
        assert_shows(page, reading.cases[0].volume, CUE, 40, 400)

    def test_the_next_case_follows_this_one_and_shows_without_being_asked_for_again(self, room, reading):
        first, second, _ = (case.token for case in reading.cases)
        wait_until(room, lambda: len(reading.slice_requests) == 2 * SLICES)
        order = [token for token, _ in reading.slice_requests]
        assert order.count(first) == SLICES
        assert second not in order[: SLICES - 2]  # the last of this case and the first of the next overlap

        room.keyboard.press("n")
        room.keyboard.press("r")
        room.keyboard.press("Enter")
        expect(room.locator("[data-part=organ]")).to_have_text("kidney")
        expect(canvas_of(room)).to_have_attribute("data-loaded", str(SLICES))
        assert_shows(room, reading.cases[1].volume, CUE, 120, 400)
        assert [token for token, _ in reading.slice_requests].count(second) == SLICES
