"""A real S3 server in a process of its own (nanio: signatures checked, objects as files), on a free port."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import boto3

START_WITHIN_S = 30
BUCKET = "studies"
KEYS = {"AWS_ACCESS_KEY_ID": "reader-study", "AWS_SECRET_ACCESS_KEY": "a secret of the tests"}


@dataclass(frozen=True)
class S3Server:
    endpoint: str
    folder: Path

    def store_url(self, prefix: str) -> str:
        return f"s3://{BUCKET}/{prefix}?endpoint={quote(self.endpoint, safe='')}"

    def path(self, prefix: str, name: str) -> Path:
        """Return where the server keeps an object."""
        return self.folder / BUCKET / prefix / name


@contextmanager
def serve_s3(folder: Path) -> Iterator[S3Server]:
    port = _free_port()
    command = ["-m", "nanio", "serve", "--data-dir", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    nanio_keys = {"NANIO_ACCESS_KEY": KEYS["AWS_ACCESS_KEY_ID"], "NANIO_SECRET_KEY": KEYS["AWS_SECRET_ACCESS_KEY"]}
    with (folder.parent / "s3.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, *command], env=os.environ | nanio_keys, stdout=log, stderr=log, start_new_session=True
        )
    try:
        _wait_for(port, process)
        server = S3Server(f"http://127.0.0.1:{port}", folder)
        boto3.client(
            "s3",
            endpoint_url=server.endpoint,
            region_name="us-east-1",
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        ).create_bucket(Bucket=BUCKET)
        yield server
    finally:
        process.terminate()
        process.wait(START_WITHIN_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + START_WITHIN_S
    while process.poll() is None and time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("The S3 server did not start.")
