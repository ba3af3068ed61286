"""How slices come: the nearest first, few at a time, tried again, never another's pixels, never damaged ones."""

import gzip
import threading
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from readerstudy.domain.slice_packs import encode_slice

from . import reference
from .reading_server import ReadingServer, serve, wrong_size_member
from .room_page import CUE, SLICES, make_case, wait_until
from .viewer_page import canvas, control, grays, open_viewer, pixels, placement, press, settle, text, told

pytestmark = pytest.mark.e2e

SINGLE = {"smooth": False}
ABDOMEN, KIDNEY = (40, 400), (120, 400)


@pytest.fixture
def reading():
    with serve(ReadingServer(cases=[make_case(1), make_case(2, "kidney"), make_case(3, "pancreas")])) as server:
        yield server


def asked_for(reading: ReadingServer, case: int = 0) -> list[int]:
    """Return a case's slices in the order in which they were asked for."""
    return [number for token, number in reading.slice_requests if token == reading.cases[case].token]


def assert_shows(page: Page, reading: ReadingServer, number: int, case: int = 0, window=ABDOMEN) -> None:
    expect(canvas(page)).to_have_attribute("data-painted", str(number))
    settle(page)
    _, _, width, height = placement(page, "axial")
    hu = reference.nearest(reading.cases[case].volume[number], height, width)
    assert np.array_equal(grays(page), reference.gray(hu, window))


def assert_all_exact(page: Page, reading: ReadingServer) -> None:
    press(page, "Home")
    for number in range(SLICES):
        assert_shows(page, reading, number)
        press(page, "ArrowDown")


class TestOrder:
    def test_without_a_cue_a_case_opens_in_its_middle(self, page, reading):
        reading.cases = [replace(reading.cases[0], cue_slice=None)]
        gate = reading.hold_all_but()
        open_viewer(page, reading, whole=False)
        wait_until(page, lambda: len(reading.slice_requests) == 3)
        assert set(asked_for(reading)) == {SLICES // 2 - 1, SLICES // 2, SLICES // 2 + 1}
        gate.set()
        expect(canvas(page)).to_have_attribute("data-painted", str(SLICES // 2))

    def test_nearest_first_with_three_requests_at_a_time(self, page, reading):
        gate = reading.hold_all_but()
        open_viewer(page, reading, whole=False)
        wait_until(page, lambda: len(reading.slice_requests) == 3)  # held: a fourth would join them now
        page.wait_for_timeout(200)
        gate.set()
        expect(canvas(page)).to_have_attribute("data-loaded", str(SLICES))

        order = asked_for(reading)
        assert sorted(order) == list(range(SLICES))
        assert set(order[:3]) == {CUE - 1, CUE, CUE + 1}  # the three under way at once arrive in any order
        assert set(order[:7]) <= set(range(CUE - 4, CUE + 5))
        assert reading.most_at_once == 3

    @pytest.mark.parametrize("plane", ["axial", "coronal"])
    def test_a_scroll_turns_the_order_towards_the_new_place(self, page, reading, plane):
        gate = reading.hold_all_but()
        open_viewer(page, reading, {"layout": "three"}, whole=False)
        wait_until(page, lambda: len(reading.slice_requests) == 3)
        if plane == "axial":
            press(page, "End")
        else:  # the crosshair of another plane, put at the feet
            box = canvas(page, "coronal").bounding_box()
            x, y, width, height = placement(page, "coronal")
            page.mouse.click(box["x"] + x + width / 2, box["y"] + y + height - 2)
        expect(canvas(page)).to_have_attribute("data-slice", str(SLICES - 1))
        gate.set()
        expect(canvas(page)).to_have_attribute("data-loaded", str(SLICES))
        assert set(asked_for(reading)[3:7]) <= set(range(SLICES - 6, SLICES))

    def test_the_next_case_follows_this_one_and_shows_without_being_asked_for_again(self, page, reading):
        open_viewer(page, reading, SINGLE)
        first, second, _ = (case.token for case in reading.cases)
        wait_until(page, lambda: len(reading.slice_requests) == 2 * SLICES)
        order = [token for token, _ in reading.slice_requests]
        assert order.count(first) == SLICES
        assert second not in order[: SLICES - 2]  # the last of this case and the first of the next overlap

        page.evaluate("(items) => viewer.show(...items)", [case.as_json() for case in reading.cases[1:]])
        expect(canvas(page)).to_have_attribute("data-loaded", str(SLICES))
        assert_shows(page, reading, CUE, 1, KIDNEY)
        wait_until(page, lambda: len(reading.slice_requests) == 3 * SLICES)
        assert asked_for(reading, 1) == asked_for(reading, 1)[:SLICES]
        assert len(told(page, "painted")) == 2

    def test_a_case_left_behind_is_let_go(self, page, reading):
        open_viewer(page, reading)
        wait_until(page, lambda: len(reading.slice_requests) == 2 * SLICES)
        second, third = (case.as_json() for case in reading.cases[1:])
        page.evaluate("(items) => viewer.show(...items)", [second, third])
        wait_until(page, lambda: len(reading.slice_requests) == 3 * SLICES)
        page.evaluate("(item) => viewer.show(item, null)", reading.cases[0].as_json())
        wait_until(page, lambda: len(reading.slice_requests) == 4 * SLICES)  # fetched anew: it was kept nowhere


class TestAbsence:
    def test_a_slice_on_its_way_shows_its_number_and_no_other_slices_pixels(self, page, reading):
        reading.held[CUE + 1] = threading.Event()
        open_viewer(page, reading, SINGLE, whole=False)
        expect(canvas(page)).to_have_attribute("data-loaded", str(SLICES - 1))
        press(page, "ArrowDown")

        expect(text(page, "absent")).to_have_text(f"Loading slice {CUE + 2}")
        expect(canvas(page)).to_have_attribute("data-painted", "")
        assert not pixels(page).any()

        reading.held[CUE + 1].set()
        assert_shows(page, reading, CUE + 1)
        expect(text(page, "absent")).to_have_text("")

    def test_in_the_other_planes_it_is_a_band_of_no_gray_and_nothing_beside_it_is_mixed_with_it(self, page, reading):
        missing = CUE + 1
        reading.held[missing] = threading.Event()
        open_viewer(page, reading, {"layout": "three", "crosshair": False}, whole=False)
        expect(canvas(page)).to_have_attribute("data-loaded", str(SLICES - 1))
        page.wait_for_timeout(400)  # these planes follow the loading a little later
        x, y, width, height = placement(page, "coronal")
        shown = pixels(page, "coronal")[y : y + height, x : x + width]
        hu = reference.smooth(reading.cases[0].volume[:, 20], height, width)
        wanted = reference.gray(hu, ABDOMEN).astype(int)
        place = (np.arange(height) + 0.5) * SLICES / height - 0.5
        band = np.abs(place - missing) < 1
        assert (shown[band] == (0x12, 0x17, 0x1C)).all()
        assert np.abs(shown[~band].astype(int) - wanted[~band][:, :, None]).max() <= 1
        expect(canvas(page, "coronal")).to_have_attribute("data-painted", "")
        reading.held[missing].set()
        expect(canvas(page, "coronal")).to_have_attribute("data-painted", "20")

    def test_a_slab_waits_for_all_its_slices(self, page, reading):
        reading.held[CUE + 1] = threading.Event()
        open_viewer(page, reading, SINGLE, whole=False)
        expect(canvas(page)).to_have_attribute("data-loaded", str(SLICES - 1))
        press(page, "p")
        assert not pixels(page).any()
        reading.held[CUE + 1].set()
        expect(canvas(page)).to_have_attribute("data-painted", str(CUE))


def flipped(member: bytes) -> bytes:
    """A sound member of a slice of which one bit is another: no browser would notice by gzip's means."""
    content = bytearray(gzip.decompress(member))
    content[len(content) // 3] ^= 4
    return gzip.compress(bytes(content), mtime=0)


DAMAGES = {
    "cut": lambda whole: whole[: len(whole) // 2],
    "cut at its end": lambda whole: whole[:-40],
    "one bit": flipped,
    "one bit on the way": lambda whole: whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:],
    "of another size": lambda _whole: wrong_size_member(),
    "no gzip": lambda _whole: b"no gzip at all",
    "empty": lambda _whole: gzip.compress(b""),
}


class TestFailure:
    def test_a_failed_slice_says_so_and_is_tried_again(self, page, reading):
        reading.slice_faults[CUE] = 1000
        open_viewer(page, reading, SINGLE, whole=False)
        expect(text(page, "absent")).to_have_text(f"Could not load slice {CUE + 1}. Trying again.")
        expect(text(page, "loading")).to_have_text("1 not loaded, trying again")
        assert told(page, "painted") == []
        reading.slice_faults.clear()
        assert_shows(page, reading, CUE)
        expect(text(page, "loading")).to_have_text("")
        assert told(page, "connection") == []

    @pytest.mark.parametrize("damage", DAMAGES)
    def test_a_damaged_slice_is_never_painted(self, page, reading, damage):
        reading.damaged[CUE] = DAMAGES[damage](encode_slice(reading.cases[0].volume[CUE]))
        open_viewer(page, reading, SINGLE, whole=False)
        expect(text(page, "absent")).to_have_text(f"Could not load slice {CUE + 1}. Trying again.")
        assert not pixels(page).any()
        reading.damaged.clear()
        assert_shows(page, reading, CUE)

    def test_with_a_500_on_every_third_slice_all_are_shown_in_the_end(self, page, reading):
        reading.slice_faults.update(dict.fromkeys(range(0, SLICES, 3), 1))
        open_viewer(page, reading, SINGLE)
        assert_all_exact(page, reading)
        assert len(asked_for(reading)) == SLICES + len(range(0, SLICES, 3))

    def test_a_lost_connection_is_said_and_mended_without_a_reload(self, page, reading):
        """Cut in mid-case: what is there can be read on, what is missing comes by itself."""
        gate = threading.Event()
        reading.held = {number: gate for number in range(SLICES) if abs(number - CUE) > 2}
        open_viewer(page, reading, SINGLE, whole=False)
        expect(canvas(page)).to_have_attribute("data-painted", str(CUE))
        expect(canvas(page)).to_have_attribute("data-loaded", "5")  # those that nothing holds back
        reading.cut = True
        gate.set()
        expect(control(page, "status")).to_contain_text("The connection is lost.")
        page.wait_for_timeout(400)  # the count follows the loading a little later
        lost = int(canvas(page).get_attribute("data-loaded"))
        press(page, "ArrowDown")
        assert_shows(page, reading, CUE + 1)
        press(page, "End")
        expect(text(page, "absent")).to_contain_text(f"slice {SLICES}")
        asked = len(reading.slice_requests)
        page.wait_for_timeout(2500)
        assert len(reading.slice_requests) == asked  # nothing reached the server
        assert int(canvas(page).get_attribute("data-loaded")) == lost

        reading.cut = False
        expect(control(page, "status")).to_have_text("")
        expect(canvas(page)).to_have_attribute("data-loaded", str(SLICES))
        assert told(page, "connection") == [{"lost": True}, {"lost": False}]
        assert_all_exact(page, reading)

    def test_while_it_is_lost_the_server_is_asked_about_once_a_second(self, page, reading):
        open_viewer(page, reading, whole=True)
        wait_until(page, lambda: len(reading.slice_requests) == 2 * SLICES)
        sent = []
        page.on("request", lambda request: sent.append(request.url) if "/slices/" in request.url else None)
        reading.cut = True
        page.evaluate("(item) => viewer.show(item, null)", reading.cases[2].as_json())
        expect(control(page, "status")).not_to_be_empty()
        page.wait_for_timeout(3200)
        assert len(sent) <= 8  # the three under way, then the probes

    def test_slices_come_without_workers_until_their_script_can_be_had(self, page, reading):
        reading.missing = {"slice_worker.js"}
        open_viewer(page, reading, SINGLE)
        assert told(page, "connection") == []
        reading.missing.clear()
        wait_until(page, lambda: len(page.workers) == 2)
        page.evaluate("(item) => viewer.show(item, null)", reading.cases[2].as_json())
        expect(canvas(page)).to_have_attribute("data-loaded", str(SLICES))

    def test_a_page_that_was_frozen_goes_on_where_it_was(self, page, reading):
        gate = reading.hold_all_but()
        open_viewer(page, reading, SINGLE, whole=False)
        wait_until(page, lambda: len(reading.slice_requests) == 3)
        session = page.context.new_cdp_session(page)
        session.send("Page.setWebLifecycleState", {"state": "frozen"})
        gate.set()
        page.wait_for_timeout(500)
        session.send("Page.setWebLifecycleState", {"state": "active"})
        expect(canvas(page)).to_have_attribute("data-loaded", str(SLICES))
        assert_all_exact(page, reading)

    def test_a_session_that_is_over_is_told_once_and_nothing_more_is_asked(self, page, reading):
        open_viewer(page, reading)
        wait_until(page, lambda: len(reading.slice_requests) == 2 * SLICES)
        reading.session_over = True
        page.evaluate("(item) => viewer.show(item, null)", reading.cases[2].as_json())
        wait_until(page, lambda: bool(told(page, "refused")))
        asked = len(reading.slice_requests)
        page.wait_for_timeout(700)
        assert len(reading.slice_requests) == asked
        expect(canvas(page)).to_have_attribute("data-painted", "")

    def test_a_case_that_is_not_theirs_any_more_is_told_once_and_asked_for_no_more(self, page, reading):
        gate = reading.hold_all_but(CUE)
        open_viewer(page, reading, SINGLE, whole=False)
        expect(canvas(page)).to_have_attribute("data-painted", str(CUE))
        wait_until(page, lambda: len(reading.slice_requests) == 4)  # the first, and three more that are held
        reading.gone = {reading.cases[0].token}
        gate.set()
        wait_until(page, lambda: bool(told(page, "refused")))
        asked = len(reading.slice_requests)
        press(page, "End")
        expect(text(page, "absent")).to_have_text(f"Slice {SLICES} is no longer available.")
        page.wait_for_timeout(1200)  # longer than the first pause after a failure
        assert len(reading.slice_requests) == asked
        assert told(page, "refused") == [None]

    def test_a_case_to_come_that_is_not_to_be_had_disturbs_nobody_before_it_is_shown(self, page, reading):
        reading.gone = {reading.cases[1].token}
        open_viewer(page, reading)
        wait_until(page, lambda: len(reading.slice_requests) > SLICES)
        page.wait_for_timeout(700)
        assert len(reading.slice_requests) <= SLICES + 3  # those under way
        assert told(page, "refused") == []
        page.evaluate("(item) => viewer.show(item, null)", reading.cases[1].as_json())
        wait_until(page, lambda: bool(told(page, "refused")))
