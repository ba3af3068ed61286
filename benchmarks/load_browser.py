"""A browser as small as can be: one kept connection, cookies, and the forms of the project's pages."""

from __future__ import annotations

import http.client
import json
import re
import time
from contextlib import closing
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode

TIMEOUT_S = 30
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
CSRF = re.compile(r'<meta name="csrf-token" content="([^"]+)"')
LOST = (OSError, http.client.HTTPException)  # the connection was cut, or nobody listens


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes
    location: str
    ms: float

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


class Browser:
    """Not for two threads at once: a second click at the same time needs a `copy`, with a connection of its own."""

    def __init__(self, port: int, cookies: dict[str, str] | None = None) -> None:
        self._port = port
        self._cookies = cookies or {}
        self._connection = self._connect()

    def copy(self) -> Browser:
        return Browser(self._port, dict(self._cookies))

    def get(self, path: str) -> Response:
        return self._request("GET", path, None, {})

    def post_json(self, path: str, content: object, csrf: str) -> Response:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "X-CSRFToken": csrf}
        return self._request("POST", path, json.dumps(content).encode(), headers)

    def post_form(self, path: str, page: str, **fields: object) -> Response:
        """Post a form of a page that was fetched: its hidden fields, and these."""
        body = urlencode(dict(HIDDEN.findall(page)) | fields).encode()
        return self._request("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def cut(self) -> None:
        """Close the connection, whatever was on its way."""
        self._connection.close()

    def post_and_cut(self, path: str, content: object, csrf: str) -> None:
        """Send, and never learn what became of it."""
        headers = {"Content-Type": "application/json", "Accept": "application/json", "X-CSRFToken": csrf}
        self._connection.request("POST", path, json.dumps(content).encode(), headers | self._cookie_header())
        self.cut()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)

    def _cookie_header(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}

    def _request(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Response:
        began = time.perf_counter()
        try:
            self._connection.request(method, path, body, headers | self._cookie_header())
            with closing(self._connection.getresponse()) as answer:
                content = answer.read()
        except LOST:
            self.cut()
            raise
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            self._cookies |= {name: one.value for name, one in SimpleCookie(cookie).items()}
        return Response(
            answer.status, content, answer.headers.get("Location", ""), 1000 * (time.perf_counter() - began)
        )
