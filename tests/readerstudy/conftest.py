"""What the application's tests share: a broker in memory, so that no test rings a real worker."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

import pytest
from celery import current_app
from django.conf import LazySettings
from django.conf import settings as project
from django.db import connection, transaction
from django.test import override_settings

from tests.s3_server import KEYS, S3Server, serve_s3

Rung = Callable[[], list[tuple[str, list[int]]]]


@pytest.fixture(autouse=True)
def broker_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)  # Celery itself prefers it to any configuration
    monkeypatch.setattr(current_app.conf, "broker_url", "memory://")


@pytest.fixture(autouse=True)
def every_slice_is_looked_up(settings: LazySettings) -> None:
    """Remember no right to slices from one request to the next; what is remembered has tests of its own."""
    settings.SLICE_GRANT_S = 0


@pytest.fixture(scope="module")
def for_a_while(
    django_db_setup: None, django_db_blocker, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], AbstractContextManager[None]]:
    """Give an installation of which nothing stays, to see once what many tests of a module then look at."""

    @contextmanager
    def installation() -> Iterator[None]:
        folder = tmp_path_factory.mktemp("installation")
        caches = {"default": project.CACHES["default"] | {"LOCATION": str(folder / "cache")}}
        with (
            django_db_blocker.unblock(),
            override_settings(DATA_ROOT=folder, CACHES=caches, SLICE_GRANT_S=0),
            transaction.atomic(),
        ):
            yield
            transaction.set_rollback(True)

    return installation


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


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with serve_s3(tmp_path_factory.mktemp("s3") / "objects") as server:
        yield server


@pytest.fixture
def bucket(s3_server: S3Server, settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """Keep the store in a part of its own of a bucket on a real S3 server."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    url = s3_server.store_url(uuid.uuid4().hex)
    backend = {"BACKEND": "readerstudy.storage.bucket.BucketStorage", "OPTIONS": {"url": url}}
    settings.STORAGES = settings.STORAGES | {"store": backend}
    return s3_server
