"""Archiving a closed study."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import zipfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from readerstudy.domain import audit
from readerstudy.domain.archive.container import FILES, ROWS, ArchiveWriter
from readerstudy.domain.archive.kinds import DRAWN_ANEW, KINDS, SLUG, Kind, files_of
from readerstudy.domain.errors import DomainError
from readerstudy.domain.protocol import project_version
from readerstudy.domain.store import StoreError, get_store
from readerstudy.domain.unblinding import require_closed
from readerstudy.models.study import Study

ROWS_AT_ONCE = 2_000


def archive_study(*, study: Study, path: Path, actor: str) -> str:
    """Write the archive of a closed study, whole or not at all; return its SHA-256, which the trail keeps.

    Raises
    ------
    DomainError
        While the study is not closed, where there is such a file already, or where it can't be written.
    """
    require_closed(study)
    if path.exists():
        raise DomainError(f"{path} exists; name a new file.")
    draft = path.absolute().with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with draft.open("xb") as file:
            with zipfile.ZipFile(file, "w") as target:
                _write(study, ArchiveWriter(target))
            file.flush()
            os.fsync(file.fileno())
        with draft.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        with transaction.atomic():
            audit.record(actor=actor, action="archive study", study=study, sha256=sha256)
            draft.rename(path)
    except StoreError as error:
        raise DomainError(f"Study {study.slug} can't be archived: {error} Run check_store.") from None
    except OSError as error:
        raise DomainError(f"The archive could not be written: {error.strerror or error}.") from None
    finally:
        draft.unlink(missing_ok=True)
    return sha256


def _write(study: Study, archive: ArchiveWriter) -> None:
    last = study.audit_events.order_by("number").last()
    for kind in KINDS:
        archive.add(ROWS.format(kind.name), _lines(kind, study))
    for file in files_of(study):
        archive.add(FILES.format(file.key), get_store().read_pieces(file))
    archive.finish(
        {
            "study": study.slug,
            "title": study.title,
            "archived_at": timezone.now().isoformat(),
            "application": project_version(),
            "migration": latest_migration(),
            "last_event_sha256": last.sha256 if last else "",
        }
    )


def latest_migration() -> str:
    applied = MigrationRecorder.Migration.objects.filter(app="readerstudy")
    return str(applied.order_by("name").values_list("name", flat=True).last())


def _lines(kind: Kind, study: Study) -> Iterator[bytes]:
    blank = {name: study.slug if value is SLUG else value for name, value in kind.blank.items()}
    for row in kind.of(study).iterator(ROWS_AT_ONCE):
        values = {
            one.attname: _plain(blank.get(one.name, getattr(row, one.attname)))
            for one in kind.fields
            if blank.get(one.name) is not DRAWN_ANEW
        }
        yield json.dumps(values, separators=(",", ":")).encode() + b"\n"


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; times keep their microseconds."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
