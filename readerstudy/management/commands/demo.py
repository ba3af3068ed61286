"""`make demo`: build the demonstration study, then serve it until Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.urls import reverse
from tqdm import tqdm

from readerstudy.domain.demo.published_table import published_table
from readerstudy.domain.demo.study import ACTOR, demo_study, reader_link
from readerstudy.domain.staff import create_staff
from readerstudy.management.base import ProjectCommand
from readerstudy.models.study import Study
from readerstudy.settings import generated_secret

ADMINISTRATOR = "admin"
STOP_WITHIN_S = 10
LOOK_AGAIN_S = 0.5


class Command(ProjectCommand):
    help = (
        "Build the demonstration study where it is not there yet, start the web server and a Celery worker as two\n"
        "processes, print the administrator's and one reader's link, and serve until Ctrl-C."
    )
    examples = ("PORT=8000 python manage.py demo",)

    def handle(self, *args: Any, **options: Any) -> None:
        _require_free_port(settings.PORT)
        call_command("migrate", verbosity=0)
        with ExitStack() as running:
            worker = running.enter_context(_process("worker", *_worker_command()))
            with _progress_bars() as progress:
                study = demo_study(progress=progress)
            published = published_table(actor=ACTOR)
            server = running.enter_context(_process("web server", *_server_command()))
            _wait_until_served(settings.PORT, server)
            self.stdout.write(_links(study, published))
            self.stdout.flush()
            _serve_until_interrupted(server, worker)
        self.stdout.write("Stopped.")


def _require_free_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise CommandError(
                f"Port {port} is taken; choose another: PORT={port + 1} make demo", returncode=2
            ) from None


def _worker_command() -> list[str]:
    concurrency = str(max(1, (os.cpu_count() or 2) - 1))
    return [
        "-m",
        "celery",
        "--quiet",
        "-A",
        "readerstudy",
        "worker",
        "-B",
        "--concurrency",
        concurrency,
        "--loglevel",
        "WARNING",
    ]


def _server_command() -> list[str]:
    bind = f"127.0.0.1:{settings.PORT}"
    size = ["--workers", "2", "--threads", "4", "--preload"]
    return ["-m", "gunicorn", "readerstudy.wsgi", "--bind", bind, *size, "--log-level", "warning"]


@contextmanager
def _process(name: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a Python program in a process group of its own, so that Ctrl-C reaches us alone and we stop it in order."""
    log = settings.DATA_ROOT / f"{name.replace(' ', '-')}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            cwd=settings.BASE_DIR,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(timeout=STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def _progress_bars() -> Iterator[Any]:
    """Show a bar on a terminal for each step that takes long; a line where there is no terminal."""
    with ExitStack() as stack:
        bars: dict[str, tqdm[Any]] = {}

        def progress(step: str, done: int, total: int) -> None:
            if step not in bars:
                sys.stdout.write(f"{step}: {total}\n")
                sys.stdout.flush()
                bars[step] = stack.enter_context(tqdm(total=total, disable=None, leave=False))
            bars[step].n = done
            bars[step].refresh()

        yield progress


def _wait_until_served(port: int, server: "subprocess.Popen[bytes]") -> None:
    while server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(LOOK_AGAIN_S / 5)
    raise CommandError(f"The web server did not start; see {_log('web-server')}.")


def _serve_until_interrupted(server: "subprocess.Popen[bytes]", worker: "subprocess.Popen[bytes]") -> None:
    try:
        while server.poll() is None and worker.poll() is None:
            time.sleep(LOOK_AGAIN_S)
    except KeyboardInterrupt:
        return
    raise CommandError(f"The web server or the worker ended by itself; see {_log('web-server')} and {_log('worker')}.")


def _log(name: str) -> Path:
    path: Path = settings.DATA_ROOT / f"{name}.log"
    return path


def _administrator_password() -> str:
    """Return the demo administrator's password: random, made with the account, kept beside the data."""
    password = generated_secret(settings.DATA_ROOT / "demo_password", length=12)
    if not User.objects.filter(username=ADMINISTRATOR).exists():
        create_staff(name=ADMINISTRATOR, password=password, administrator=True)
    return password


def _links(study: Study, published: Study) -> str:
    lines = [
        "",
        "The demonstration study is ready. Its “real” tumours are stand-ins, not patients'.",
        "",
        f"  Administrator  {settings.PUBLIC_URL}{reverse('study-detail', args=[study.slug])}",
        f"                 user {ADMINISTRATOR}, password {_administrator_password()}",
    ]
    if study.state == Study.State.OPEN:
        lines += [
            f"  Reader R1      {reader_link(study)}",
            "                 (works once; open it in another browser or window)",
        ]
    lines += [
        f"  Published      {settings.PUBLIC_URL}{reverse('study-results', args=[published.slug])}",
        "                 (Table 3 of Pixel2Cancer and DiffTumor, reconstructed from published percentages)",
    ]
    return "\n".join([*lines, "", "Ctrl-C stops it.", ""])
