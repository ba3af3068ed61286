"""A small server that speaks the reading room's HTTP contract, and misbehaves on request.

It renders the real templates and serves the real scripts, but has no database: what it was asked and what it
was told are plain lists to look at.
"""

import gzip
import json
import mimetypes
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
from django.conf import settings
from django.template.loader import render_to_string

from readerstudy.domain.answer_scale import answer_scale
from readerstudy.domain.blinding import first_slice_url
from readerstudy.domain.realism import attributes_asked
from readerstudy.domain.slice_packs import encode_slice

ROOT = Path(__file__).parents[2]
SHUT_DOWN_WITHIN_S = 0.02  # unless said, half a second, after each test
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; worker-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'"
)
PAGE_CONTEXT: dict[str, Any] = {
    "study_title": "Early tumours: real or synthetic?",
    "reader_code": "R1",
    "stand_in_notice": "Demonstration: the “real” tumours are stand-ins from a phantom, not patients’ tumours.",
    "told_prevalence": "Some cases are real, some synthetic.",
    "n_cases": 24,
    "n_practice": 3,
    "expected": {"minutes": 30, "from_answers": False},
    "csrf_token": "test-csrf-token",
    "sittings": 2,
    "washout_days": 28,
    "break": {"sitting": 2, "sittings": 2, "washout_days": 28, "from_day": date(2026, 12, 23)},
    "title": "The study is closed",
    "message": "Reading has ended. Thank you for your time.",
}
LABEL_ALONE: dict[str, Any] = {
    "response": "label",
    "lesion_cue": "slice",
    "comments": False,
    "rationale_mark": False,
    "attributes": [],
    "practice_feedback": False,
    "change_answers": "until-next",
}
FEEDBACK = "The tumour of this practice case is synthetic."
PAGES = {
    "/reading/": "room",
    "/reading/finished/": "finished",
    "/reading/display/": "display_check",
    "/pages/invitation": "invitation",
    "/pages/invitation_used": "invitation_used",
    "/pages/instructions": "instructions",
    "/pages/message": "message",
    "/pages/next_sitting": "next_sitting",
}


@dataclass(frozen=True)
class ShownCase:
    token: str
    organ: str
    volume: np.ndarray
    spacing_mm: tuple[float, float, float]
    cue_slice: int | None
    cue_marker: tuple[float, float, float] | None = None
    labels: np.ndarray | None = None
    towards: tuple[str, str, str] = ("I", "P", "L")

    def as_json(self) -> dict[str, Any]:
        return {
            "token": self.token,
            "organ": self.organ,
            "question": f"Is the tumour in this {self.organ} real or synthetic?",
            "shape": self.volume.shape,
            "spacing_mm": self.spacing_mm,
            "towards": self.towards,
            "cue_slice": self.cue_slice,
            "cue_marker": self.cue_marker,
            "slice_url": f"/reading/cases/{self.token}/slices/{{n}}",
            "answer_url": f"/reading/cases/{self.token}/answer",
            "problem_url": f"/reading/cases/{self.token}/problem",
        } | ({} if self.labels is None else {"overlay_url": f"/reading/cases/{self.token}/labels/slices/{{n}}"})


@dataclass
class ReadingServer:
    """The reader's state, faults to play, and a record of what happened."""

    cases: Sequence[ShownCase]
    practice: int = 0
    asked: dict[str, Any] = field(default_factory=LABEL_ALONE.copy)
    """The `reading` part of the study's design."""
    preferences: dict[str, Any] = field(default_factory=dict)

    answers: list[dict[str, Any]] = field(default_factory=list)
    """What was stored, in order: the posted answer with its case's token."""
    posts: int = 0
    problems: list[dict[str, Any]] = field(default_factory=list)
    """What was reported, in order, with the case's token."""
    forms: list[dict[str, str]] = field(default_factory=list)
    """What forms posted, in order."""
    slice_requests: list[tuple[str, int]] = field(default_factory=list)
    most_at_once: int = 0

    slice_faults: Counter[int] = field(default_factory=Counter)
    """Slice -> how many more requests for it fail with 500."""
    damaged: dict[int, bytes] = field(default_factory=dict)
    """Slice -> what is sent instead of its gzip member."""
    ended: bool = False
    """The sitting was ended."""
    closed: bool = False
    """The study was closed: the state says so in words."""
    held: dict[int, threading.Event] = field(default_factory=dict)
    """Slice -> not answered before this is set."""
    refuse_answers: int = 0
    """So many more answers get a 503 and are not stored."""
    reject_answers: int | None = None
    """The status, 400 or 404, that every answer gets; none is stored."""
    lose_responses: int = 0
    """So many more answers are stored, and the connection cut before the reader hears of it."""
    session_over: bool = False
    missing: set[str] = field(default_factory=set)
    """Names of static files that are not to be had."""
    gone: set[str] = field(default_factory=set)
    """Tokens of cases of which nothing is given any more."""
    cut: bool = False
    """No answer to any request: the connection is closed."""
    url: str = ""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._at_once = 0

    def hold_all_but(self, *answered: int) -> threading.Event:
        """Answer only these slices before the event is set, so that what is asked for can be seen at any speed."""
        gate = threading.Event()
        self.held = {
            number: gate for case in self.cases for number in range(len(case.volume)) if number not in answered
        }
        return gate

    def context(self) -> dict[str, Any]:
        state = self.state()
        return (
            PAGE_CONTEXT
            | self.asked
            | {"scale": answer_scale(self.asked), "attributes": attributes_asked(self.asked)}
            | {"can_go_back": self.can_go_back, "preferences": self.preferences, "state": state}
            | ({"first_slice_url": first_slice_url(state["case"])} if "case" in state else {})
        )

    def state(self) -> dict[str, Any]:
        if self.closed:
            return {"done": True, "message": "This study is closed."}
        position = len({answer["token"] for answer in self.answers})
        earlier = [
            {"number": n, "token": case.token, "url": f"/reading/cases/{case.token}/earlier"}
            for n, case in enumerate(self.cases[:position], start=1)
            if self.can_go_back and not self.ended
        ]
        progress = {"position": position + 1, "total": len(self.cases), "practice": position < self.practice}
        if position == len(self.cases):
            return {"done": not earlier, "earlier": earlier, "progress": progress}
        following = self.cases[position + 1] if position + 1 < len(self.cases) else None
        return {
            "done": False,
            "case": self.cases[position].as_json(),
            "next": following and following.as_json(),
            "earlier": earlier,
            "progress": progress,
        }

    @property
    def can_go_back(self) -> bool:
        return bool(self.asked["change_answers"] == "until-sitting-ends")

    def revisited(self, token: str) -> dict[str, Any]:
        own = [answer for answer in self.answers if answer["token"] == token]
        case = next(case for case in self.cases if case.token == token)
        nothing = {"rating": None, "comment": "", "mark": None, "attributes": {}}
        return {"case": case.as_json(), "answer": nothing | own[-1] | {"revision": len(own)}}

    def store(self, token: str, answer: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            earlier = [one for one in self.answers if one["token"] == token]
            if not any(one["submission"] == answer["submission"] for one in earlier):
                if len(earlier) != answer.get("revises", 0):
                    return 409, {"error": "You have already answered this case.", "state": self.state()}
                self.answers.append({"token": token, **answer})
            practice = any(case.token == token for case in self.cases[: self.practice])
            told = {"feedback": FEEDBACK} if practice and self.asked["practice_feedback"] else {}
        return 200, {"stored": True, "state": self.state()} | told

    def store_problem(self, token: str, problem: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            if not any(one["submission"] == problem["submission"] for one in self.problems):
                self.problems.append({"token": token, **problem})
        return 200, {"stored": True}

    def member(self, token: str, number: int) -> bytes | None:
        """One slice's gzip member, after whatever fault is played; None for a failure."""
        with self._lock:
            self.slice_requests.append((token, number))
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if number in self.held:
                self.held[number].wait(10)
            if self.slice_faults[number] > 0:
                self.slice_faults[number] -= 1
                return None
            case = next(case for case in self.cases if case.token == token.removesuffix("/labels"))
            volume = case.labels if token.endswith("/labels") else case.volume
            assert volume is not None
            return self.damaged.get(number) or encode_slice(volume[number])
        finally:
            with self._lock:
                self._at_once -= 1


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_HttpServer"

    def do_GET(self) -> None:
        reading = self.server.reading
        path = self.path
        if reading.cut:
            self.close_connection = True
        elif path.startswith("/static/"):
            self._send_static(path)
        elif path in PAGES:
            html = render_to_string(f"readerstudy/reading/{PAGES[path]}.html", reading.context())
            self._send(200, html.encode(), "text/html; charset=utf-8")
        elif path == "/viewer":
            self._send(200, viewer_page().encode(), "text/html; charset=utf-8")
        elif path == "/blank":
            self._send(200, b"<!doctype html><title>blank</title>", "text/html")
        elif reading.session_over:
            self._send_json(403, {"error": "no session"})
        elif path == "/reading/state":
            self._send_json(200, reading.state())
        elif path.endswith("/earlier"):
            self._send_json(200, reading.revisited(path.split("/")[3]))
        elif "/slices/" in path:
            self._send_slice(*path.removeprefix("/reading/cases/").split("/slices/"))
        else:
            self._send(404, b"", "text/plain")

    def _send_static(self, path: str) -> None:
        if Path(path).name in self.server.reading.missing:
            self._send(503, b"", "text/plain")
        else:
            self._send_file(ROOT / "static" / path.removeprefix(settings.STATIC_URL).removeprefix("/static/"))

    def do_POST(self) -> None:
        reading = self.server.reading
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        if reading.cut:
            self.close_connection = True
        elif self.path == "/reading/sitting/end":
            reading.ended = True
            self._send(302, b"", "text/plain", {"Location": "/reading/finished/"})
        elif self.path in PAGES:
            reading.forms.append(dict(parse_qsl(raw.decode(), keep_blank_values=True)))
            self._send(200, b"", "text/plain")
        else:
            self._take(json.loads(raw))

    def _take(self, body: dict[str, Any]) -> None:
        reading = self.server.reading
        if self.path == "/reading/preferences":
            reading.preferences = body
            self._send_json(200, {"stored": True})
            return
        reading.posts += 1
        _, _, _, token, what = self.path.split("/")
        store = {"answer": reading.store, "problem": reading.store_problem}[what]
        if reading.session_over or self.headers["X-CSRFToken"] != PAGE_CONTEXT["csrf_token"]:
            self._send_json(403, {"error": "no session"})
        elif reading.refuse_answers > 0:
            reading.refuse_answers -= 1
            self._send_json(503, {"error": "busy"})
        elif reading.reject_answers is not None:
            self._send_json(reading.reject_answers, {"error": "no such case"})
        elif reading.lose_responses > 0:
            reading.lose_responses -= 1
            store(token, body)
            self.close_connection = True
        else:
            self._send_json(*store(token, body))

    def _send_slice(self, token: str, number: str) -> None:
        member = self.server.reading.member(token, int(number))
        if token in self.server.reading.gone:
            self._send_json(404, {"error": "There is nothing here for you now."})
        elif member is None:
            self._send(500, b"", "text/plain")
        else:
            self._send(200, member, "application/octet-stream", {"Content-Encoding": "gzip"})

    def _send_file(self, path: Path) -> None:
        if path.is_file():
            self._send(200, path.read_bytes(), mimetypes.guess_type(path)[0] or "application/octet-stream")
        else:
            self._send(404, b"", "text/plain")

    def _send_json(self, status: int, content: dict[str, Any]) -> None:
        self._send(status, json.dumps(content).encode(), "application/json")

    def _send(self, status: int, body: bytes, content_type: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": content_type,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Stay quiet: the tests look at the record instead."""


def viewer_page() -> str:
    """The viewer's own markup and styles, with nothing around it and no script: see viewer_page.py."""
    parts = [render_to_string(f"readerstudy/reading/_viewer{part}.html") for part in ("_head", "")]
    base = '<link rel="stylesheet" href="/static/readerstudy/css/base.css">'
    return f'<!doctype html><html lang="en"><title>viewer</title>{base}{parts[0]}<body><main>{parts[1]}</main></html>'


class _HttpServer(ThreadingHTTPServer):
    reading: ReadingServer

    def handle_error(self, *args: object) -> None:
        """A browser that closes a page cuts its connections; that is no error of a test."""


@contextmanager
def serve(reading: ReadingServer) -> Iterator[ReadingServer]:
    with _HttpServer(("127.0.0.1", 0), _Handler) as server:
        server.reading = reading
        reading.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=[SHUT_DOWN_WITHIN_S], daemon=True).start()
        yield reading
        for event in reading.held.values():
            event.set()
        server.shutdown()


def wrong_size_member() -> bytes:
    """A whole gzip member of another slice format."""
    return gzip.compress(bytes(100), mtime=0)
