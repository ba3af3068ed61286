"""An installation of its own for processes that are killed: a data root, a database, a broker."""

import os
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
QUICK = {"JOB_LEASE_S": "2", "RECONCILE_EVERY_S": "1"}


@dataclass
class Site:
    """An installation: its environment, and a look into its database that needs no Django."""

    environment: dict[str, str]
    query: Callable[[str], list[tuple[object, ...]]]

    @property
    def data_root(self) -> Path:
        return Path(self.environment["DATA_ROOT"])

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, log: Path, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a Python program in a process group of its own, so that it can be killed with its children."""
        with log.open("ab") as file:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    def start_worker(self, log: Path, *, concurrency: int = 2) -> subprocess.Popen[bytes]:
        celery = ("-m", "celery", "-A", "readerstudy", "worker", "-B")
        return self.start(log, *celery, "--concurrency", str(concurrency), "--loglevel", "INFO")


@contextmanager
def make_site(folder: Path) -> Iterator[Site]:
    """Yield an installation on the embedded defaults; on PostgreSQL where `DATABASE_URL` names one."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "PUBLIC_URL")}
    environment |= QUICK | {"DATA_ROOT": str(folder), "DJANGO_SETTINGS_MODULE": "readerstudy.settings"}
    database_url = os.environ.get("DATABASE_URL", "")
    if database_url.startswith("postgres"):
        yield from _on_postgresql(environment, database_url)
    else:
        yield Site(environment, lambda sql: _ask_sqlite(folder / "db.sqlite3", sql))


def _ask_sqlite(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path, timeout=20)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def _on_postgresql(environment: dict[str, str], url: str) -> Iterator[Site]:
    import psycopg

    name = f"crash_{uuid.uuid4().hex}"
    own = urlsplit(url)._replace(path=f"/{name}").geturl()
    with psycopg.connect(urlsplit(url)._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            with psycopg.connect(own, autocommit=True) as database:
                yield Site(environment | {"DATABASE_URL": own}, lambda sql: database.execute(sql).fetchall())
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
