"""A worker is killed at work (kill -9), another takes over: no case is lost and none doubled.

Real Celery workers, as in use, on the embedded defaults (SQLite, kombu's filesystem transport); on
PostgreSQL and Redis where `DATABASE_URL` and `CELERY_BROKER_URL` name them.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.crash, pytest.mark.database]

CASES = 8
SYNTHETIC = 4
TIMEOUT_S = 60

UNFINISHED = """
    SELECT (SELECT count(*) FROM readerstudy_slicepack WHERE state NOT IN ('succeeded', 'failed'))
         + (SELECT count(*) FROM readerstudy_synthesisrun WHERE state NOT IN ('succeeded', 'failed'))
"""
RUNNING = "SELECT count(*) FROM readerstudy_synthesisrun WHERE state = 'running'"
TUMOURS = "SELECT count(*) FROM readerstudy_synthesisrun WHERE state = 'succeeded'"


def wait_until(reached: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + TIMEOUT_S
    while not reached():
        assert time.monotonic() < end, f"not reached in {TIMEOUT_S} s:\n{log.read_text()}"
        time.sleep(0.02)


def kill(worker: subprocess.Popen[bytes]) -> None:
    """End the worker and its children at once, as a lack of memory or of power would."""
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait(TIMEOUT_S)


def test_a_killed_workers_cases_are_built_once_by_the_next(site, tmp_path):
    site.run("-m", "tests.crash.prepare", str(CASES), str(SYNTHETIC))
    first_log, second_log = tmp_path / "first.log", tmp_path / "second.log"

    first = site.start_worker(first_log)
    try:
        wait_until(lambda: site.query(TUMOURS)[0][0] >= 1 and site.query(RUNNING)[0][0] >= 1, first_log)
    finally:
        kill(first)
    left = site.query(UNFINISHED)[0][0]

    second = site.start_worker(second_log)
    try:
        wait_until(lambda: site.query(UNFINISHED)[0][0] == 0, second_log)
    finally:
        kill(second)

    found = json.loads(site.run("-m", "tests.crash.inspect_site"))
    assert left > 0
    assert found["jobs"] == {"pack succeeded": CASES, "run succeeded": SYNTHETIC}
    assert found["stored_files"] == found["files_of_the_import"] + CASES + SYNTHETIC
    assert found["tried_again"] >= 1
    assert found["most_attempts"] == 2


def test_a_worker_that_finds_no_message_builds_what_the_database_remembers(site, tmp_path):
    """The broker forgot everything: the reconciler, run when a worker starts, rings again."""
    site.run("-m", "tests.crash.prepare", "2", "1", "--deaf-broker")
    log = tmp_path / "worker.log"

    worker = site.start_worker(log)
    try:
        wait_until(lambda: site.query(UNFINISHED)[0][0] == 0, log)
    finally:
        kill(worker)

    assert json.loads(site.run("-m", "tests.crash.inspect_site"))["jobs"] == {"pack succeeded": 2, "run succeeded": 1}
