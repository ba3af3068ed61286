"""What a study can ask: confidence, ratings, comments, marks; the pause, the problem report, the display check."""

import json

import pytest
from playwright.sync_api import Locator, Page, expect

from .reading_server import ReadingServer
from .room_page import COLUMNS, CUE, ROWS, canvas_of, expect_open, key_of, open_room, wait_until

pytestmark = pytest.mark.e2e

EVERYTHING = {"response": "label+confidence", "lesion_cue": "none", "comments": True, "rationale_mark": True}
PARTS = ("label", "rating", "confidence", "comment")


def said(answer: dict[str, object]) -> dict[str, object]:
    """Return what the reader said, without times and names."""
    return {part: answer[part] for part in PARTS if part in answer}


def expect_next_case(page: Page) -> None:
    expect(page.locator("[data-text=organ]")).to_have_text("kidney")
    expect(page.locator("button[data-label]").first).to_have_attribute("aria-disabled", "false")


class TestScales:
    def test_a_side_needs_a_confidence_before_it_is_submitted(self, page, reading):
        open_room(page, reading, response="label+confidence")
        page.keyboard.press("w")  # nothing is chosen yet that one could be sure of
        expect(key_of(page, "w")).to_have_attribute("aria-pressed", "false")
        page.keyboard.press("r")
        expect(page.locator("[data-announce]")).to_have_text("Real chosen. How sure are you?")
        page.keyboard.press("Enter")
        page.keyboard.press("w")
        expect(page.locator("[data-announce]")).to_have_text("Real, fairly sure. Enter submits.")
        page.keyboard.press("Enter")
        expect_next_case(page)
        assert [said(answer) for answer in reading.answers] == [{"label": "real", "confidence": 2}]

    def test_a_changed_side_keeps_the_confidence_and_unsure_has_none(self, page, reading):
        open_room(page, reading, response="label+confidence")
        for key in "rqs":
            page.keyboard.press(key)
        expect(key_of(page, "q")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("u")
        expect(key_of(page, "q")).to_have_attribute("aria-pressed", "false")
        expect(key_of(page, "q")).to_have_attribute("aria-disabled", "true")
        page.keyboard.press("Enter")
        expect_next_case(page)
        assert [said(answer) for answer in reading.answers] == [{"label": "unsure", "rating": 0}]

    @pytest.mark.parametrize(("key", "answer"), [("q", ("synthetic", 1)), ("e", ("synthetic", 3)), ("y", ("real", 6))])
    def test_a_rating_says_the_side_too(self, page, reading, key, answer):
        open_room(page, reading, response="rating-6")
        page.keyboard.press(key)
        page.keyboard.press("Enter")
        expect_next_case(page)
        assert [said(one) for one in reading.answers] == [{"label": answer[0], "rating": answer[1]}]

    @pytest.mark.parametrize("response", ["label", "label+confidence", "rating-6"])
    def test_where_no_cue_is_given_no_tumour_may_be_seen(self, page, reading, response):
        open_room(page, reading, response=response, lesion_cue="none")
        page.keyboard.press("o")
        expect(page.locator("[data-announce]")).to_have_text("No tumour seen chosen. Enter submits.")
        page.keyboard.press("Enter")
        expect_next_case(page)
        assert [said(answer) for answer in reading.answers] == [{"label": "not-seen"}]

    @pytest.mark.parametrize("response", ["label", "label+confidence", "rating-6"])
    def test_no_key_of_the_page_is_also_the_viewers(self, page, reading, response):
        open_room(page, reading, **EVERYTHING | {"response": response})
        ours = page.evaluate(
            """() => [...document.querySelectorAll("button[data-key]")].map(({ dataset, ariaKeyShortcuts }) =>
                [dataset.key, ariaKeyShortcuts ?? ""])"""
        )
        viewers = page.evaluate(
            """async () => {
                const { VIEWER_KEYS } = await import("/static/readerstudy/js/viewer/keys.js");
                return VIEWER_KEYS.flatMap(({ keys }) => keys);
            }"""
        )
        keys = [key for key, _ in ours] + ["Enter"]
        assert len(keys) == len(set(keys)) >= 6
        assert not set(keys) & {*viewers, *(key.lower() for key in viewers)}

    def test_a_whole_answer_by_tab_and_space(self, page, reading):
        open_room(page, reading, response="label+confidence", comments=True)
        key_of(page, "s").focus()
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Space")  # slightly sure
        for _ in range(3):
            page.keyboard.press("Tab")
        page.keyboard.type("Too round")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect_next_case(page)
        assert [said(answer) for answer in reading.answers] == [
            {"label": "synthetic", "confidence": 1, "comment": "Too round"}
        ]


class TestComment:
    def test_a_comment_takes_all_keys_and_escape_gives_them_back(self, page, reading):
        open_room(page, reading, comments=True)
        slice_shown = canvas_of(page).get_attribute("data-slice")
        page.get_by_label("Comment").focus()
        page.keyboard.type("sure? 1 r\nEdge")
        expect(key_of(page, "s")).to_have_attribute("aria-pressed", "false")
        expect(canvas_of(page)).to_have_attribute("data-slice", slice_shown)
        page.keyboard.press("Escape")
        page.keyboard.press("r")
        page.keyboard.press("Enter")
        expect_next_case(page)
        assert [said(answer) for answer in reading.answers] == [{"label": "real", "comment": "sure? 1 r\nEdge"}]
        expect(page.get_by_label("Comment")).to_have_value("")

    def test_enter_with_control_submits_from_within(self, page, reading):
        open_room(page, reading, comments=True)
        page.keyboard.press("u")
        page.get_by_label("Comment").fill("both")
        page.keyboard.press("Control+Enter")
        expect_next_case(page)
        assert [said(answer) for answer in reading.answers] == [{"label": "unsure", "comment": "both"}]


class TestMark:
    """The axial image lies on the canvas as its data attributes say; a mark is in voxels, whole at their centres."""

    def click_voxel(self, page: Page, row: float, column: float) -> None:
        box = canvas_of(page).bounding_box()
        x, y, width, height = (
            int(canvas_of(page).get_attribute(f"data-image-{name}")) for name in ("x", "y", "width", "height")
        )
        page.mouse.click(box["x"] + x + (column + 0.5) / COLUMNS * width, box["y"] + y + (row + 0.5) / ROWS * height)

    def said_of(self, page: Page) -> Locator:
        return page.locator("[data-marked]")

    def test_a_click_marks_and_the_answer_carries_it(self, page, reading):
        open_room(page, reading, rationale_mark=True)
        page.keyboard.press("k")
        expect(self.said_of(page)).to_contain_text("Click on it in the image")
        page.keyboard.press("ArrowDown")
        self.click_voxel(page, 11, 30)
        expect(self.said_of(page)).to_have_text(f"Marked on slice {CUE + 2}")
        page.keyboard.press("r")
        page.keyboard.press("Enter")
        expect_next_case(page)
        mark = reading.answers[0]["mark"]
        assert mark.keys() == {"slice", "row", "column"}
        assert mark["slice"] == CUE + 1
        assert mark["row"] == pytest.approx(11, abs=0.1)
        assert mark["column"] == pytest.approx(30, abs=0.1)
        expect(self.said_of(page)).to_have_text("")

    def test_a_second_mark_takes_the_firsts_place_and_it_can_be_removed(self, page, reading):
        open_room(page, reading, rationale_mark=True)
        for row in (5, 20):
            page.get_by_role("button", name="Mark what gave it away").click()
            self.click_voxel(page, row, 10)
        page.keyboard.press("u")
        page.keyboard.press("Enter")
        expect_next_case(page)
        assert reading.answers[0]["mark"]["row"] == pytest.approx(20, abs=0.1)

        page.keyboard.press("k")
        self.click_voxel(page, 5, 10)
        page.get_by_role("button", name="Remove the mark").click()
        page.keyboard.press("u")
        page.keyboard.press("Enter")
        expect(page.locator("[data-text=organ]")).to_have_text("pancreas")
        assert "mark" not in reading.answers[1]

    def test_without_a_mouse_enter_marks_where_the_planes_meet(self, page, reading):
        open_room(page, reading, rationale_mark=True)
        page.keyboard.press("s")
        page.keyboard.press("k")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        expect(self.said_of(page)).to_have_text(f"Marked on slice {CUE}")
        assert reading.answers == []
        page.keyboard.press("Enter")
        expect_next_case(page)
        assert reading.answers[0]["mark"]["slice"] == CUE - 1

    def test_escape_ends_marking_and_a_mark_survives_a_reload(self, page, reading):
        open_room(page, reading, rationale_mark=True)
        page.keyboard.press("k")
        page.keyboard.press("Escape")
        expect(self.said_of(page)).to_have_text("")
        page.keyboard.press("k")
        self.click_voxel(page, 11, 30)
        page.reload()
        expect(self.said_of(page)).to_have_text(f"Marked on slice {CUE + 1}")


def test_what_the_reader_prefers_is_kept_on_the_server_and_given_back(page: Page, reading: ReadingServer) -> None:
    reading.preferences = {"layout": "three"}
    open_room(page, reading)
    panes = page.locator("[data-control=panes]")
    expect(panes).to_have_attribute("data-layout", "three")
    page.keyboard.press("l")
    expect(panes).to_have_attribute("data-layout", "axial")
    wait_until(page, lambda: reading.preferences.get("layout") == "axial")
    page.reload()
    expect_open(page)
    expect(panes).to_have_attribute("data-layout", "axial")
    page.keyboard.press("l")
    page.goto(f"{reading.url}/blank")  # leaving sends what had not settled
    wait_until(page, lambda: reading.preferences.get("layout") == "one-two")


class TestDraft:
    def test_what_was_begun_is_there_after_a_reload_with_its_time(self, page, reading):
        open_room(page, reading, response="label+confidence", comments=True)
        page.keyboard.press("s")
        page.keyboard.press("e")
        page.get_by_label("Comment").fill("half a thought")
        page.wait_for_timeout(1100)
        page.reload()

        expect(key_of(page, "e")).to_have_attribute("aria-pressed", "true")
        expect(page.get_by_label("Comment")).to_have_value("half a thought")
        page.keyboard.press("Enter")
        expect_next_case(page)
        assert [said(answer) for answer in reading.answers] == [
            {"label": "synthetic", "confidence": 3, "comment": "half a thought"}
        ]
        assert reading.answers[0]["active_ms"] >= 1100
        expect(key_of(page, "e")).to_have_attribute("aria-pressed", "false")
        assert page.evaluate("sessionStorage.length") == 0

    @pytest.mark.parametrize("kept", ["", "{", "null", "[]", '{"token": 5}', '{"token": "TOKEN", "activeMs": "x"}'])
    def test_a_damaged_draft_is_no_draft(self, page, reading, kept):
        page.goto(f"{reading.url}/blank")
        page.evaluate(
            "kept => sessionStorage.setItem('readerstudy.draft', kept)", kept.replace("TOKEN", reading.cases[0].token)
        )
        open_room(page, reading)
        page.keyboard.press("r")
        page.keyboard.press("Enter")
        expect_next_case(page)


class TestPause:
    def test_a_pause_covers_the_images_and_stops_the_clock(self, page, reading):
        open_room(page, reading)
        page.keyboard.press("b")
        paused = page.locator("[data-part=paused]")
        expect(paused).to_be_visible()
        window = page.viewport_size
        assert paused.bounding_box() == {"x": 0, "y": 0, **window}
        assert page.evaluate("element => getComputedStyle(element).opacity", paused.element_handle()) == "1"
        page.keyboard.press("r")
        page.keyboard.press("ArrowDown")
        page.wait_for_timeout(1200)
        page.keyboard.press("b")
        expect(paused).to_be_hidden()
        expect(key_of(page, "r")).to_have_attribute("aria-pressed", "false")

        page.keyboard.press("r")
        page.keyboard.press("Enter")
        expect_next_case(page)
        assert reading.answers[0]["active_ms"] < 1200

    def test_enter_and_escape_go_on_too(self, page, reading):
        open_room(page, reading)
        for key in ("Enter", "Escape"):
            page.get_by_role("button", name="Pause").click()
            expect(page.get_by_role("heading", name="Paused")).to_be_visible()
            page.keyboard.press(key)
            expect(page.get_by_role("heading", name="Paused")).to_be_hidden()


class TestProblem:
    def report(self, page: Page, text: str) -> None:
        page.get_by_role("button", name="Report a problem").click()
        page.get_by_label("What is wrong?").fill(text)
        page.get_by_role("button", name="Send the report").click()

    def test_a_report_arrives_and_the_case_goes_on(self, page, reading):
        open_room(page, reading)
        page.keyboard.press("s")
        self.report(page, "Slices 4 to 9 stay black.")
        expect(page.locator("[data-part=notice]")).to_have_text("Your report has arrived. Thank you.")
        expect(key_of(page, "s")).to_have_attribute("aria-pressed", "true")
        assert [(one["token"], one["text"]) for one in reading.problems] == [
            (reading.cases[0].token, "Slices 4 to 9 stay black.")
        ]
        page.keyboard.press("Enter")
        expect_next_case(page)

    def test_a_report_that_the_server_refuses_is_kept_and_sent_again(self, page, reading):
        open_room(page, reading)
        reading.refuse_answers = 1
        self.report(page, "No liver")
        expect(page.locator("[data-part=notice]")).to_have_text("Your report is kept on this computer and sent again.")
        expect(page.locator("[data-part=notice]")).to_have_text("Your report has arrived. Thank you.")
        assert [one["text"] for one in reading.problems] == ["No liver"]
        assert page.evaluate("localStorage.length") == 0

    def test_nothing_is_sent_without_words_or_after_cancelling(self, page, reading):
        open_room(page, reading)
        self.report(page, "")
        expect(page.get_by_label("What is wrong?")).to_be_focused()
        page.get_by_label("What is wrong?").fill("never mind")
        page.get_by_role("button", name="Cancel").click()
        expect(page.locator("[data-part=problem]")).to_be_hidden()
        assert reading.posts == 0


class TestDisplayCheck:
    def test_the_pattern_shows_the_numbers_at_5_and_95_percent(self, page, reading):
        page.goto(f"{reading.url}/reading/display/")
        grays = page.evaluate(
            """() => {
                const canvas = document.querySelector("canvas");
                const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
                const levels = new Set();
                for (let at = 0; at < data.length; at += 4) {
                    if (data[at] !== data[at + 1] || data[at] !== data[at + 2]) return "not gray";
                    levels.add(data[at]);
                }
                return [...levels].sort((a, b) => a - b);
            }"""
        )
        assert grays[0] == 0
        assert grays[-1] == 255
        assert {13, 242} <= set(grays)  # 5 % and 95 %
        ramp = [int(255 * step / 10 + 0.5) for step in range(11)]
        assert set(ramp) <= set(grays)
        edges = set(grays) - set(ramp) - {13, 242, 128}
        assert all(level < 13 or level > 242 for level in edges)  # the digits' smoothed edges

    def test_what_is_typed_is_posted_with_the_screen(self, page, reading):
        page.goto(f"{reading.url}/reading/display/")
        dark, bright = (page.locator(f"[name={name}]").input_value() for name in ("dark_shown", "bright_shown"))
        expect(page.get_by_label("In the dark square")).to_be_focused()
        page.keyboard.type(dark)
        page.keyboard.press("Enter")
        wait_until(page, lambda: len(reading.forms) == 1)
        posted = reading.forms[0]
        assert {name: posted[name] for name in posted if name != "csrfmiddlewaretoken"} == {
            "dark_shown": dark,
            "dark_seen": dark,
            "bright_shown": bright,
            "bright_seen": "",
            "screen_width": "1440",
            "screen_height": "900",
            "pixel_ratio": "1",
            "colour_depth": "24",
        }

    def test_the_numbers_are_new_each_time_and_have_no_zero_or_one(self, page, reading):
        seen = set()
        for _ in range(6):
            page.goto(f"{reading.url}/reading/display/")
            seen.add(page.locator("[name=dark_shown]").input_value())
        assert len(seen) > 1
        assert not set("".join(seen)) & set("01")


def test_the_page_and_the_server_agree_when_a_sitting_ends(page: Page, reading: ReadingServer) -> None:
    from readerstudy.domain.display_checks import SITTING_ENDS_AFTER

    page.goto(f"{reading.url}/blank")
    module = "/static/readerstudy/js/reading/timing.js"
    ends_after_ms = page.evaluate(f"import({json.dumps(module)}).then((m) => m.SITTING_ENDS_AFTER_MS)")
    assert ends_after_ms == SITTING_ENDS_AFTER.total_seconds() * 1000


def overlap(upper: Locator, lower: Locator) -> float:
    """By how many pixels one reaches under the other."""
    first, second = upper.bounding_box(), lower.bounding_box()
    return first["y"] + first["height"] - second["y"]


def test_the_focused_comment_of_a_long_form_is_not_behind_submit(page: Page, reading: ReadingServer) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    open_room(page, reading, **EVERYTHING, attributes=["shape", "margin", "texture", "place"])
    page.locator("[data-mark]").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Comment")).to_be_focused()
    assert overlap(page.get_by_label("Comment"), page.locator("form > .submit")) <= 0


def test_a_low_window_keeps_an_image_beside_the_answer(page: Page, reading: ReadingServer) -> None:
    page.set_viewport_size({"width": 960, "height": 540})
    open_room(page, reading, **EVERYTHING)
    box = canvas_of(page).bounding_box()
    assert box["height"] > 350
    assert box["width"] > 500
