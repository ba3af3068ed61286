"""A reader who reads a study to its end through HTTP, and is unlucky: clicks twice, loses answers on the way."""

from __future__ import annotations

import random
import re
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.load_browser import CSRF, LOST, Browser, Response

SLICES = 3  # of each case: around the one it opens at; the next case's opening one is fetched ahead
PATIENCE_S = 90  # with a server that does not answer
WAITS_S = (0.2, 1.0)  # before what was lost is sent again, as the page's outbox does
TRIVIAL = re.compile(r'href="(/static/[^"]+/icon.svg)"')  # a file of a few bytes, to compare with
LUCK = {"once": 0.4, "twice": 0.25, "lost": 0.2, "two windows": 0.15}

SEEN = {
    "dark_shown": "47",
    "dark_seen": "47",
    "bright_shown": "82",
    "bright_seen": "82",
    "screen_width": 1920,
    "screen_height": 1080,
    "pixel_ratio": 1,
    "colour_depth": 24,
}
"""What the display check posts of a screen on which every step is seen."""


@dataclass
class Log:
    """What all readers measured, and how many answers are on their way now."""

    ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    cut_off: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    failed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    answering: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answering_now(self, change: int) -> None:
        with self.lock:
            self.answering += change


@dataclass
class Reader:
    """Reads to the end; `stored` holds what the server said it has stored: token -> (submission, label)."""

    link: str
    port: int
    think_s: float
    log: Log
    seed: int
    stored: dict[str, tuple[str, str]] = field(default_factory=dict)
    luck: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __post_init__(self) -> None:
        self._browser = Browser(self.port)
        self._rng = random.Random(self.seed)  # noqa: S311  luck, no secret
        self._csrf = self._trivial = ""

    def read_to_the_end(self) -> None:
        try:
            self._read()
        finally:
            self._browser.cut()

    def _read(self) -> None:
        page = self._page(self.link)
        self._try("page", lambda: self._browser.post_form(self.link, page.text, consents="on"))
        while self._go_to_room():
            state = self._try("state", lambda: self._browser.get("/reading/state")).json()
            while not state["done"]:
                self._look(state)
                time.sleep(self.think_s * self._rng.uniform(0.5, 1.5))
                state = self._answer(state["case"])

    def _go_to_room(self) -> bool:
        """Go through the pages before the room, as often as the server sends there; False at the end."""
        path = "/reading/"
        while True:
            page = self._page(path)
            if page.location:
                path = page.location
            elif path == "/reading/":
                self._csrf, self._trivial = CSRF.findall(page.text)[0], TRIVIAL.findall(page.text)[0]
                return True
            elif "finished" in path:
                return False
            else:
                self._pass(page, path)
                path = "/reading/"

    def _pass(self, page: Response, path: str) -> None:
        """Press the button of a page before the room."""
        fields = SEEN if "display" in path else {}
        self._try("page", lambda: self._browser.post_form(path, page.text, **fields))

    def _page(self, path: str) -> Response:
        return self._try("page", lambda: self._browser.get(path))

    def _look(self, state: dict[str, Any]) -> None:
        case, following = state["case"], state["next"]
        first = max(0, case["cue_slice"] - SLICES // 2)
        for number in range(first, min(first + SLICES, case["shape"][0])):
            self._slice(case, number)
        if following:
            self._slice(following, following["cue_slice"])
        self._try("trivial", lambda: self._browser.get(self._trivial))

    def _slice(self, case: dict[str, Any], number: int) -> None:
        path = case["slice_url"].replace("{n}", str(number))
        self._try("slice", lambda: self._browser.get(path))

    def _answer(self, case: dict[str, Any]) -> dict[str, Any]:
        """Answer a case as luck has it; return the state that the server answered with."""
        answers = [self._new_answer()]
        luck = self._rng.choices(list(LUCK), list(LUCK.values()))[0]
        self.luck[luck] += 1
        if luck == "lost":
            self._lose(case, answers[0])
        if luck == "two windows":
            answers.append(self._new_answer())
        outcomes = self._send_at_once(case, answers * 2 if luck == "twice" else answers)
        taken = {answer["submission"]: answer for answer, response in outcomes if response.status == 200}
        assert len(taken) == 1, f"{len(taken)} answers of one case were taken"  # noqa: S101  this is what is tested
        (answer,) = taken.values()
        self.stored[case["token"]] = (answer["submission"], answer["label"])
        state: dict[str, Any] = next(response for _, response in outcomes if response.status == 200).json()["state"]
        return state

    def _new_answer(self) -> dict[str, Any]:
        label = self._rng.choice(["real", "synthetic", "unsure"])
        submission = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        return {"submission": submission, "label": label, "active_ms": 100, "viewer_version": "load"}

    def _lose(self, case: dict[str, Any], answer: dict[str, Any]) -> None:
        """Send it and hear nothing: it may have arrived or not."""
        try:
            self._browser.post_and_cut(case["answer_url"], answer, self._csrf)
        except LOST:
            self._browser.cut()
        time.sleep(self._rng.uniform(0, 0.5))

    def _send_at_once(
        self, case: dict[str, Any], answers: list[dict[str, Any]]
    ) -> list[tuple[dict[str, Any], Response]]:
        """Send each from a window of its own, again and again until the server has answered."""
        browsers = [self._browser, *(self._browser.copy() for _ in answers[1:])]
        outcomes: list[tuple[dict[str, Any], Response]] = []

        def send(browser: Browser, answer: dict[str, Any]) -> None:
            self.log.answering_now(1)
            try:
                outcomes.append(
                    (answer, self._try("answer", lambda: browser.post_json(case["answer_url"], answer, self._csrf)))
                )
            finally:
                self.log.answering_now(-1)

        threads = [threading.Thread(target=send, args=pair) for pair in zip(browsers[1:], answers[1:], strict=True)]
        for thread in threads:
            thread.start()
        send(browsers[0], answers[0])
        for thread in threads:
            thread.join()
        for browser in browsers[1:]:
            browser.cut()
        return outcomes

    def _try(self, kind: str, send: Callable[[], Response]) -> Response:
        """Send until an answer comes; note its time, and what was cut off or failed before."""
        patience = time.monotonic() + PATIENCE_S
        while time.monotonic() < patience:
            try:
                response = send()
            except LOST:
                self.log.cut_off[kind] += 1
            else:
                if response.status < 500:
                    self.log.ms[kind].append(response.ms)
                    return response
                self.log.failed[kind] += 1
            time.sleep(self._rng.uniform(*WAITS_S))
        raise TimeoutError(f"No answer to a {kind} request within {PATIENCE_S} s.")
