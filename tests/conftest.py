"""What every test stands on: a data root of its own, and the database that the settings name."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connections
from django.db.backends.base.operations import BaseDatabaseOperations
from django.test import override_settings
from hypothesis import settings as hypothesis_settings

from readerstudy.lifted_guard import lifted_guard
from tests.factories import restart_seeds

hypothesis_settings.register_profile("shared machine", deadline=None)  # nothing is timed in a test
hypothesis_settings.load_profile("shared machine")


@pytest.fixture(autouse=True)
def data_root(settings: LazySettings, tmp_path: Path) -> Path:
    """Keep whatever a test stores in its own folder."""
    settings.DATA_ROOT = tmp_path / "data"
    settings.DATA_ROOT.mkdir()
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": str(settings.DATA_ROOT / "cache")}}
    return settings.DATA_ROOT


@pytest.fixture(autouse=True)
def seeds() -> None:
    restart_seeds()


@pytest.fixture(scope="session", autouse=True)
def quick_hasher() -> Iterator[None]:
    with override_settings(PASSWORD_HASHERS=["tests.quick_hasher.QuickHasher"]):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    tmp_path_factory: pytest.TempPathFactory, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """Put SQLite's test database into a file, as in use: threads that share one in memory don't wait for locks."""
    database = connections.settings["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")
        database["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"  # no test pulls the plug on this one


@pytest.fixture(scope="session", autouse=True)
def flushable_records() -> Iterator[None]:
    """Let tests that commit empty their database afterwards, records too."""
    flush = BaseDatabaseOperations.execute_sql_flush

    def unguarded(operations: BaseDatabaseOperations, statements: list[str]) -> None:
        with lifted_guard(operations.connection):
            flush(operations, statements)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(BaseDatabaseOperations, "execute_sql_flush", unguarded)
        yield


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real CT beside the project; tests that need it skip where it is not there."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no ../shared/data beside the project")
    return folder
