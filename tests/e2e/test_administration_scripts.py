"""The scripts of the administration pages, with the pages' own markup and a server made of canned answers."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.e2e

STATIC = Path(__file__).resolve().parents[2] / "static"
SITE = "http://localhost"  # a secure context, which the clipboard asks for; nothing listens there
POLL_EVERY_MS = 2_000


def serve(page: Page, script: str, markup: str, answers: dict[str, Callable[[], dict[str, object]]]) -> list[str]:
    """Serve one page, the project's scripts, and `answers` by path; return the paths asked for, as they come."""
    asked: list[str] = []
    html = (
        f'<!doctype html>{markup}<script type="module" src="/static/readerstudy/js/administration/{script}"></script>'
    )

    def fulfill(route: Route) -> None:
        path = route.request.url.removeprefix(SITE)
        asked.append(path)
        if path.startswith("/static/"):
            route.fulfill(path=STATIC / path.removeprefix("/static/"), content_type="text/javascript")
        elif path in answers:
            route.fulfill(**answers[path]())
        else:
            route.fulfill(body=html, content_type="text/html")

    page.route(f"{SITE}/**", fulfill)
    page.goto(f"{SITE}/")
    return asked


def progress(ready: int, *, failed: int = 0, running: int = 0) -> dict[str, object]:
    counts = {"total": 4, "ready": ready, "running": running, "failed": failed}
    counts["queued"] = 4 - ready - running - failed
    return counts | {"finished": ready + failed == 4}


def progress_markup() -> str:
    study = {"slug": "livers"}
    return render_to_string("readerstudy/administration/_progress.html", {"study": study, "progress": progress(0)})


def test_the_progress_bar_moves_and_the_page_comes_anew_when_nothing_is_left(page: Page):
    page.clock.install()
    seen = [progress(1, running=1), progress(2, failed=1, running=1), progress(3, failed=1)]
    replies = iter([*seen, progress(3, running=1)])  # the last one once the page came anew
    asked = serve(page, "progress.js", progress_markup(), {"/studies/livers/progress": lambda: {"json": next(replies)}})
    bar = page.get_by_role("progressbar")
    expect(bar).to_have_js_property("value", 1)
    expect(page.get_by_text("1 of 4 cases ready")).to_be_visible()
    expect(page.get_by_role("link", name="Refresh")).to_be_hidden()
    page.clock.run_for(POLL_EVERY_MS)
    expect(bar).to_have_js_property("value", 2)
    expect(page.locator("[data-count=failed]")).to_have_text("1")
    with page.expect_navigation():
        page.clock.run_for(POLL_EVERY_MS)
    assert asked.count("/") == 2


def test_a_silent_server_is_said_and_asked_again(page: Page):
    page.clock.install()
    replies = iter([{"status": 502}, {"body": "<h1>Log in</h1>"}, {"json": progress(2)}])
    serve(page, "progress.js", progress_markup(), {"/studies/livers/progress": lambda: next(replies)})
    trouble = page.get_by_text("The server can’t be reached or you are logged out; trying again.")
    for _ in range(2):
        expect(trouble).to_be_visible()
        page.clock.run_for(POLL_EVERY_MS)
    expect(page.get_by_text("2 of 4 cases ready")).to_be_visible()
    expect(trouble).to_be_hidden()


LINK = '<input id="link" readonly value="https://example.org/i/secret"><button data-copy="link" hidden>Copy</button>'


def test_an_invitation_link_is_copied(page: Page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=SITE)
    serve(page, "copy.js", f"{LINK}<p data-copied></p>", {})
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "https://example.org/i/secret"


def test_where_copying_is_not_allowed_the_link_is_selected(page: Page):
    serve(page, "copy.js", f"{LINK}<p data-copied></p>", {})
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error('denied')) }")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("press Ctrl+C")).to_be_visible()
    assert page.evaluate("getSelection().toString()") == "https://example.org/i/secret"


def test_a_double_click_sends_a_form_once(page: Page):
    form = '<form action="/sent" data-once><button>Send</button></form>'
    page.add_init_script("addEventListener('submit', (e) => { console.log(e.defaultPrevented); e.preventDefault(); })")
    sent: list[str] = []
    page.on("console", lambda message: sent.append(message.text))
    serve(page, "submit_once.js", form, {})
    page.get_by_role("button", name="Send").dblclick()
    page.evaluate("dispatchEvent(new Event('pageshow'))")
    page.get_by_role("button", name="Send").click()
    assert [json.loads(text) for text in sent] == [False, True, False]
