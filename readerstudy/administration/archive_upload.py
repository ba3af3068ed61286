"""Taking in an uploaded archive: streamed to the disk of `DATA_ROOT`, and no further than its limit."""

from contextlib import suppress
from tempfile import NamedTemporaryFile
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

from readerstudy.domain.importing.uploads import uploads_folder

MEGABYTE = 1024**2
FORM_BYTES = MEGABYTE  # what a form may take beside its file


def is_announced_too_large(request: HttpRequest) -> bool:
    """Return whether a request says of itself that it is larger than an upload may be."""
    try:
        announced = int(request.headers.get("Content-Length", 0))
    except ValueError:
        return False
    return bool(announced > settings.UPLOAD_MAX_MB * MEGABYTE + FORM_BYTES)


class StreamedArchive(UploadedFile):
    """An upload in a temporary file, which goes when it is closed unless it was moved away."""

    def temporary_file_path(self) -> str:
        return str(self.file.name)  # type: ignore[union-attr]  # a NamedTemporaryFile

    def close(self) -> None:
        with suppress(FileNotFoundError):  # moved to where it waits to be imported
            super().close()


class ArchiveUploadHandler(FileUploadHandler):
    """Writes what arrives to the disk as it arrives; what is too large is cut off, and `too_large` says so."""

    chunk_size = MEGABYTE

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.limit = settings.UPLOAD_MAX_MB * MEGABYTE
        self.too_large = False
        self.file: StreamedArchive | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        target = NamedTemporaryFile(dir=uploads_folder(), suffix=".part")  # noqa: SIM115  closed with the request
        self.file = StreamedArchive(target, "archive.zip", "application/zip", 0, None)  # never the name that it had

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > self.limit:
            self.too_large = True
            raise StopUpload(connection_reset=False)
        assert self.file is not None  # noqa: S101  new_file was called
        self.file.write(raw_data)

    def file_complete(self, file_size: int) -> StreamedArchive | None:
        assert self.file is not None  # noqa: S101  new_file was called
        self.file.seek(0)
        self.file.size = file_size
        return self.file
