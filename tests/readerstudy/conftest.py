"""What the application's tests share: a broker in memory, so that no test rings a real worker."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from celery import current_app
from django.db import connection

Rung = Callable[[], list[tuple[str, list[int]]]]


@pytest.fixture(autouse=True)
def broker_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)  # Celery itself prefers it to any configuration
    monkeypatch.setattr(current_app.conf, "broker_url", "memory://")


@pytest.fixture
def rung() -> Iterator[Rung]:
    """Take what was rung since the last call: (task's last name, arguments) of each message."""
    with current_app.connection_for_read() as broker:
        queue = broker.SimpleQueue("celery", no_ack=True)
        queue.clear()

        def take() -> list[tuple[str, list[int]]]:
            messages = []
            while len(queue):
                message = queue.get(block=False)
                messages.append((message.headers["task"].rpartition(".")[2], message.payload[0]))
            return messages

        yield take
        queue.close()


@pytest.fixture
def in_threads() -> Callable[[list[Callable[[], object]]], list[object]]:
    """Run functions at once, a thread and a database connection each; return their results, or raise."""

    def call(function: Callable[[], object]) -> object:
        try:
            return function()
        finally:
            connection.close()

    def run(functions: list[Callable[[], object]]) -> list[object]:
        with ThreadPoolExecutor(len(functions)) as pool:
            return list(pool.map(call, functions))

    return run
