"""Realism from 1 to 5, the truth of practice cases, and going back within a sitting: in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from .reading_server import FEEDBACK, ReadingServer
from .room_page import canvas_of, key_of, label_of, open_room, wait_until

pytestmark = pytest.mark.e2e

FEEDBACK_UNREAD_MS = 1100  # so long Enter leaves it
GOING_BACK = {"change_answers": "until-sitting-ends", "comments": True}


def expect_case(page: Page, organ: str) -> None:
    expect(page.locator("[data-text=organ]")).to_have_text(organ)
    expect(label_of(page, "real")).to_have_attribute("aria-disabled", "false")


def answer(page: Page, key: str) -> None:
    page.keyboard.press(key)
    page.keyboard.press("Enter")


def organs(reading: ReadingServer) -> list[str]:
    return [case.organ for case in reading.cases]


def level(page: Page, attribute: str, number: int):
    return page.locator(f"[data-attribute={attribute}] [data-level='{number}']")


class TestRealism:
    def test_by_keys_alone_without_moving_the_window(self, page, reading):
        open_room(page, reading, attributes=["shape", "texture"])
        window = page.locator("[data-pane=axial] [data-text=window]").text_content()
        page.keyboard.press("r")
        page.keyboard.press("Enter")  # not whole yet
        expect(page.locator("[data-announce]")).to_have_text("Real chosen. How real does each look?")
        for key in ("j", "4", "2"):
            page.keyboard.press(key)
        expect(level(page, "shape", 4)).to_have_attribute("aria-pressed", "true")
        expect(level(page, "texture", 2)).to_have_attribute("aria-pressed", "true")
        assert page.locator("[data-pane=axial] [data-text=window]").text_content() == window
        page.keyboard.press("Enter")
        expect_case(page, organs(reading)[1])
        assert [one["attributes"] for one in reading.answers] == [{"shape": 4, "texture": 2}]
        expect(level(page, "shape", 4)).to_have_attribute("aria-pressed", "false")

    def test_digits_are_the_viewers_again_when_all_are_rated(self, page, reading):
        open_room(page, reading, attributes=["shape"])
        for key in ("s", "j", "1"):
            page.keyboard.press(key)
        before = page.locator("[data-pane=axial] [data-text=window]").text_content()
        page.keyboard.press("6")
        expect(page.locator("[data-pane=axial] [data-text=window]")).not_to_have_text(before)
        expect(level(page, "shape", 1)).to_have_attribute("aria-pressed", "true")

    def test_by_mouse_and_kept_over_a_reload(self, page, reading):
        open_room(page, reading, attributes=["margin"])
        level(page, "margin", 3).dispatch_event("click")  # no answer yet: nothing to rate
        expect(level(page, "margin", 3)).to_have_attribute("aria-pressed", "false")
        label_of(page, "unsure").click()
        level(page, "margin", 3).click()
        page.reload()
        expect(level(page, "margin", 3)).to_have_attribute("aria-pressed", "true")
        page.locator("[data-part=answer] button[type=submit]").click()
        wait_until(page, lambda: len(reading.answers) == 1)
        assert reading.answers[0]["attributes"] == {"margin": 3}


class TestFeedback:
    def test_practice_is_told_and_enter_goes_on(self, page, reading):
        reading.practice = 1
        open_room(page, reading, practice_feedback=True)
        answer(page, "r")
        expect(page.locator("[data-feedback]")).to_have_text(FEEDBACK)
        expect(page.locator("[data-part=notice]")).to_be_empty()
        expect(page.locator("[data-text=organ]")).to_have_text(organs(reading)[0])  # the images stay
        page.wait_for_timeout(FEEDBACK_UNREAD_MS)
        page.keyboard.press("Enter")
        expect_case(page, organs(reading)[1])
        expect(page.locator("[data-part=feedback]")).to_be_hidden()
        answer(page, "s")
        wait_until(page, lambda: len(reading.answers) == 2)
        expect(page.locator("[data-part=feedback]")).to_be_hidden()

    def test_a_second_quick_enter_does_not_skip_it(self, page, reading):
        reading.practice = 1
        open_room(page, reading, practice_feedback=True)
        answer(page, "r")
        expect(page.locator("[data-feedback]")).to_have_text(FEEDBACK)
        page.keyboard.press("Enter")
        expect(page.locator("[data-part=feedback]")).to_be_visible()
        page.get_by_role("button", name="Next case").click()
        expect_case(page, organs(reading)[1])

    def test_it_stays_on_coming_back_to_the_window(self, page, reading):
        reading.practice = 1
        open_room(page, reading, practice_feedback=True)
        answer(page, "r")
        expect(page.locator("[data-part=feedback]")).to_be_visible()
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(300)  # the state would be asked for
        expect(page.locator("[data-text=organ]")).to_have_text(organs(reading)[0])
        page.get_by_role("button", name="Next case").click()
        expect_case(page, organs(reading)[1])
        expect(page.locator("[data-part=notice]")).to_be_empty()
        expect(page.locator("[data-part=feedback]")).to_be_hidden()


class TestGoingBack:
    def test_an_earlier_answer_is_seen_and_changed(self, page, reading):
        open_room(page, reading, **GOING_BACK)
        expect(page.locator("[data-part=earlier]")).to_be_hidden()
        answer(page, "r")
        expect_case(page, organs(reading)[1])
        page.keyboard.press("s")  # begun, and not submitted
        page.locator("[data-part=earlier] summary").click()
        page.get_by_role("button", name="Case 1", exact=True).click()

        expect_case(page, organs(reading)[0])
        expect(label_of(page, "real")).to_have_attribute("aria-pressed", "true")
        expect(page.locator("[data-part=submit-text]")).to_have_text("Save change")
        answer(page, "u")

        expect_case(page, organs(reading)[1])
        expect(label_of(page, "synthetic")).to_have_attribute("aria-pressed", "true")  # as it was left
        assert [(one["label"], one.get("revises")) for one in reading.answers] == [("real", None), ("unsure", 1)]

    def test_back_without_a_change_stores_nothing(self, page, reading):
        open_room(page, reading, **GOING_BACK)
        answer(page, "r")
        expect_case(page, organs(reading)[1])
        page.locator("[data-part=earlier] summary").click()
        page.get_by_role("button", name="Case 1", exact=True).click()
        expect_case(page, organs(reading)[0])
        page.get_by_role("button", name="Back to case 2").click()
        expect_case(page, organs(reading)[1])
        assert len(reading.answers) == 1

    def test_no_more_than_two_cases_are_kept(self, page, reading):
        """Going back holds the earlier case and the one that was left: no slice of that one is fetched again."""
        open_room(page, reading, **GOING_BACK)
        answer(page, "r")
        expect_case(page, organs(reading)[1])
        second = reading.cases[1]
        wait_until(
            page, lambda: sum(token == second.token for token, _ in reading.slice_requests) >= len(second.volume)
        )
        fetched = sum(token == second.token for token, _ in reading.slice_requests)
        page.locator("[data-part=earlier] summary").click()
        page.get_by_role("button", name="Case 1", exact=True).click()
        expect_case(page, organs(reading)[0])
        page.get_by_role("button", name="Back to case 2").click()
        expect_case(page, organs(reading)[1])
        assert sum(token == second.token for token, _ in reading.slice_requests) == fetched

    def test_the_end_of_the_sitting_is_asked_for(self, page, reading):
        open_room(page, reading, **GOING_BACK)
        for organ in [*organs(reading)[1:], None]:
            answer(page, "r")
            if organ:
                expect_case(page, organ)
        expect(page.get_by_text("Every case of this sitting is answered.")).to_be_visible()
        page.reload()
        expect(page.get_by_text("Every case of this sitting is answered.")).to_be_visible()
        report = page.get_by_role("button", name="Report a problem")
        expect(report).to_be_hidden()
        page.get_by_role("button", name="Case 1", exact=True).click()
        expect(canvas_of(page)).to_have_attribute("data-painted", re.compile(r"\d+"))
        expect(report).to_be_visible()
        expect(label_of(page, "real")).to_have_attribute("aria-pressed", "true")
        answer(page, "s")
        wait_until(page, lambda: reading.answers[-1].get("revises") == 1)
        page.get_by_role("button", name="End the sitting …").click()
        page.get_by_role("button", name="Look again").click()
        assert not reading.ended
        page.get_by_role("button", name="End the sitting …").click()
        page.get_by_role("button", name="End the sitting", exact=True).click()
        page.wait_for_url("**/finished/")
        assert reading.ended


def test_the_keys_of_everything_asked_clash_with_nothing(page, reading):
    asked = {"attributes": ["shape", "margin", "texture", "place"], "response": "rating-6", "rationale_mark": True}
    open_room(page, reading, **asked, **GOING_BACK)
    shown = page.locator("[data-key]").evaluate_all("all => all.map((one) => one.dataset.key)")
    viewers = page.evaluate(
        """async () => {
            const src = document.querySelector("script[src$='reading/main.js']").src;
            return (await import(new URL("../viewer/keys.js", src))).VIEWER_KEYS.flatMap(({ keys }) => keys);
        }"""
    )
    answers = [key for key in shown if key != "b"]  # the pause's key stands on its dialog too
    assert len(answers) == len(set(answers))
    assert not set(shown) & set(viewers)
    expect(key_of(page, "j")).to_be_visible()
