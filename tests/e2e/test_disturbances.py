"""What goes wrong in hospitals: networks, servers, windows and laptops. No reading is lost or doubled."""

import threading
from collections import Counter

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from readerstudy.domain.windowing import apply_window

from .freezable_page import FreezablePage
from .room_page import (
    COLUMNS,
    CUE,
    ROWS,
    SLICES,
    canvas_of,
    expect_open,
    expect_ready,
    key_of,
    open_room,
    painted_grays,
    text_of,
    wait_until,
)

pytestmark = pytest.mark.e2e

NOT_SENT = "Not sent yet. Your answer is kept on this computer and sent again."
ELSEWHERE = "The case before was answered in another window."


def answer(page: Page, key: str = "r") -> None:
    page.keyboard.press(key)
    page.keyboard.press("Enter")


def organ_of(page: Page):
    return page.locator("[data-text=organ]")


def notice_of(page: Page):
    return page.locator("[data-part=notice]")


CANVAS = "document.querySelector('[data-pane=axial] canvas').dataset"


def assert_shows(page: Page | FreezablePage, volume: np.ndarray, number: int) -> None:
    """Compare the canvas, pixel for pixel, with the slice in the window that it is shown in."""
    for _ in range(200):
        if page.evaluate(f"() => {CANVAS}.painted") == str(number):
            break
        page.wait_for_timeout(40)
    if page.evaluate(f"() => {CANVAS}.sampling") == "smooth":
        page.keyboard.press("n")
        page.wait_for_timeout(100)
    center, width = page.evaluate(f"() => [{CANVAS}.windowCenter, {CANVAS}.windowWidth].map(Number)")
    wanted = apply_window(volume[number], window_center=center, window_width=width)
    assert page.evaluate(f"() => [{CANVAS}.painted, {CANVAS}.sampling]") == [str(number), "nearest"]
    assert (painted_grays(page, ROWS, COLUMNS) == wanted[:, :, None]).all()


class TestNetworkCut:
    """20 s of it: cut is what the server does not answer, in both directions, whatever the browser thinks."""

    CUT_MS = 20_000

    def test_in_mid_case_nothing_is_lost_doubled_or_wrong(self, page, reading):
        gate = threading.Event()
        reading.held = dict.fromkeys(range(CUE + 3, SLICES), gate)  # the cut finds the case half loaded
        open_room(page, reading)
        reading.cut = True
        gate.set()
        expect(page.get_by_text("The connection is lost.")).to_have_count(1)
        answer(page, "s")
        expect(notice_of(page)).to_have_text(NOT_SENT)
        page.keyboard.press("End")
        page.wait_for_timeout(self.CUT_MS)
        expect(canvas_of(page)).to_have_attribute("data-painted", "")
        expect(text_of(page, "absent")).to_contain_text(f"slice {SLICES}")
        assert not painted_grays(page, ROWS, COLUMNS).any()
        page.keyboard.press("ArrowUp")
        assert reading.answers == []

        reading.cut = False
        expect(organ_of(page)).to_have_text("kidney", timeout=30_000)
        expect(page.get_by_text("The connection is lost.")).to_have_count(0, timeout=30_000)
        assert [(one["token"], one["label"]) for one in reading.answers] == [(reading.cases[0].token, "synthetic")]
        expect(canvas_of(page)).to_have_attribute("data-loaded", str(SLICES), timeout=30_000)
        assert_shows(page, reading.cases[1].volume, CUE)


class TestServerErrors:
    def test_a_500_on_every_third_slice_leaves_the_others_right_and_is_mended(self, page, reading):
        failing = range(0, SLICES, 3)
        reading.slice_faults = Counter(dict.fromkeys(failing, 10**6))
        assert CUE in failing
        page.goto(f"{reading.url}/reading/")
        expect_ready(page)
        expect(text_of(page, "absent")).to_have_text(f"Could not load slice {CUE + 1}. Trying again.")
        for number in (CUE + 1, CUE + 2):
            page.keyboard.press("ArrowDown")
            assert_shows(page, reading.cases[0].volume, number)
        page.keyboard.press("ArrowDown")
        expect(text_of(page, "absent")).to_have_text(f"Could not load slice {CUE + 4}. Trying again.")
        assert not painted_grays(page, ROWS, COLUMNS).any()
        expect(canvas_of(page)).to_have_attribute("data-loaded", str(SLICES - len(failing)))
        expect(text_of(page, "loading")).to_have_text(f"{len(failing)} not loaded, trying again")

        reading.slice_faults.clear()
        expect(canvas_of(page)).to_have_attribute("data-loaded", str(SLICES), timeout=35_000)
        assert_shows(page, reading.cases[0].volume, CUE + 3)
        answer(page)
        expect(organ_of(page)).to_have_text("kidney")
        assert len(reading.answers) == 1

    def test_a_room_that_could_not_be_loaded_whole_says_so_and_loads_again(self, page, reading):
        reading.missing = {"room.js"}
        page.goto(f"{reading.url}/reading/")
        expect(canvas_of(page)).to_have_attribute("data-painted", str(CUE))
        expect(notice_of(page)).to_have_text("This page could not be loaded whole. Trying again.")
        reading.missing.clear()
        expect_open(page)
        answer(page)
        expect(organ_of(page)).to_have_text("kidney")


class TestTwoTabs:
    @pytest.fixture
    def tabs(self, room, reading):
        other = room.context.new_page()
        other.goto(f"{reading.url}/reading/")
        expect(key_of(other, "r")).to_have_attribute("aria-disabled", "false")
        return room, other

    def test_an_answer_in_one_takes_the_other_along_and_says_so(self, tabs, reading):
        first, second = tabs
        second.keyboard.press("s")
        answer(first, "r")
        expect(organ_of(first)).to_have_text("kidney")
        expect(organ_of(second)).to_have_text("kidney")
        expect(notice_of(second)).to_have_text(ELSEWHERE)
        expect(key_of(second, "s")).to_have_attribute("aria-pressed", "false")
        assert_shows(second, reading.cases[1].volume, CUE)
        answer(second, "u")
        expect(organ_of(first)).to_have_text("pancreas")
        assert [(one["token"], one["label"]) for one in reading.answers] == [
            (reading.cases[0].token, "real"),
            (reading.cases[1].token, "unsure"),
        ]

    def test_of_two_answers_at_once_the_first_stands(self, tabs, reading):
        first, second = tabs
        second.evaluate("window.addEventListener('storage', (event) => event.stopImmediatePropagation(), true)")
        reading.store(reading.cases[0].token, {"submission": "of the first", "label": "real"})
        answer(second, "s")
        expect(organ_of(second)).to_have_text("kidney")
        expect(notice_of(second)).to_have_text("You have already answered this case.")
        first.bring_to_front()
        first.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        expect(organ_of(first)).to_have_text("kidney")
        assert [one["label"] for one in reading.answers] == ["real"]

    def test_an_answer_that_both_windows_keep_is_stored_once(self, room, reading):
        reading.cut = True
        answer(room)
        expect(notice_of(room)).to_have_text(NOT_SENT)
        reading.cut = False
        other = room.context.new_page()
        other.goto(f"{reading.url}/reading/")
        expect(organ_of(other)).to_have_text("kidney")
        expect(organ_of(room)).to_have_text("kidney")
        assert [one["label"] for one in reading.answers] == ["real"]


class TestBackButton:
    def test_what_was_begun_is_there_on_coming_back(self, page, reading):
        page.goto(f"{reading.url}/pages/instructions")
        page.goto(f"{reading.url}/reading/")
        expect(key_of(page, "r")).to_have_attribute("aria-disabled", "false")
        page.keyboard.press("s")
        page.go_back()
        expect(page.get_by_role("heading", name="Reading a case")).to_be_visible()
        page.go_forward()
        expect(key_of(page, "s")).to_have_attribute("aria-pressed", "true")
        assert_shows(page, reading.cases[0].volume, CUE)
        page.keyboard.press("Enter")
        expect(organ_of(page)).to_have_text("kidney")
        assert [one["label"] for one in reading.answers] == ["synthetic"]

    def test_an_answer_on_its_way_arrives_once(self, page, reading):
        page.goto(f"{reading.url}/pages/instructions")
        page.goto(f"{reading.url}/reading/")
        expect(key_of(page, "r")).to_have_attribute("aria-disabled", "false")
        reading.lose_responses = 1
        answer(page)
        page.go_back()
        page.go_forward()
        expect(organ_of(page)).to_have_text("kidney")
        expect_open(page)
        wait_until(page, lambda: page.evaluate("localStorage.length") == 0)
        assert_shows(page, reading.cases[1].volume, CUE)
        assert [one["label"] for one in reading.answers] == ["real"]

    def test_going_back_does_not_answer_an_answered_case_again(self, room, reading):
        answer(room)
        expect(organ_of(room)).to_have_text("kidney")
        room.go_back()
        room.go_forward()
        expect(organ_of(room)).to_have_text("kidney")
        expect(key_of(room, "r")).to_have_attribute("aria-pressed", "false")
        assert len(reading.answers) == 1


ORGAN = "() => document.querySelector('[data-text=organ]').textContent"
NOTICE = "() => document.querySelector('[data-part=notice]').textContent"
CHOSEN = "() => document.querySelector('button[data-label][aria-pressed=true]')?.dataset.label ?? null"
LOG_LIFE = """() => {
    window.life = [];
    for (const type of ["freeze", "resume"]) document.addEventListener(type, () => window.life.push(type));
}"""


class TestFrozenPage:
    """As the browser does to a tab in the background, or to all of them while the laptop sleeps."""

    FROZEN_MS = 2500

    @pytest.fixture
    def frozen_room(self, browser, page, reading):
        room = FreezablePage(browser, page, f"{reading.url}/reading/")
        room.wait_for("() => document.querySelector('button[data-label]')?.ariaDisabled", "false")
        room.evaluate(LOG_LIFE)
        yield room
        assert room.evaluate("() => window.life") == ["freeze", "resume"]
        room.close()

    def sleep(self, room: FreezablePage) -> None:
        room.freeze()
        room.wait_for_timeout(self.FROZEN_MS)
        room.resume()

    def test_it_counts_no_time_and_goes_on_as_it_was(self, frozen_room, reading):
        frozen_room.keyboard.press("s")
        self.sleep(frozen_room)
        assert_shows(frozen_room, reading.cases[0].volume, CUE)
        assert frozen_room.evaluate(CHOSEN) == "synthetic"
        frozen_room.keyboard.press("Enter")
        frozen_room.wait_for(ORGAN, "kidney")
        assert [one["label"] for one in reading.answers] == ["synthetic"]
        assert reading.answers[0]["active_ms"] < self.FROZEN_MS

    def test_an_answer_that_waits_is_sent_once_on_resuming(self, frozen_room, reading):
        reading.refuse_answers = 1
        frozen_room.keyboard.press("r")
        frozen_room.keyboard.press("Enter")
        frozen_room.wait_for(NOTICE, NOT_SENT)
        self.sleep(frozen_room)
        frozen_room.wait_for(ORGAN, "kidney")
        assert [one["label"] for one in reading.answers] == ["real"]

    def test_a_case_answered_elsewhere_meanwhile_is_left_on_resuming(self, frozen_room, reading):
        frozen_room.freeze()
        reading.store(reading.cases[0].token, {"submission": "elsewhere", "label": "unsure"})
        frozen_room.resume()
        frozen_room.wait_for(ORGAN, "kidney")
        frozen_room.wait_for(NOTICE, ELSEWHERE)
        assert_shows(frozen_room, reading.cases[1].volume, CUE)
        assert len(reading.answers) == 1


def test_after_an_hour_away_the_next_sitting_begins_anew(page, reading):
    page.clock.install()
    page.goto(f"{reading.url}/reading/")
    expect(key_of(page, "r")).to_have_attribute("aria-disabled", "false")
    page.keyboard.press("s")
    page.clock.fast_forward("01:00:05")
    with page.expect_navigation():
        page.keyboard.press("ArrowDown")
    expect(key_of(page, "s")).to_have_attribute("aria-pressed", "true")
    assert reading.posts == 0
