"""Read a study to the end by many readers at once, while clicks are doubled, answers lost and processes killed.

    python -m benchmarks.load                                  # 20 readers, 150 cases; SQLite, files as broker
    DATABASE_URL=postgres://… CELERY_BROKER_URL=redis://… python -m benchmarks.load
    python -m benchmarks.load --readers 5 --cases 30 --think-s 0 --kill-server-s 0 --kill-worker-packs 0

Everything is real: gunicorn and Celery as `make demo` starts them, the readers' own requests over HTTP (pages, state,
slices, answers). Each answer is sent once, twice at the same time, again after its response was lost, or together
with another one from a second window. Meanwhile gunicorn's and Celery's processes are killed (`kill -9`). Afterwards
every reader's answers are compared with what is stored, and every order is checked by the tests' own rules.
Ends with 1 where anything was lost or doubled, or an answer took too long.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.load_reader import Log, Reader
from tests.crash.site import Site, make_site

LIMIT_MS = 150  # of 95 in 100 answers
BUILT_WITHIN_S = 180


@dataclass(frozen=True)
class Load:
    readers: int = 20
    cases: int = 150
    think_s: float = 2.0
    """Mean time at a case beside its requests."""
    kill_server_s: float = 8
    """Seconds between two kills of a gunicorn process; 0: none."""
    kill_worker_packs: int = 60
    """Cases that a worker builds before it is killed, with all its children; 0: none is killed."""


@dataclass
class Outcome:
    log: Log
    check: dict[str, Any]
    lost: list[str]
    """What the server said it has stored, and has not, or differently; what it has twice."""
    luck: Counter[str]
    kills: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0


def run_load(site: Site, load: Load, folder: Path) -> Outcome:
    """Build the study, have it read, and compare what readers were told with what is stored."""
    kills: Counter[str] = Counter()
    with _worker(site, folder / "worker.log", load, kills) as built:
        links = build_study(site, load, built)
        readers, log, seconds = read_study(site, load, folder, links, kills)
        say("building what is left")
        built(2 * _packs(site, "read"))
    say("checking")
    check = json.loads(site.run("-m", "benchmarks.load_study", "check"))
    luck = sum((Counter(reader.luck) for reader in readers), Counter())
    return Outcome(log, check, list(_differences(readers, check)), luck, kills, seconds)


def build_study(site: Site, load: Load, built: Callable[[int], None]) -> list[str]:
    """Return the paths of the readers' links."""
    say(f"drawing {load.cases} cases")
    site.run("-m", "benchmarks.load_study", "draw", str(load.cases))
    say("building them")
    built(_packs(site, "read"))
    say("auditing, opening, inviting")
    links: list[str] = json.loads(site.run("-m", "benchmarks.load_study", "open", str(load.readers)).splitlines()[-1])
    return links


def read_study(
    site: Site, load: Load, folder: Path, links: list[str], kills: Counter[str]
) -> tuple[list[Reader], Log, float]:
    say("reading")
    with _server(site, folder / "server.log", load, kills) as (port, log):
        began = time.perf_counter()
        readers = [Reader(link, port, load.think_s, log, seed) for seed, link in enumerate(links)]
        with ThreadPoolExecutor(len(readers)) as pool:
            for reading in [pool.submit(reader.read_to_the_end) for reader in readers]:
                reading.result()
        return readers, log, time.perf_counter() - began


def _differences(readers: list[Reader], check: dict[str, Any]) -> Iterator[str]:
    told = {token: answer for reader in readers for token, answer in reader.stored.items()}
    stored: dict[str, tuple[str, str]] = {}
    for _, token, revision, submission, label in check["readings"]:
        if token in stored or revision != 1:
            yield f"{token} is stored twice"
        stored[token] = (submission, label)
    if len(stored) != check["asked"]:
        yield f"{check['asked']} answers were asked for, {len(stored)} are stored"
    yield from (f"{token} is lost or another" for token, answer in told.items() if stored.get(token) != answer)
    yield from (f"{token} was never confirmed" for token in stored.keys() - told.keys())
    if not check["answered_in_order"]:
        yield "some answers did not come in the order that was drawn"


@contextmanager
def _server(site: Site, log_path: Path, load: Load, kills: Counter[str]) -> Iterator[tuple[int, Log]]:
    """Serve as `make demo` does; kill one of the serving processes now and then, while it has answers to store."""
    port, log = _free_port(), Log()
    gunicorn = ["-m", "gunicorn", "readerstudy.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4"]
    site.environment |= {"PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}"}
    server = site.start(log_path, *gunicorn, "--preload", "--log-level", "warning")
    rng = random.Random(1)  # noqa: S311  which process dies

    def kill_one() -> None:
        while log.answering == 0:
            time.sleep(0.001)
        os.kill(rng.choice(_children(server.pid)), signal.SIGKILL)
        kills["server"] += 1

    try:
        _wait_until(lambda: _listens(port), 30, log_path)
        with _every(load.kill_server_s, kill_one):
            yield port, log
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)


@contextmanager
def _worker(site: Site, log: Path, load: Load, kills: Counter[str]) -> Iterator[Callable[[int], None]]:
    """Run a worker that is killed with all its children now and then, and started anew; yield a wait for packs."""
    started: list[subprocess.Popen[bytes]] = []
    killed_at = 0

    def start() -> None:
        started.append(site.start_worker(log, concurrency=max(1, (os.cpu_count() or 2) - 1)))

    def kill() -> None:
        os.killpg(started[-1].pid, signal.SIGKILL)
        started[-1].wait(30)

    def kill_at_work() -> None:
        nonlocal killed_at
        if load.kill_worker_packs and _ready(site) >= killed_at + load.kill_worker_packs:
            kill()
            kills["worker"] += 1
            killed_at = _ready(site)
            start()

    site.run("manage.py", "migrate", "--skip-checks", "--verbosity", "0")
    start()
    try:
        with _every(0.1, kill_at_work):
            yield lambda count: _wait_until(lambda: _ready(site) >= count, BUILT_WITHIN_S, log)
    finally:
        kill()


def _ready(site: Site) -> int:
    return int(str(site.query("SELECT count(*) FROM readerstudy_slicepack WHERE state = 'succeeded'")[0][0]))


def _packs(site: Site, slug: str) -> int:
    study = f"SELECT id FROM readerstudy_study WHERE slug = '{slug}'"  # noqa: S608  a name of ours
    return int(str(site.query(f"SELECT count(*) FROM readerstudy_case WHERE study_id = ({study})")[0][0]))  # noqa: S608


@contextmanager
def _every(seconds: float, act: Callable[[], None]) -> Iterator[None]:
    over = threading.Event()

    def repeat() -> None:
        while seconds and not over.wait(seconds):
            act()

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _wait_until(reached: Callable[[], bool], seconds: float, log: Path) -> None:
    end = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > end:
            raise TimeoutError(f"Not reached in {seconds:g} s:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)


def say(what: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {what} …", file=sys.stderr, flush=True)


def p95(milliseconds: list[float]) -> float:
    return float(np.percentile(milliseconds, 95))


def _print(site: Site, load: Load, outcome: Outcome) -> None:
    database = site.environment.get("DATABASE_URL", "sqlite").partition(":")[0]
    broker = site.environment.get("CELERY_BROKER_URL", "files").partition(":")[0]
    log, kills = outcome.log, outcome.kills
    print(
        f"{load.readers} readers, {load.cases} cases, {database}, broker {broker}, {os.cpu_count()} cores, "
        f"{load.think_s:g} s at a case; {outcome.seconds:.0f} s in all"
    )
    print(
        f"killed: {kills['server']} server processes, {kills['worker']} workers; answers sent: "
        + ", ".join(f"{name} {count}" for name, count in outcome.luck.most_common())
    )
    print(f"\n{'request':10} {'count':>7} {'median ms':>10} {'p95':>8} {'p99':>8} {'max':>8} {'cut off':>8} {'5xx':>5}")
    for kind, ms in sorted(log.ms.items()):
        print(
            f"{kind:10} {len(ms):>7} {statistics.median(ms):>10.1f} {p95(ms):>8.1f} "
            f"{np.percentile(ms, 99):>8.1f} {max(ms):>8.1f} {log.cut_off[kind]:>8} {log.failed[kind]:>5}"
        )
    print(
        f"\nstored: {len(outcome.check['readings'])} of {outcome.check['asked']} answers; "
        f"{outcome.check['orders']} orders keep every rule; cases built: {outcome.check['packs']}"
    )
    for line in outcome.lost[:20]:
        print(f"WRONG: {line}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in vars(Load()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default)
    load = Load(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory() as folder, make_site(Path(folder) / "site") as site:
        outcome = run_load(site, load, Path(folder))
        _print(site, load, outcome)
    slow = p95(outcome.log.ms["answer"]) >= LIMIT_MS
    if slow:
        print(f"95 in 100 answers took up to more than {LIMIT_MS} ms.")
    sys.exit(1 if slow or outcome.lost else 0)


if __name__ == "__main__":
    main()
