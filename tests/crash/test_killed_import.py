"""An import is killed at work (kill -9): begun anew by the next worker, it leaves no orphan and doubles nothing."""

import json
import os
import signal
import subprocess
import sys

import pytest

from .site import ROOT
from .test_killed_worker import TIMEOUT_S, kill, wait_until

pytestmark = [pytest.mark.crash, pytest.mark.database]

CTS = 5

RUN = "SELECT state, done, total, attempts FROM readerstudy_importrun"
ROWS = "SELECT count(*) FROM readerstudy_storedfile"
SHELVED = "SELECT count(*) FROM readerstudy_shelvedfile"
VOLUMES = "SELECT count(*) FROM readerstudy_volume"


def files(site):
    """Return what lies in the store, unfinished files too."""
    store = site.data_root / "store"
    return {path.name for path in store.rglob("*") if path.is_file()}


def test_a_killed_import_is_begun_anew_and_leaves_nothing_behind(site, tmp_path):
    site.run("-m", "tests.crash.prepare_import", str(tmp_path / "source"), str(CTS), "--upload")
    first_log, second_log = tmp_path / "first.log", tmp_path / "second.log"

    first = site.start_worker(first_log)
    try:
        wait_until(lambda: site.query(RUN)[0][1] >= 1, first_log)
    finally:
        kill(first)
    left, state = files(site), site.query(RUN)[0]

    second = site.start_worker(second_log)
    try:
        wait_until(lambda: site.query(RUN)[0][0] == "succeeded", second_log)
        wait_until(lambda: site.query(SHELVED)[0][0] == 0 and not left & files(site), second_log)
        wait_until(lambda: not list((site.data_root / "uploads").iterdir()), second_log)
    finally:
        kill(second)

    assert state[0] == "running"
    assert len(left) >= 3  # a CT, a mask, a thumbnail
    assert site.query(RUN) == [("succeeded", CTS, CTS, 2)]
    assert site.query(VOLUMES) == [(CTS,)]
    assert len(files(site)) == site.query(ROWS)[0][0] == 3 * CTS
    report = json.loads(site.run("manage.py", "check_store", "--json", "--orphans-after", "0"))
    assert (report["problems"], report["files"]) == ([], 3 * CTS)


def test_a_killed_command_leaves_what_the_check_removes(site, tmp_path):
    source = tmp_path / "source"
    site.run("-m", "tests.crash.prepare_import", str(source), "2")
    site.run("manage.py", "migrate", "--skip-checks", "--verbosity", "0")
    arguments = ["manage.py", "import_dataset", "set", str(source), "--layout", "manifest"]
    log = tmp_path / "command.log"

    with log.open("wb") as output:
        command = subprocess.Popen(
            [sys.executable, *arguments], cwd=ROOT, env=site.environment, stdout=output, stderr=output
        )
    try:
        wait_until(lambda: len(files(site)) >= 3, log)
    finally:
        os.kill(command.pid, signal.SIGKILL)
        command.wait(TIMEOUT_S)

    assert site.query(ROWS) == site.query(VOLUMES) == [(0,)]
    mended = json.loads(site.run("manage.py", "check_store", "--json", "--repair", "--orphans-after", "0"))
    assert (mended["left"], files(site)) == (0, set())
    site.run(*arguments)
    assert len(files(site)) == site.query(ROWS)[0][0] == 6
