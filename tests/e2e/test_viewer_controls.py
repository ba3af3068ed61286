"""Keys, lists and drags in the reading room do what the reader means by them, whatever was used before."""

from dataclasses import replace

import pytest
from playwright.sync_api import Locator, Page, expect

from .reading_server import ReadingServer, serve
from .room_page import COLUMNS, CUE, ROWS, label_of, make_case, open_room, wait_until
from .viewer_page import at_voxel, canvas, control, drag, pixels, placement, press, settle

pytestmark = pytest.mark.e2e

SIZE = (ROWS, COLUMNS)


@pytest.fixture
def reading():
    cued = [replace(make_case(number), cue_marker=(CUE, 11, 40)) for number in (1, 2)]
    with serve(ReadingServer(cases=cued)) as server:
        yield server


def colored(page: Page) -> int:
    """How many pixels of the axial image are not gray: what is drawn over it."""
    rgb = pixels(page).astype(int)
    return int((rgb.max(axis=2) - rgb.min(axis=2) > 12).sum())


def slice_shown(page: Page) -> int:
    return int(canvas(page).get_attribute("data-slice"))


def measure(page: Page, *ends: tuple[int, int]) -> None:
    press(page, "m")
    drag(page, *(at_voxel(page, "axial", SIZE, *end) for end in ends))


class TestMarkers:
    def test_the_cue_is_there_again_in_the_next_case_and_after_a_reset(self, room):
        cued = colored(room)
        assert cued > 20
        for show_again in ("0", "r", "m"):
            press(room, "h")
            assert colored(room) == 0
            press(room, show_again)
            if show_again == "r":
                press(room, "Enter")
                expect(label_of(room, "real")).to_have_attribute("aria-pressed", "false")
                settle(room)
            assert colored(room) == cued

    def test_where_a_mark_would_go_is_seen_in_the_axial_image_alone(self, page, reading):
        open_room(page, reading, rationale_mark=True)
        before = colored(page)
        press(page, "k")
        assert colored(page) > before + placement(page, "axial")[2] / 2
        press(page, "Enter")
        expect(page.locator("[data-marked]")).to_have_text(f"Marked on slice {CUE + 1}")

    def test_delete_leaves_rulers_that_are_not_seen(self, room):
        measure(room, (5, 5), (5, 30))
        measured = colored(room)
        press(room, "ArrowDown")
        press(room, "Delete", "ArrowUp")
        assert colored(room) == measured
        press(room, "Delete")
        assert colored(room) < measured


class TestLists:
    def opened_by_pointer(self, page: Page) -> Locator:
        window = control(page, "window")
        window.click()
        page.wait_for_timeout(200)  # the list is the browser's own
        return window

    def test_a_list_used_with_the_pointer_gives_the_keys_back(self, room, reading):
        window = self.opened_by_pointer(room)
        press(room, "ArrowDown", "ArrowDown", "Enter")
        expect(window).not_to_have_value("1")
        chosen = window.input_value()
        press(room, "ArrowDown")
        assert (slice_shown(room), window.input_value()) == (CUE + 1, chosen)
        press(room, "r", "Enter")
        wait_until(room, lambda: len(reading.answers) == 1)

    def test_also_when_nothing_is_chosen(self, room):
        window = self.opened_by_pointer(room)
        press(room, "Escape", "ArrowDown")
        assert (slice_shown(room), window.input_value()) == (CUE + 1, "1")

    def test_one_reached_by_keyboard_is_worked_by_keyboard(self, room):
        control(room, "layout-axial").focus()
        press(room, "Shift+Tab", "ArrowDown")
        expect(control(room, "window")).to_have_value("2")
        assert slice_shown(room) == CUE

    def test_the_earlier_cases_are_opened_by_keyboard(self, page, reading):
        open_room(page, reading, change_answers="until-sitting-ends")
        press(page, "r", "Enter")
        summary = page.locator("[data-part=earlier] summary")
        expect(summary).to_be_visible()  # once the next case is there: what is hidden takes no focus
        summary.focus()
        press(page, "Enter")
        expect(page.get_by_role("button", name="Case 1", exact=True)).to_be_visible()
        expect(label_of(page, "real")).to_have_attribute("aria-pressed", "false")
        press(page, "s", "Enter")  # the answer chosen takes Enter over
        wait_until(page, lambda: [one["label"] for one in reading.answers] == ["real", "synthetic"])


class TestDrags:
    def test_half_pixels_add_up_to_the_window_of_whole_ones(self, room):
        x, y = at_voxel(room, "axial", SIZE, 20, 28)
        room.mouse.move(x, y)
        room.mouse.down()
        for step in range(10, 71):
            room.mouse.move(x + step / 2, y)
        room.mouse.up()
        settle(room)
        wanted = 400 * (1 + 5 / 300) * (1 + 0.5 / 300) ** 60  # a pixel is a 300th of the width
        assert int(canvas(room).get_attribute("data-window-width")) == pytest.approx(wanted, abs=1)

    def test_the_keys_zoom_about_the_panes_middle(self, room):
        place = at_voxel(room, "axial", SIZE, 10, 15)
        box = canvas(room).bounding_box()
        middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        drag(room, place, middle, "middle")
        for key in "+++-++":
            press(room, key)
        assert float(canvas(room).get_attribute("data-zoom")) > 2
        assert at_voxel(room, "axial", SIZE, 10, 15) == pytest.approx(middle, abs=4)


class TestCine:
    @pytest.mark.parametrize("key", ["b", "m"])
    def test_it_stops_at_a_pause_and_for_a_tool(self, room, key):
        press(room, "c")
        expect(control(room, "cine")).to_have_attribute("aria-pressed", "true")
        press(room, key)
        expect(control(room, "cine")).to_have_attribute("aria-pressed", "false")


def test_the_wheel_over_the_slice_bar_scrolls(room):
    room.locator("[data-pane=axial] input[type=range]").hover()
    room.mouse.wheel(0, 120)
    settle(room)
    assert slice_shown(room) == CUE + 1


def test_a_rulers_length_is_whole_at_the_upper_edge(room):
    room.evaluate(
        """() => {
            window.heights = [];
            const fillText = CanvasRenderingContext2D.prototype.fillText;
            CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
                window.heights.push(y);
                return fillText.call(this, text, x, y);
            };
        }"""
    )
    measure(room, (0, 5), (-0.4, 30))
    assert room.evaluate("window.heights.at(-1)") >= 8
