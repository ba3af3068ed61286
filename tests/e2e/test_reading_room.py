"""Answering in a real browser: keys, slips, double clicks, lost connections, ended sessions."""

import json
import threading
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .room_page import CUE, SLICES, canvas_of, expect_open, expect_ready, label_of, text_of, wait_until

pytestmark = pytest.mark.e2e

KEEP = "([key, text]) => localStorage.setItem(key, text)"


def waiting(submission: str, token: str) -> dict[str, Any]:
    """An entry of the outbox, as an earlier visit left it."""
    answer = {"submission": submission, "label": "real", "active_ms": 1000, "viewer_version": "1"}
    return {"url": f"/reading/cases/{token}/answer", "answer": answer}


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
            assert set(answer) == {"token", "submission", "label", "active_ms", "viewer_version"}
            assert 0 <= answer["active_ms"] < 10_000
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
        room.locator("button.submit").click(force=True)
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
        room.locator("button.submit").dblclick()
        expect(room.locator("[data-part=organ]")).to_have_text("kidney")
        assert reading.posts == 1

    def test_tab_and_space_choose_and_enter_submits(self, room, reading):
        label_of(room, "synthetic").focus()
        room.keyboard.press("Space")
        expect(label_of(room, "synthetic")).to_have_attribute("aria-pressed", "true")
        room.keyboard.press("Enter")
        expect(room.locator("[data-part=organ]")).to_have_text("kidney")
        assert [answer["label"] for answer in reading.answers] == ["synthetic"]

    @pytest.mark.parametrize("focused", ["button[data-label=real]", "[data-control=help]"])
    def test_enter_submits_the_label_chosen_last_whatever_has_the_focus(self, room, reading, focused):
        room.locator(focused).first.focus()
        room.keyboard.press("s")
        room.keyboard.press("Enter")
        expect(room.locator("[data-part=organ]")).to_have_text("kidney")
        assert [answer["label"] for answer in reading.answers] == ["synthetic"]

    def test_nothing_can_be_answered_before_the_image_is_seen(self, page, reading):
        reading.held[CUE] = threading.Event()
        page.goto(f"{reading.url}/reading/")
        expect_ready(page)
        expect(text_of(page, "absent")).to_have_text(f"Loading slice {CUE + 1}")
        page.keyboard.press("r")
        page.keyboard.press("Enter")
        expect(label_of(page, "real")).to_have_attribute("aria-pressed", "false")
        reading.held[CUE].set()
        expect(label_of(page, "real")).to_have_attribute("aria-disabled", "false")
        assert reading.posts == 0

    def test_the_help_lists_the_keys_and_keeps_them_to_itself(self, room):
        room.keyboard.press("?")
        help_dialog = room.locator("[data-control=help-dialog]")
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
    SET_ASIDE = "The server could not store one of your answers: please report this to the study’s organiser."

    def answer(self, page: Page) -> None:
        page.keyboard.press("r")
        page.keyboard.press("Enter")

    def test_an_answer_the_server_refuses_is_kept_and_sent_again(self, room, reading):
        reading.refuse_answers = 1
        self.answer(room)

        expect(room.locator("[data-part=notice]")).to_have_text(self.NOT_SENT)
        kept = room.evaluate("Object.values(localStorage).map((text) => JSON.parse(text))")
        assert [set(entry) for entry in kept] == [{"url", "answer"}]
        assert set(kept[0]["answer"]) == {"submission", "label", "active_ms", "viewer_version"}
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

        reading.session_over = False  # a new link was opened in another window
        expect(room.locator("[data-part=organ]")).to_have_text("kidney")
        expect(room.locator("[data-part=stopped]")).to_be_hidden()
        assert [answer["label"] for answer in reading.answers] == ["real"]

    @pytest.mark.parametrize("status", [400, 404])
    def test_an_answer_refused_for_good_is_set_aside_and_said(self, room, reading, status):
        reading.reject_answers = status
        self.answer(room)
        expect(room.locator("[data-part=set-aside]")).to_have_text(self.SET_ASIDE)
        expect(label_of(room, "real")).to_have_attribute("aria-disabled", "false")  # the case can be answered anew
        assert [key.rpartition(".")[0] for key in room.evaluate("Object.keys(localStorage)")] == [
            "readerstudy.set-aside"
        ]
        room.wait_for_timeout(1500)
        assert reading.posts == 1  # and is not sent again

        reading.reject_answers = None
        self.answer(room)
        expect(room.locator("[data-part=organ]")).to_have_text("kidney")
        expect(room.locator("[data-part=set-aside]")).to_be_visible()
        assert reading.posts == 2

    def test_an_answer_of_an_earlier_visit_refused_for_good_is_said_too(self, page, reading):
        reading.reject_answers = 404
        page.goto(f"{reading.url}/blank")
        page.evaluate(KEEP, ["readerstudy.outbox.one", json.dumps(waiting("one", reading.cases[2].token))])
        page.goto(f"{reading.url}/reading/")
        expect(label_of(page, "real")).to_have_attribute("aria-disabled", "false")
        expect(page.locator("[data-part=set-aside]")).to_have_text(self.SET_ASIDE)
        assert reading.posts == 1

    def test_damaged_entries_are_removed_and_the_sound_one_is_sent(self, page, reading):
        sound = waiting("sound", reading.cases[0].token)
        damaged = ["", "{", "null", "[]", "{}", json.dumps({"url": "/x"}), json.dumps({**sound, "url": None})]
        page.goto(f"{reading.url}/blank")
        for number, text in enumerate([*damaged, json.dumps(sound)]):  # the last lies under another's key
            page.evaluate(KEEP, [f"readerstudy.outbox.{number}", text])
        page.evaluate(KEEP, ["readerstudy.outbox.sound", json.dumps(sound)])
        page.goto(f"{reading.url}/reading/")
        expect(page.locator("[data-part=organ]")).to_have_text("kidney")
        assert [answer["submission"] for answer in reading.answers] == ["sound"]
        assert page.evaluate("localStorage.length") == 0

    def test_an_error_of_the_page_does_not_stop_the_sending(self, page, reading):
        page.goto(f"{reading.url}/blank")
        posted = page.evaluate(
            """async () => {
                const { Outbox } = await import("/static/readerstudy/js/reading/outbox.js");
                const posted = [];
                const outbox = new Outbox({
                    storage: localStorage,
                    post: async ({ url }) => { posted.push(url); return { kind: "stored" }; },
                    onOutcome: ({ url }) => { if (url === "first") throw new Error("of the page"); },
                });
                const errors = [];
                for (const url of ["first", "second"]) {
                    await outbox.add({ url, answer: { submission: url } }).catch((error) => errors.push(error.message));
                }
                return [posted, errors, outbox.size];
            }"""
        )
        assert posted == [["first", "second"], ["of the page"], 0]

    def test_a_study_closed_meanwhile_takes_its_words_from_the_server(self, room, reading):
        reading.closed = True
        self.answer(room)
        expect(room.locator("[data-part=stopped-message]")).to_have_text("This study is closed.")
        expect(room.locator("[data-part=kept-answer]")).to_be_hidden()

    def test_a_study_closed_while_slices_are_on_their_way_is_said_in_the_servers_words(self, page, reading):
        gate = reading.hold_all_but(CUE)
        page.goto(f"{reading.url}/reading/")
        expect_open(page)
        wait_until(page, lambda: len(reading.slice_requests) == 4)  # the first, and three more that are held
        reading.closed = True
        reading.gone = {case.token for case in reading.cases}
        gate.set()
        expect(page.locator("[data-part=stopped-message]")).to_have_text("This study is closed.")
        asked = len(reading.slice_requests)
        page.wait_for_timeout(700)
        assert len(reading.slice_requests) == asked

    def test_images_that_the_server_does_not_have_are_said(self, page, reading):
        reading.gone = {reading.cases[0].token}
        page.goto(f"{reading.url}/reading/")
        expect(page.locator("[data-part=stopped-message]")).to_contain_text("The server has no images of this case.")

    def test_a_page_opened_without_a_session_says_so(self, page, reading):
        reading.session_over = True
        page.goto(f"{reading.url}/reading/")
        expect(page.locator("[data-part=stopped]")).to_contain_text("no session")
        expect(page.locator("[data-part=kept-answer]")).to_be_hidden()


def test_the_clock_counts_visible_active_time(page, reading):
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
            return read.map((milliseconds) => milliseconds / 1000);
        }"""
    )
    assert times == [20, 30, 80, 85, 1]


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
