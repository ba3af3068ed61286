"""A page that the browser may hide and freeze, and that keeps nothing of what it fetches for DevTools to show.

Playwright's own pages are kept visible and focused, and hold up to 200 MB of the answers to their requests.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from playwright.sync_api import Browser, Page


class FreezablePage:
    """A page in a profile of its own, driven by the DevTools protocol alone."""

    def __init__(self, browser: Browser, beside: Page, url: str, cookies: Iterable[Mapping[str, Any]] = ()) -> None:
        self._browser = browser.new_browser_cdp_session()
        self._beside = beside  # waiting on it lets messages arrive
        self.keyboard = self
        self._answers: dict[int, dict[str, Any]] = {}
        self._sent = 0
        self._browser.on("Target.receivedMessageFromTarget", self._receive)
        context = self._browser.send("Target.createBrowserContext")["browserContextId"]
        kept = [{name: cookie[name] for name in ("name", "value", "domain", "path")} for cookie in cookies]
        self._browser.send("Storage.setCookies", {"cookies": kept, "browserContextId": context})
        window = {"width": 1440, "height": 900}
        target = {"url": url, "browserContextId": context, **window}
        self._target = self._browser.send("Target.createTarget", target)["targetId"]
        attached = {"targetId": self._target, "flatten": False}
        self._session = self._browser.send("Target.attachToTarget", attached)["sessionId"]

    def evaluate(self, function: str, argument: object = None) -> Any:
        """Call a function in the page, as Playwright's `evaluate`."""
        expression = f"({function})({json.dumps(argument)})"
        sent = self._send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in sent:
            pytest.fail(str(sent["exceptionDetails"]))
        return sent["result"].get("value")

    def press(self, key: str) -> None:
        event = "new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })"
        self.evaluate(f"(key) => {{ document.body.dispatchEvent({event}); }}", key)

    def wait_for(self, function: str, wanted: object) -> None:
        for _ in range(200):
            if (found := self.evaluate(function)) == wanted:
                return
            self.wait_for_timeout(40)
        pytest.fail(f"It stayed {found!r} and did not become {wanted!r} within 8 s.")

    def wait_for_timeout(self, milliseconds: float) -> None:
        self._beside.wait_for_timeout(milliseconds)

    def freeze(self) -> None:
        self._send("Page.setWebLifecycleState", state="frozen")  # and hides it, as a tab in the background is

    def resume(self) -> None:
        self._send("Page.setWebLifecycleState", state="active")
        self._send("Emulation.setFocusEmulationEnabled", enabled=True)  # makes it visible again

    def close(self) -> None:
        self._browser.send("Target.closeTarget", {"targetId": self._target})
        self._browser.detach()

    def _send(self, method: str, **parameters: object) -> dict[str, Any]:
        self._sent += 1
        message = json.dumps({"id": self._sent, "method": method, "params": parameters})
        self._browser.send("Target.sendMessageToTarget", {"sessionId": self._session, "message": message})
        for _ in range(800):
            if self._sent in self._answers:
                answer = self._answers.pop(self._sent)
                if "error" in answer:
                    pytest.fail(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self.wait_for_timeout(10)
        pytest.fail(f"The page did not answer {method} within 8 s.")

    def _receive(self, event: dict[str, Any]) -> None:
        message = json.loads(event["message"])
        if "id" in message:
            self._answers[message["id"]] = message
