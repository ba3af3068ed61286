"""What a reader does in the viewer: planes, mouse, rulers, slabs, marks, cine, touch, what is remembered."""

import math
import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from . import reference
from .reading_server import ReadingServer, ShownCase, serve
from .room_page import wait_until
from .viewer_page import (
    PLANES,
    at_voxel,
    canvas,
    control,
    drag,
    grays,
    open_viewer,
    pixels,
    placement,
    press,
    settle,
    text,
    told,
)

pytestmark = pytest.mark.e2e

SHAPE = (24, 40, 56)
SPACING = (5.0, 1.5, 0.75)
CUE = 9
SIZES = {"axial": SHAPE[1:], "coronal": (SHAPE[0], SHAPE[2]), "sagittal": SHAPE[:2]}
THREE = {"layout": "three"}


def make_case(**changes) -> ShownCase:
    volume = np.random.default_rng(4).integers(-200, 300, SHAPE, dtype=np.int16)
    fields = {"token": "a" * 32, "organ": "liver", "volume": volume, "spacing_mm": SPACING, "cue_slice": CUE}
    return ShownCase(**(fields | changes))


@pytest.fixture
def reading():
    with serve(ReadingServer(cases=[make_case()])) as server:
        yield server


@pytest.fixture
def viewer(page, reading):
    open_viewer(page, reading, THREE)
    return page


def position(page) -> tuple[int, ...]:
    return tuple(int(canvas(page, plane).get_attribute("data-slice")) for plane in PLANES)


def colored(page, plane: str) -> int:
    """How many pixels of the canvas are not gray."""
    rgb = pixels(page, plane).astype(int)
    return int((np.ptp(rgb, axis=2) > 12).sum())


class TestPlanes:
    def test_a_click_puts_the_crosshair_of_all_planes_there(self, viewer):
        viewer.mouse.click(*at_voxel(viewer, "axial", SIZES["axial"], 12, 33))
        settle(viewer)
        assert position(viewer) == (CUE, 12, 33)
        viewer.mouse.click(*at_voxel(viewer, "sagittal", SIZES["sagittal"], 20, 5))
        settle(viewer)
        assert position(viewer) == (20, 5, 33)

    def test_shift_and_drag_moves_it(self, viewer):
        viewer.keyboard.down("Shift")
        drag(
            viewer,
            at_voxel(viewer, "coronal", SIZES["coronal"], 3, 4),
            at_voxel(viewer, "coronal", SIZES["coronal"], 15, 50),
        )
        viewer.keyboard.up("Shift")
        assert position(viewer) == (15, SHAPE[1] // 2, 50)
        expect(text(viewer, "window")).to_contain_text("W 400")

    def test_the_lines_have_the_colours_of_the_other_planes_and_leave_the_point_free(self, viewer):
        x, y, width, height = placement(viewer, "axial")
        rgb = pixels(viewer)
        row = y + math.floor((SHAPE[1] // 2 + 0.5) / SHAPE[1] * height)
        column = x + math.floor((SHAPE[2] // 2 + 0.5) / SHAPE[2] * width)
        assert tuple(rgb[row, x + 3]) == (0x74, 0xB9, 0x7A)  # across: where the coronal plane lies
        assert tuple(rgb[y + 3, column]) == (0x62, 0xA8, 0xDC)
        assert np.ptp(rgb[row, column - 9 : column + 9].astype(int), axis=1).max() == 0
        press(viewer, "x")
        assert [colored(viewer, plane) for plane in PLANES] == [0, 0, 0]

    def test_keys_move_the_plane_that_was_used_last(self, viewer):
        canvas(viewer, "coronal").hover()
        viewer.mouse.wheel(0, 120)
        press(viewer, "ArrowDown", "PageDown")
        assert position(viewer) == (CUE, SHAPE[1] // 2 + 12, SHAPE[2] // 2)
        press(viewer, "v", "Home")
        assert position(viewer) == (CUE, SHAPE[1] // 2 + 12, 0)
        press(viewer, "v", "End")
        assert position(viewer)[0] == SHAPE[0] - 1

    def test_every_layout_shows_its_planes_and_the_axial_one_takes_the_keys_alone(self, viewer):
        press(viewer, "v", "l")
        expect(canvas(viewer, "coronal")).to_be_hidden()
        press(viewer, "ArrowDown")
        assert int(canvas(viewer).get_attribute("data-slice")) == CUE + 1
        control(viewer, "layout-one-two").click()
        settle(viewer)
        for plane in PLANES:
            expect(canvas(viewer, plane)).to_be_visible()
        assert canvas(viewer).bounding_box()["width"] > 1.8 * canvas(viewer, "coronal").bounding_box()["width"]

    def test_a_slider_moves_its_plane(self, viewer):
        viewer.locator("[data-pane=sagittal] input[type=range]").fill("7")
        settle(viewer)
        assert position(viewer) == (CUE, SHAPE[1] // 2, 7)
        press(viewer, "ArrowRight")
        assert position(viewer) == (CUE, SHAPE[1] // 2, 8)

    def test_the_scale_bar_is_as_long_as_it_says(self, viewer):
        for plane, across in {"axial": 2, "coronal": 2, "sagittal": 1}.items():
            centimetres = float(text(viewer, "scale", plane).inner_text().removesuffix(" cm"))
            bar = viewer.locator(f"[data-pane={plane}] .scale-bar").bounding_box()["width"]
            millimetres = SHAPE[across] * SPACING[across]
            assert bar == pytest.approx(10 * centimetres / millimetres * placement(viewer, plane)[2], abs=1)

    def test_a_point_under_the_pointer_stays_when_zoomed_there(self, viewer):
        press(viewer, "x")
        before = at_voxel(viewer, "axial", SIZES["axial"], 10, 15)
        viewer.mouse.move(*before)
        viewer.keyboard.down("Control")
        viewer.mouse.wheel(0, -240)
        viewer.keyboard.up("Control")
        settle(viewer)
        assert float(canvas(viewer).get_attribute("data-zoom")) > 2
        assert at_voxel(viewer, "axial", SIZES["axial"], 10, 15) == pytest.approx(before, abs=2)


class TestMouse:
    MAPS = {
        "window": {"left": "window", "middle": "pan", "right": "zoom"},
        "swap": {"left": "zoom", "middle": "pan", "right": "window"},
        "scroll": {"left": "scroll", "middle": "pan", "right": "window"},
    }

    def what_changed(self, page, before) -> str:
        after = self.state(page)
        names = ("scroll", "window", "zoom", "pan")
        changed = [name for name, old, new in zip(names, before, after, strict=True) if old != new]
        return "zoom" if "zoom" in changed else changed[0] if changed else ""

    def state(self, page):
        data = canvas(page).evaluate("(canvas) => ({ ...canvas.dataset })")
        return data["slice"], (data["windowWidth"], data["windowCenter"]), data["zoom"], data["imageX"]

    @pytest.mark.parametrize("name", MAPS)
    def test_each_map_does_what_the_help_says(self, page, reading, name):
        open_viewer(page, reading, {"mouse": name})
        middle = at_voxel(page, "axial", SIZES["axial"], 20, 28)
        for button, does in self.MAPS[name].items():
            before = self.state(page)
            drag(page, middle, (middle[0] + 60, middle[1] + 90), button)
            assert self.what_changed(page, before) == does, button
        press(page, "?")
        words = {"window": "window: right wider", "zoom": "zoom: up larger", "scroll": "scroll through slices"}
        expect(page.locator("[data-help=mouse]")).to_contain_text(f"Left drag{words[self.MAPS[name]['left']]}")

    def test_it_is_chosen_in_the_help_and_told(self, viewer):
        press(viewer, "?")
        control(viewer, "mouse").select_option("scroll")
        expect(viewer.locator("[data-help=mouse]")).to_contain_text("Left dragscroll through slices")
        assert told(viewer, "preferences")[-1]["mouse"] == "scroll"


class TestPreferences:
    DEFAULT = {"mouse": "window", "layout": "axial", "smooth": True, "crosshair": True, "cineRate": 10}

    @pytest.mark.parametrize(
        "stored",
        [None, 3, "three", [], {}, {"layout": "four", "mouse": None, "smooth": "yes", "cineRate": 1e9, "other": {}}],
    )
    def test_what_is_not_understood_is_ignored(self, page, reading, stored):
        open_viewer(page, reading, stored)
        assert page.evaluate("viewer.preferences") == self.DEFAULT

    def test_whatever_changes_is_told_whole_and_understood_again(self, page, reading):
        open_viewer(page, reading)
        press(page, "l", "n", "x")
        control(page, "help").click()
        control(page, "cine-rate").select_option("20")
        chosen = self.DEFAULT | {"layout": "one-two", "smooth": False, "crosshair": False, "cineRate": 20}
        assert told(page, "preferences")[-1] == chosen
        open_viewer(page, reading, chosen)
        assert page.evaluate("viewer.preferences") == chosen
        expect(canvas(page, "sagittal")).to_be_visible()
        expect(canvas(page)).to_have_attribute("data-sampling", "nearest")

    @pytest.mark.parametrize(
        ("organ", "window"), {"liver": "W 400  L 40", "pancreas": "W 250  L 80", "kidney": "W 400  L 120"}.items()
    )
    def test_a_case_starts_with_its_organs_window_whatever_the_last_one_was(self, page, organ, window):
        second = make_case(token="b" * 32, organ=organ)
        with serve(ReadingServer(cases=[make_case(), second])) as reading:
            open_viewer(page, reading)
            press(page, "7")
            page.evaluate("(item) => viewer.show(item, null)", second.as_json())
            expect(text(page, "window")).to_contain_text(window)
            expect(text(page, "organ")).to_have_text(organ)


class TestRulers:
    ENDS = {"axial": ((10, 20), (30, 44)), "coronal": ((4, 10), (20, 30)), "sagittal": ((3, 8), (18, 30))}

    def measure(self, page, plane):
        press(page, "m")
        start, end = (at_voxel(page, plane, SIZES[plane], *point) for point in self.ENDS[plane])
        drag(page, start, end)

    def millimetres(self, page) -> list[float]:
        """Every ruler's length, as it is drawn."""
        return page.evaluate("window.written.filter((text) => text.endsWith(' mm')).map(parseFloat)")

    @pytest.fixture
    def viewer(self, page, reading):
        open_viewer(page, reading, THREE | {"crosshair": False})
        page.evaluate(
            """() => {
                window.written = [];
                const fillText = CanvasRenderingContext2D.prototype.fillText;
                CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
                    window.written.push(text);
                    return fillText.call(this, text, ...at);
                };
            }"""
        )
        return page

    @pytest.mark.parametrize("plane", PLANES)
    def test_millimetres_in_every_plane(self, viewer, plane):
        self.measure(viewer, plane)
        (r0, c0), (r1, c1) = self.ENDS[plane]
        down, across = {"axial": (1, 2), "coronal": (0, 2), "sagittal": (0, 1)}[plane]
        wanted = math.hypot((r1 - r0) * SPACING[down], (c1 - c0) * SPACING[across])
        assert self.millimetres(viewer)[-1] == pytest.approx(wanted, abs=0.06 + max(SPACING) / 10)
        assert colored(viewer, plane) > 50

    def test_it_stays_in_its_slice_is_moved_by_its_end_and_removed(self, viewer):
        self.measure(viewer, "axial")
        length = self.millimetres(viewer)[-1]
        press(viewer, "ArrowDown")
        assert colored(viewer, "axial") == 0
        press(viewer, "ArrowUp", "+", "-", "3")
        assert colored(viewer, "axial") > 50
        (_, end) = self.ENDS["axial"]
        drag(viewer, at_voxel(viewer, "axial", SIZES["axial"], *end), at_voxel(viewer, "axial", SIZES["axial"], 36, 44))
        assert self.millimetres(viewer)[-1] > length + 5
        expect(text(viewer, "window")).to_contain_text("W 150")  # the drag was the ruler's
        press(viewer, "Delete")
        assert colored(viewer, "axial") == 0

    def test_hidden_with_the_markers_and_put_down_with_escape(self, viewer):
        self.measure(viewer, "axial")
        press(viewer, "h")
        assert colored(viewer, "axial") == 0
        press(viewer, "h", "m")
        expect(control(viewer, "ruler")).to_have_attribute("aria-pressed", "true")
        press(viewer, "Escape")
        expect(control(viewer, "ruler")).to_have_attribute("aria-pressed", "false")

    def test_a_press_without_a_drag_leaves_none(self, viewer):
        press(viewer, "m")
        viewer.mouse.click(*at_voxel(viewer, "axial", SIZES["axial"], 9, 9))
        settle(viewer)
        assert colored(viewer, "axial") == 0


class TestSlabs:
    @pytest.mark.parametrize(("key", "mode"), [("a", "average"), ("p", "mip")])
    def test_a_slab_of_so_many_millimetres_in_every_plane(self, viewer, reading, key, mode):
        press(viewer, "x", "n", key)
        for plane in PLANES:
            axis = reference.NORMAL[plane]
            hu = reference.slab(reading.cases[0].volume, plane, position(viewer)[axis], 10, SPACING[axis], mode)
            _, _, width, height = placement(viewer, plane)
            assert np.array_equal(grays(viewer, plane), reference.gray(reference.nearest(hu, height, width), (40, 400)))
        expect(text(viewer, "slab")).to_have_text("Average 10 mm" if mode == "average" else "MIP 10 mm")
        press(viewer, "ArrowDown", ".")
        hu = reference.slab(reading.cases[0].volume, "axial", CUE + 1, 15, 5, mode)
        _, _, width, height = placement(viewer, "axial")
        assert np.array_equal(grays(viewer), reference.gray(reference.nearest(hu, height, width), (40, 400)))
        press(viewer, key)
        expect(text(viewer, "slab")).to_have_text("")

    def test_the_list_and_the_keys_are_one(self, viewer):
        control(viewer, "slab").select_option("mip 20")
        expect(text(viewer, "slab")).to_have_text("MIP 20 mm")
        press(viewer, ",")
        expect(control(viewer, "slab")).to_have_value("mip 15")
        press(viewer, "0")
        expect(control(viewer, "slab")).to_have_value("off")


class TestMarks:
    def test_a_mark_is_placed_in_any_plane_and_told_in_voxels(self, viewer):
        viewer.evaluate("viewer.tools.startMarking()")
        viewer.mouse.click(*at_voxel(viewer, "coronal", SIZES["coronal"], 17, 31))
        settle(viewer)
        (mark,) = told(viewer, "marked")
        assert (mark["slice"], mark["column"]) == pytest.approx((17, 31), abs=0.15)
        assert mark["row"] == SHAPE[1] // 2
        assert told(viewer, "marking") == [{"active": True}, {"active": False}]
        assert position(viewer) == (CUE, SHAPE[1] // 2, SHAPE[2] // 2)  # the crosshair stays where it was

    def test_escape_and_the_page_give_it_up(self, viewer):
        for give_up in (lambda: press(viewer, "Escape"), lambda: viewer.evaluate("viewer.tools.cancelMarking()")):
            viewer.evaluate("viewer.tools.startMarking()")
            give_up()
            viewer.mouse.click(*at_voxel(viewer, "axial", SIZES["axial"], 17, 31))
        assert told(viewer, "marked") == []
        assert told(viewer, "marking")[-1] == {"active": False}

    def test_it_is_drawn_in_all_planes_strongest_in_its_own_images(self, viewer):
        press(viewer, "x")
        viewer.evaluate("viewer.setMark({ slice: 9, row: 20, column: 28 })")
        settle(viewer)
        inside = [colored(viewer, plane) for plane in PLANES]
        assert min(inside) > 60
        press(viewer, "ArrowDown")
        assert 0 < colored(viewer, "axial") < inside[0]
        press(viewer, "PageDown")
        assert colored(viewer, "axial") == 0
        viewer.evaluate("viewer.setMark(null)")
        settle(viewer)
        assert [colored(viewer, plane) for plane in PLANES] == [0, 0, 0]

    @pytest.mark.parametrize("wrong", ["{}", "{ slice: 1, row: NaN, column: 2 }", "undefined"])
    def test_what_is_no_place_is_no_mark(self, viewer, wrong):
        press(viewer, "x")
        viewer.evaluate(f"viewer.setMark({wrong})")
        settle(viewer)
        assert colored(viewer, "axial") == 0

    def test_a_cue_is_shown_where_it_lies_and_opens_the_case_there(self, page):
        with serve(ReadingServer(cases=[make_case(cue_marker=(8.6, 11.2, 40.1))])) as reading:
            open_viewer(page, reading, THREE | {"crosshair": False})
            assert position(page) == (CUE, 11, 40)
            assert colored(page, "axial") > 20
            press(page, "h")
            assert [colored(page, plane) for plane in PLANES] == [0, 0, 0]


class TestCine:
    def test_it_plays_round_and_stops_at_a_scroll(self, page, reading):
        open_viewer(page, reading, {"cineRate": 30})
        press(page, "End", "c")
        wait_until(page, lambda: int(canvas(page).get_attribute("data-slice")) < 20)  # past the end
        expect(control(page, "cine")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("ArrowDown")
        settle(page)
        stopped = canvas(page).get_attribute("data-slice")
        page.wait_for_timeout(150)
        assert canvas(page).get_attribute("data-slice") == stopped
        expect(control(page, "cine")).to_have_attribute("aria-pressed", "false")


class TestTouch:
    @pytest.fixture
    def touch(self, page):
        session = page.context.new_cdp_session(page)

        def send(kind, *points):
            at = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(points)]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

        return send

    def test_one_finger_scrolls_and_two_zoom_and_move(self, page, reading, touch):
        open_viewer(page, reading)
        x, y = at_voxel(page, "axial", SIZES["axial"], 20, 28)
        touch("touchStart", (x, y))
        for step in range(1, 11):
            touch("touchMove", (x, y + 20 * step))
        touch("touchEnd")
        settle(page)
        assert int(canvas(page).get_attribute("data-slice")) > CUE + 3
        left = placement(page, "axial")[0]
        touch("touchStart", (x - 50, y), (x + 50, y))
        for step in range(1, 11):
            touch("touchMove", (x - 50 - 10 * step, y), (x + 50 + 10 * step, y))
        settle(page)
        assert float(canvas(page).get_attribute("data-zoom")) == pytest.approx(3, abs=0.3)
        touch("touchMove", (x - 90, y), (x + 210, y))
        touch("touchEnd")
        settle(page)
        assert placement(page, "axial")[0] != left
        expect(text(page, "window")).to_contain_text("W 400  L 40")


class TestOutlines:
    def test_each_label_is_outlined_in_its_colour_in_every_plane(self, page):
        labels = np.zeros(SHAPE, dtype=np.int16)
        labels[5:14, 10:30, 10:25] = 1
        labels[5:14, 15:25, 25:40] = 2
        with serve(ReadingServer(cases=[make_case(labels=labels)])) as reading:
            open_viewer(page, reading, THREE | {"crosshair": False})
            expect(canvas(page)).to_have_attribute("data-labels", str(SHAPE[0]))
            settle(page)
            x, y, width, height = placement(page, "axial")
            rgb = pixels(page)[y : y + height, x : x + width].astype(int)
            seen = np.ptp(rgb, axis=2) > 12
            shown = reference.nearest(labels[CUE], height, width)
            inner = np.pad(shown, 1, mode="edge")
            edge = (shown != 0) & np.any(
                [
                    inner[1:-1, :-2] != shown,
                    inner[1:-1, 2:] != shown,
                    inner[:-2, 1:-1] != shown,
                    inner[2:, 1:-1] != shown,
                ],
                axis=0,
            )
            assert np.array_equal(seen, edge)
            assert len({tuple(color) for color in rgb[seen]}) == 2
            assert min(colored(page, plane) for plane in PLANES) > 0
            press(page, "g")
            assert [colored(page, plane) for plane in PLANES] == [0, 0, 0]


class TestKeysAndNames:
    ANSWERS = set("rsuqwety") | {"Enter"}

    def test_no_key_is_taken_twice_or_kept_from_answers(self, viewer):
        keys = viewer.evaluate(
            """async () => {
                const { VIEWER_KEYS } = await import("/static/readerstudy/js/viewer/keys.js");
                return VIEWER_KEYS.flatMap(({ keys }) => keys);
            }"""
        )
        assert len(keys) == len(set(keys))
        assert not self.ANSWERS & set(keys)

    def test_a_text_field_keeps_its_keys_and_a_list_its_arrows(self, viewer):
        viewer.evaluate("document.body.append(Object.assign(document.createElement('textarea'), { id: 'words' }))")
        viewer.locator("#words").press_sequentially("mild x")
        assert viewer.locator("#words").input_value() == "mild x"
        expect(control(viewer, "ruler")).to_have_attribute("aria-pressed", "false")
        control(viewer, "window").focus()
        viewer.keyboard.press("i")
        expect(canvas(viewer)).to_have_attribute("data-inverted", "true")
        viewer.keyboard.press("ArrowDown")
        expect(canvas(viewer)).to_have_attribute("data-slice", str(CUE))

    def test_the_slice_is_spoken_when_scrolling_rests(self, viewer):
        press(viewer, "ArrowDown", "ArrowDown")
        expect(control(viewer, "announce")).to_have_text(f"Axial slice {CUE + 3} of {SHAPE[0]}")
        slider = viewer.locator("[data-pane=axial] input[type=range]")
        expect(slider).to_have_attribute("aria-valuetext", f"Slice {CUE + 3} / {SHAPE[0]}")

    def test_everything_has_a_name_and_is_reached_with_tab(self, viewer):
        reached = set()
        for _ in range(30):
            viewer.keyboard.press("Tab")
            reached.add(viewer.evaluate("document.activeElement.dataset.control ?? document.activeElement.tagName"))
        assert reached >= {
            "window",
            "layout-axial",
            "crosshair",
            "ruler",
            "slab",
            "cine",
            "reset",
            "help",
            "CANVAS",
            "INPUT",
        }
        for control_ in viewer.locator("button:visible, select:visible, input:visible, canvas:visible").all():
            assert re.search(r"\w", control_.evaluate("(e) => e.getAttribute('aria-label') ?? e.innerText"))

    @pytest.mark.parametrize("layout", ["axial", "one-two", "three"])
    def test_axe_finds_nothing_serious(self, page, reading, layout):
        open_viewer(page, reading, {"layout": layout})
        for opened in (False, True):
            if opened:
                press(page, "?")
            found = Axe().run(page).response["violations"]
            assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
