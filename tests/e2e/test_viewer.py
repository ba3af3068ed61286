"""The viewer and the reading room in a real browser, against a server that records and misbehaves."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from readerstudy.domain.slice_packs import HU_MAX, HU_MIN, encode_slice
from readerstudy.domain.windowing import apply_window

from .reading_server import ReadingServer, ShownCase, serve, wrong_size_member

pytestmark = pytest.mark.e2e

VECTORS = Path(__file__).parents[1] / "vectors"
SLICES, ROWS, COLUMNS = 24, 40, 56
CUE = 9


def make_case(number: int, organ: str = "liver") -> ShownCase:
    volume = np.random.default_rng(number).integers(
        HU_MIN, HU_MAX, (SLICES, ROWS, COLUMNS), dtype=np.int16, endpoint=True
    )
    return ShownCase(token=f"{number:032x}", organ=organ, volume=volume, spacing_mm=(5.0, 1.5, 0.75), cue_slice=CUE)


@pytest.fixture
def reading() -> Iterator[ReadingServer]:
    with serve(ReadingServer(cases=[make_case(1), make_case(2, "kidney"), make_case(3, "pancreas")])) as server:
        yield server


@pytest.fixture
def room(page: Page, reading: ReadingServer) -> Page:
    page.goto(f"{reading.url}/reading/")
    expect(canvas_of(page)).to_have_attribute("data-painted", str(CUE))
    return page


def canvas_of(page: Page) -> Locator:
    return page.locator("canvas")


def label_of(page: Page, label: str) -> Locator:
    return page.locator(f"button[data-label={label}]")


def wait_until(page: Page, happened: Callable[[], bool]) -> None:
    """Wait for something on the server's side."""
    for _ in range(400):
        if happened():
            return
        page.wait_for_timeout(20)
    pytest.fail("It did not happen within 8 s.")


def painted_grays(page: Page) -> np.ndarray:
    """Red, green and blue at the middle of every pixel of the slice, from the canvas itself."""
    encoded = page.evaluate(
        """([rows, columns]) => {
            const canvas = document.querySelector("canvas");
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
        [ROWS, COLUMNS],
    )
    return np.frombuffer(base64.b64decode(encoded), dtype=np.uint8).reshape(ROWS, COLUMNS, 3)


def assert_shows(page: Page, volume: np.ndarray, slice_number: int, center: float, width: float) -> None:
    expect(canvas_of(page)).to_have_attribute("data-painted", str(slice_number))
    gray = apply_window(volume[slice_number], window_center=center, window_width=width)
    assert np.array_equal(painted_grays(page), np.repeat(gray[:, :, None], 3, axis=2))


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

        gray = painted_grays(room)
        room.keyboard.press("i")
        expect(canvas_of(room)).to_have_attribute("data-inverted", "true")
        assert np.array_equal(painted_grays(room), 255 - gray)

    def test_window_vectors_in_the_browser(self, page, reading):
        page.goto(f"{reading.url}/blank")
        vectors = json.loads((VECTORS / "window.json").read_text())
        gray = page.evaluate(
            """async ({hu, windows}) => {
                const { windowTable } = await import("/static/readerstudy/js/viewer/window.js");
                return windows.map(({center, width}) => {
                    const table = windowTable(center, width);
                    return hu.map((value) => table[value & 0xffff]);
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
                return vectors.map(({planes_hex, rows, columns}) => {
                    const planes = Uint8Array.from(planes_hex.match(/../g), (hex) => parseInt(hex, 16));
                    return [...unfilterSlice(planes, rows * columns)];
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
        expect(room.locator("[data-text=slice]")).to_have_text(f"Slice 1 / {SLICES}")

    def test_keys_work_whatever_had_the_focus_last(self, room):
        for focused in ["input[type=range]", "button[data-label=real]", "[data-part=presets] button"]:
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
        room.locator("input[type=range]").fill("17")
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
        expect(room.locator("[data-text=hu]")).to_have_text(f"{reading.cases[0].volume[CUE, 11, 30]} HU")


class TestLoading:
    def test_without_a_cue_a_case_opens_in_its_middle(self, page, reading):
        reading.cases = [replace(reading.cases[0], cue_slice=None)]
        page.goto(f"{reading.url}/reading/")
        expect(canvas_of(page)).to_have_attribute("data-painted", str(SLICES // 2))
        assert {number for _, number in reading.slice_requests[:3]} == {SLICES // 2 - 1, SLICES // 2, SLICES // 2 + 1}

    def test_nearest_first_with_three_requests_at_a_time(self, page, reading):
        reading.slice_delay_s = 0.02
        page.goto(f"{reading.url}/reading/")
        expect(canvas_of(page)).to_have_attribute("data-loaded", str(SLICES))

        order = [number for _, number in reading.slice_requests[:SLICES]]
        assert sorted(order) == list(range(SLICES))
        assert set(order[:3]) == {CUE - 1, CUE, CUE + 1}  # the three under way at once arrive in any order
        assert set(order[:7]) <= set(range(CUE - 4, CUE + 5))
        assert reading.most_at_once == 3

    def test_a_scroll_turns_the_order_towards_the_new_place(self, page, reading):
        gate = threading.Event()
        reading.held = dict.fromkeys(range(SLICES), gate)
        page.goto(f"{reading.url}/reading/")
        expect(canvas_of(page)).to_have_attribute("data-slice", str(CUE))
        page.keyboard.press("End")
        expect(canvas_of(page)).to_have_attribute("data-slice", str(SLICES - 1))
        gate.set()
        expect(canvas_of(page)).to_have_attribute("data-loaded", str(SLICES))

        order = [number for _, number in reading.slice_requests[:SLICES]]
        assert set(order[3:6]) == {SLICES - 1, SLICES - 2, SLICES - 3}

    def test_a_slice_on_its_way_shows_its_number_and_no_other_slices_pixels(self, page, reading):
        reading.held[CUE + 1] = threading.Event()
        page.goto(f"{reading.url}/reading/")
        expect(canvas_of(page)).to_have_attribute("data-loaded", str(SLICES - 1))
        page.keyboard.press("n")
        page.keyboard.press("ArrowDown")

        expect(page.locator("[data-text=absent]")).to_have_text(f"Loading slice {CUE + 2}")
        expect(canvas_of(page)).to_have_attribute("data-painted", "")
        assert not painted_grays(page).any()

        reading.held[CUE + 1].set()
        assert_shows(page, reading.cases[0].volume, CUE + 1, 40, 400)
        expect(page.locator("[data-text=absent]")).to_have_text("")

    def test_a_failed_slice_says_so_and_is_tried_again(self, page, reading):
        reading.slice_faults[CUE] = 2
        page.goto(f"{reading.url}/reading/")

        expect(page.locator("[data-text=absent]")).to_have_text(f"Could not load slice {CUE + 1}. Trying again.")
        expect(page.locator("[data-text=loading]")).to_have_text("1 not loaded, trying again")
        expect(label_of(page, "real")).to_have_attribute("aria-disabled", "true")
        page.keyboard.press("n")
        assert_shows(page, reading.cases[0].volume, CUE, 40, 400)
        expect(page.locator("[data-text=loading]")).to_have_text("")

    @pytest.mark.parametrize("damage", ["cut", "wrong size", "not gzip"])
    def test_a_damaged_slice_is_never_painted(self, page, reading, damage):
        whole = encode_slice(reading.cases[0].volume[CUE])
        reading.damaged[CUE] = {
            "cut": whole[: len(whole) // 2],
            "wrong size": wrong_size_member(),
            "not gzip": b"no gzip at all",
        }[damage]
        page.goto(f"{reading.url}/reading/")

        expect(page.locator("[data-text=absent]")).to_have_text(f"Could not load slice {CUE + 1}. Trying again.")
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
        room.keyboard.press("n")
        assert_shows(room, reading.cases[1].volume, CUE, 40, 400)
        assert [token for token, _ in reading.slice_requests].count(second) == SLICES


class TestAnswering:
    def test_a_study_read_by_keyboard_alone(self, room, reading):
        for number, (key, organ) in enumerate(zip("rsu", ["liver", "kidney", "pancreas"], strict=True)):
            expect(room.locator("[data-part=organ]")).to_have_text(organ)
            expect(room.locator("[data-part=progress]")).to_have_text(f"Case {number + 1} / 3")
            expect(label_of(room, "real")).to_have_attribute("aria-disabled", "false")
            room.keyboard.press("ArrowDown")
            room.keyboard.press(key)
            room.keyboard.press("Enter")
        expect(room).to_have_url(f"{reading.url}/reading/finished/")

        assert [(answer["token"], answer["label"]) for answer in reading.answers] == [
            (case.token, label) for case, label in zip(reading.cases, ["real", "synthetic", "unsure"], strict=True)
        ]
        for answer in reading.answers:
            assert set(answer) == {"token", "submission", "label", "active_ms", "elapsed_ms", "viewer_version"}
            assert 0 <= answer["active_ms"] <= answer["elapsed_ms"] < 10_000
            assert answer["submission"][14] == "4"  # a version 4 UUID
        assert room.evaluate("localStorage.length") == 0

    def test_a_slip_is_mended_before_enter(self, room, reading):
        room.keyboard.press("s")
        expect(room.locator("[data-announce]")).to_have_text("Synthetic chosen. Enter submits.")
        room.keyboard.press("r")
        expect(label_of(room, "real")).to_have_attribute("aria-pressed", "true")
        expect(label_of(room, "synthetic")).to_have_attribute("aria-pressed", "false")
        room.keyboard.press("Enter")
        expect(room.locator("[data-part=organ]")).to_have_text("kidney")
        assert [answer["label"] for answer in reading.answers] == ["real"]

    def test_enter_without_a_label_sends_nothing(self, room, reading):
        room.keyboard.press("Enter")
        room.locator("button[type=submit]").click(force=True)
        room.keyboard.press("ArrowDown")
        expect(canvas_of(room)).to_have_attribute("data-slice", str(CUE + 1))
        assert reading.posts == 0

    def test_a_held_key_answers_once(self, room, reading):
        room.keyboard.press("r")
        for _ in range(20):  # a second and later `down` is a repeat
            room.keyboard.down("Enter")
            room.keyboard.down("r")
        room.keyboard.up("Enter")
        room.keyboard.up("r")
        expect(room.locator("[data-part=organ]")).to_have_text("kidney")
        expect(label_of(room, "real")).to_have_attribute("aria-pressed", "false")
        assert reading.posts == 1

    def test_a_double_click_on_submit_stores_one(self, room, reading):
        label_of(room, "unsure").click()
        room.locator("button[type=submit]").dblclick()
        expect(room.locator("[data-part=organ]")).to_have_text("kidney")
        assert reading.posts == 1

    def test_tab_and_space_choose_and_enter_submits(self, room, reading):
        label_of(room, "synthetic").focus()
        room.keyboard.press("Space")
        expect(label_of(room, "synthetic")).to_have_attribute("aria-pressed", "true")
        room.keyboard.press("Enter")
        expect(room.locator("[data-part=organ]")).to_have_text("kidney")
        assert [answer["label"] for answer in reading.answers] == ["synthetic"]

    @pytest.mark.parametrize("focused", ["button[data-label=real]", "[data-part=presets] button"])
    def test_enter_submits_the_label_chosen_last_whatever_has_the_focus(self, room, reading, focused):
        room.locator(focused).first.focus()
        room.keyboard.press("s")
        room.keyboard.press("Enter")
        expect(room.locator("[data-part=organ]")).to_have_text("kidney")
        assert [answer["label"] for answer in reading.answers] == ["synthetic"]

    def test_nothing_can_be_answered_before_the_image_is_seen(self, page, reading):
        reading.held[CUE] = threading.Event()
        page.goto(f"{reading.url}/reading/")
        expect(page.locator("[data-text=absent]")).to_have_text(f"Loading slice {CUE + 1}")
        page.keyboard.press("r")
        page.keyboard.press("Enter")
        expect(label_of(page, "real")).to_have_attribute("aria-pressed", "false")
        reading.held[CUE].set()
        expect(label_of(page, "real")).to_have_attribute("aria-disabled", "false")
        assert reading.posts == 0

    def test_the_help_lists_the_keys_and_keeps_them_to_itself(self, room):
        room.keyboard.press("?")
        help_dialog = room.locator("[data-part=help]")
        expect(help_dialog).to_be_visible()
        expect(help_dialog).to_contain_text("window Pancreas, 250 / 80")
        room.keyboard.press("r")
        room.keyboard.press("ArrowDown")
        room.keyboard.press("?")
        expect(help_dialog).to_be_hidden()
        expect(label_of(room, "real")).to_have_attribute("aria-pressed", "false")
        expect(canvas_of(room)).to_have_attribute("data-slice", str(CUE))

    def test_practice_says_that_it_is_not_counted(self, page, reading):
        reading.practice = 1
        page.goto(f"{reading.url}/reading/")
        expect(page.locator("[data-part=progress]")).to_have_text("Practice 1 / 3")
        expect(page.locator("[data-part=practice]")).to_be_visible()


class TestOutbox:
    NOT_SENT = "Not sent yet. Your answer is kept on this computer and sent again."

    def answer(self, page: Page) -> None:
        page.keyboard.press("r")
        page.keyboard.press("Enter")

    def test_an_answer_the_server_refuses_is_kept_and_sent_again(self, room, reading):
        reading.refuse_answers = 1
        self.answer(room)

        expect(room.locator("[data-part=notice]")).to_have_text(self.NOT_SENT)
        kept = room.evaluate("Object.values(localStorage).map((text) => JSON.parse(text))")
        assert [set(entry) for entry in kept] == [{"url", "answer"}]
        assert set(kept[0]["answer"]) == {"submission", "label", "active_ms", "elapsed_ms", "viewer_version"}
        room.keyboard.press("s")  # the answer given stays as it is
        expect(label_of(room, "real")).to_have_attribute("aria-pressed", "true")

        expect(room.locator("[data-part=organ]")).to_have_text("kidney")
        expect(room.locator("[data-part=notice]")).to_have_text("")
        assert [answer["label"] for answer in reading.answers] == ["real"]
        assert room.evaluate("localStorage.length") == 0

    def test_an_answer_survives_closing_the_page(self, room, reading):
        reading.refuse_answers = 2
        self.answer(room)
        expect(room.locator("[data-part=notice]")).to_have_text(self.NOT_SENT)
        room.reload()

        expect(room.locator("[data-part=organ]")).to_have_text("liver")
        expect(room.locator("[data-part=notice]")).to_have_text(self.NOT_SENT)
        expect(room.locator("[data-part=organ]")).to_have_text("kidney")
        assert [answer["label"] for answer in reading.answers] == ["real"]

    def test_a_stored_answer_whose_receipt_was_lost_is_stored_once(self, room, reading):
        reading.lose_responses = 1
        self.answer(room)
        expect(room.locator("[data-part=organ]")).to_have_text("kidney")
        assert reading.posts >= 2
        assert len(reading.answers) == 1

    def test_the_network_coming_back_sends_at_once(self, room, reading):
        expect(canvas_of(room)).to_have_attribute("data-loaded", str(SLICES))
        room.context.set_offline(True)
        self.answer(room)
        expect(room.locator("[data-part=notice]")).to_have_text(self.NOT_SENT)
        assert reading.answers == []
        room.context.set_offline(False)
        expect(room.locator("[data-part=organ]")).to_have_text("kidney")
        assert len(reading.answers) == 1

    def test_a_case_answered_in_another_window_says_so_and_goes_on(self, room, reading):
        reading.store(reading.cases[0].token, {"submission": "another", "label": "unsure"})
        self.answer(room)
        expect(room.locator("[data-part=organ]")).to_have_text("kidney")
        expect(room.locator("[data-part=notice]")).to_have_text("You have already answered this case.")
        assert [answer["label"] for answer in reading.answers] == ["unsure"]
        assert room.evaluate("localStorage.length") == 0

    def test_a_session_that_is_over_says_so_and_keeps_the_answer(self, room, reading):
        wait_until(room, lambda: len(reading.slice_requests) == 2 * SLICES)
        reading.session_over = True
        self.answer(room)
        expect(room.locator("[data-part=stopped]")).to_be_visible()
        expect(room.locator("[data-part=kept-answer]")).to_be_visible()
        room.keyboard.press("Escape")
        expect(room.locator("[data-part=stopped]")).to_be_visible()
        assert reading.answers == []

        reading.session_over = False
        room.reload()
        expect(room.locator("[data-part=organ]")).to_have_text("kidney")
        assert [answer["label"] for answer in reading.answers] == ["real"]

    def test_a_study_closed_meanwhile_takes_its_words_from_the_server(self, room, reading):
        reading.closed = True
        self.answer(room)
        expect(room.locator("[data-part=stopped-message]")).to_have_text("This study is closed.")
        expect(room.locator("[data-part=kept-answer]")).to_be_hidden()

    def test_a_page_opened_without_a_session_says_so(self, page, reading):
        reading.session_over = True
        page.goto(f"{reading.url}/reading/")
        expect(page.locator("[data-part=stopped]")).to_contain_text("no session")
        expect(page.locator("[data-part=kept-answer]")).to_be_hidden()


def test_the_clock_counts_visible_active_time_apart(page, reading):
    page.goto(f"{reading.url}/blank")
    times = page.evaluate(
        """async () => {
            const { ActiveClock } = await import("/static/readerstudy/js/reading/timing.js");
            const clock = new ActiveClock();
            const read = [];
            clock.start(1000);
            clock.activity(11_000);
            read.push(clock.read(21_000));      // at work for 20 s
            clock.setVisible(false, 21_000);
            clock.setVisible(true, 51_000);     // away for 30 s
            read.push(clock.read(61_000));
            read.push(clock.read(251_000));     // idle: 60 s count after the last sign of work
            clock.activity(251_000);
            read.push(clock.read(256_000));
            clock.start(300_000);
            read.push(clock.read(301_000));
            return read.map(({activeMs, elapsedMs}) => [activeMs / 1000, elapsedMs / 1000]);
        }"""
    )
    assert times == [[20, 20], [30, 60], [80, 250], [85, 255], [1, 1]]


def test_a_form_tells_the_server_that_it_comes_from_its_own_page(page, reading):
    page.goto(f"{reading.url}/pages/invitation")
    with page.expect_request(lambda request: request.method == "POST") as posted:
        page.get_by_role("button", name="Accept and continue").click()
    assert posted.value.header_value("origin") == reading.url


@pytest.mark.parametrize("size", [(1440, 900), (800, 1000)])
def test_pages_of_the_reader_fit_their_window(page, reading, size):
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for name in ["invitation", "invitation_used", "instructions", "message"]:
        page.goto(f"{reading.url}/pages/{name}")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
