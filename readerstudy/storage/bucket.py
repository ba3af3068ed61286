"""The store in a bucket of an S3-compatible service, by django-storages."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import parse_qs, urlsplit

from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import File
from storages.backends.s3 import S3Storage

from readerstudy.storage.listing import StoredName

_KNOWN = {"endpoint", "region"}


class BucketStorage(S3Storage):  # type: ignore[misc]  # django-storages ships no types
    """S3 with ranged reads. Credentials come from where boto3 finds them: the environment, a role, its files."""

    def __init__(self, url: str) -> None:
        super().__init__(**bucket_options(url))

    def save(self, name: str, content: "File[bytes]") -> str:
        with _as_os_errors(name):
            return str(super().save(name, content))

    def open(self, name: str, mode: str = "rb") -> "File[bytes]":
        """Open a file for reading, once and from its beginning: its bytes come with one request, as asked for."""
        with _as_os_errors(name):
            return _Body(cast(IO[Any], self._get(name)), name=name)

    def delete(self, name: str) -> None:
        with _as_os_errors(name):
            super().delete(name)

    def read_range(self, name: str, start: int, stop: int) -> bytes:
        """Return the bytes from `start` to `stop` (exclusive), fewer where the file ends, with one request."""
        with _as_os_errors(name):
            return bytes(self._get(name, Range=f"bytes={start}-{stop - 1}").read())

    def list_names(self) -> Iterator[StoredName]:
        prefix = f"{self.location}/" if self.location else ""
        with _as_os_errors(prefix):
            pages = self.connection.meta.client.get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=self.bucket_name, Prefix=prefix):
                for entry in page.get("Contents", ()):
                    yield StoredName(entry["Key"].removeprefix(prefix), entry["Size"], entry["LastModified"])

    def free_bytes(self) -> int | None:
        return None

    def _get(self, name: str, **options: str) -> Any:
        """Ask for a file by this thread's own client: the bucket that django-storages keeps is shared by all."""
        client = self.connection.meta.client
        return client.get_object(Bucket=self.bucket_name, Key=self._normalize_name(name), **options)["Body"]

    def incoming(self) -> Path:
        folder: Path = settings.DATA_ROOT / "incoming"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def describe(self) -> str:
        return f"the bucket {self.bucket_name}"


class _Body(File):  # type: ignore[type-arg]  # generic in the stubs alone
    """The answer to a request, whose connection may break while it is read."""

    def __init__(self, body: IO[Any], name: str) -> None:
        super().__init__(body, name)
        self._body = body

    def read(self, size: int | None = None) -> bytes:
        with _as_os_errors(str(self.name)):
            return bytes(self._body.read() if size is None else self._body.read(size))


def bucket_options(url: str) -> dict[str, Any]:
    """Return django-storages' options for `s3://BUCKET/PREFIX?endpoint=URL&region=NAME`.

    Raises
    ------
    ImproperlyConfigured
        If the address names no bucket, holds a password, or has parameters that nothing reads.
    """
    parts = urlsplit(url)
    query = parse_qs(parts.query, keep_blank_values=True)
    if parts.scheme != "s3" or not parts.hostname or "@" in parts.netloc or set(query) - _KNOWN:
        raise ImproperlyConfigured(
            "STORE_URL must look like s3://bucket/prefix?endpoint=https://host&region=name; the keys go to"
            " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    endpoint, region = (query.get(name, [None])[0] for name in ("endpoint", "region"))
    return {
        "bucket_name": parts.hostname,
        "location": parts.path.strip("/"),
        "endpoint_url": endpoint,
        "region_name": region or ("us-east-1" if endpoint else None),  # any will do where it is not Amazon's
        "file_overwrite": True,  # names are random: asking first whether one is taken would be a request for nothing
        "client_config": Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if endpoint else "auto"},
            connect_timeout=5,
            retries={"mode": "standard", "max_attempts": 5},
            request_checksum_calculation="when_required",  # others than Amazon's often know none; ours is the SHA-256
            response_checksum_validation="when_required",
        ),
    }


@contextmanager
def _as_os_errors(name: str) -> Iterator[None]:
    """Turn the client's errors into those of files, which the rest of the project knows."""
    try:
        yield
    except ClientError as error:
        if _code(error) in ("404", "NoSuchKey"):
            raise FileNotFoundError(errno.ENOENT, "no such file in the bucket", name) from error
        raise OSError(errno.EIO, f"the S3 service answered {_code(error)}", name) from error
    except (BotoCoreError, Boto3Error) as error:
        raise OSError(errno.EIO, f"the S3 service: {error}", name) from error


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
