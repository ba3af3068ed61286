"""Restoring an archived study: checked whole first, then stored whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction
from django.db.migrations.loader import MigrationLoader
from django.db.models import AutoField, ForeignKey, JSONField, Model

from readerstudy.domain import audit
from readerstudy.domain.archive.container import FILES, ROWS, ArchiveReader, DamagedError, open_archive
from readerstudy.domain.archive.kinds import KINDS, Kind
from readerstudy.domain.errors import DomainError
from readerstudy.domain.store import Shelf, get_store, storing
from readerstudy.domain.trail.verify import verify_records
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.membership import Membership, Role
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.study import Study
from readerstudy.models.volume import OrganScan

MISFITS = (LookupError, TypeError, ValueError, OverflowError, ValidationError, IntegrityError, DataError)
Keys = dict[str, dict[Any, Any]]
"""By table: the archive's keys and those here."""


def restore_study(*, path: Path, actor: str, owner: User | None = None) -> Study:
    """Store an archived study as it was; where data sets or people are here already, it uses them.

    Roles are no part of an archive: administrators own the study, and `owner` does too.

    Raises
    ------
    DomainError
        If the file is no archive, damaged, or of a newer version, if the study is here already, or if a data set here
        holds something else under the same name.
    """
    if not path.is_file():
        raise DomainError(f"There is no file {path}.")
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    with open_archive(path) as archive:
        slug = _check(archive)
        archive.check()
        with storing() as shelf:
            files = {name: _copy(archive, name, shelf) for name in archive.members if name.startswith("files/")}
            with transaction.atomic():
                study, used = _restore_rows(archive, slug, files)
                StoredFile.objects.bulk_create(one for one in shelf.files if one.key in used)
                _check_records(slug)
                if owner is not None:
                    Membership.objects.create(study=study, user=owner, role=Role.OWNER)
                audit.record(actor=actor, action="restore study", study=study, archive_sha256=sha256)
            for one in shelf.files:
                if one.key not in used:
                    get_store().delete(one.key)
    return study


def _check(archive: ArchiveReader) -> str:
    """Return the study's slug, if this installation may take it."""
    slug = str(archive.manifest.get("study"))
    known = {name for app, name in MigrationLoader(None).disk_migrations if app == "readerstudy"}
    if archive.manifest.get("migration") not in known:
        raise DomainError("The archive was made by a newer version of the program; restore it with that one.")
    if Study.objects.filter(slug=slug).exists():
        raise DomainError(f"There is a study {slug} already; an archive is restored where its study is not.")
    if AuditEvent.objects.filter(study_id=slug).exists():
        raise DomainError(
            f"A study {slug} was deleted here, and its trail stays: restore the archive on another installation."
        )
    if {ROWS.format(kind.name) for kind in KINDS} - set(archive.members):
        raise DamagedError("The archive lacks tables of a study.")
    free = get_store().free_bytes()
    if free is not None and archive.size > free:
        raise DomainError(f"The archive holds {archive.size / 1e9:.1f} GB; the store has {free / 1e9:.1f} GB free.")
    return slug


def _copy(archive: ArchiveReader, name: str, shelf: Shelf) -> StoredFile:
    def write(file: BinaryIO) -> None:
        for piece in archive.pieces(name):
            file.write(piece)

    return shelf.write(write)


def _restore_rows(archive: ArchiveReader, slug: str, files: dict[str, StoredFile]) -> tuple[Study, set[str]]:
    """Store the rows; return the study, and the keys of the files that they name."""
    keys: Keys = {}
    used: set[str] = set()
    for kind in KINDS:
        keys[kind.name] = {}
        for values in archive.lines(ROWS.format(kind.name)):
            try:
                old, row, is_new = _restore_row(kind, values, slug, keys, files)
            except MISFITS as error:
                raise DamagedError(f"The archive holds a {kind.name} that does not fit: {_said(error)}.") from None
            keys[kind.name][old] = row.pk
            if is_new:
                used.update(key for column in kind.files if (key := getattr(row, column.attname)))
    study = Study.objects.filter(pk__in=keys["study"].values(), slug=slug, state=Study.State.CLOSED).first()
    if study is None or len(keys["study"]) != 1:
        raise DamagedError(f"The archive does not hold the closed study {slug}, and that alone.")
    return study, used


def _restore_row(
    kind: Kind, values: dict[str, Any], slug: str, keys: Keys, files: dict[str, StoredFile]
) -> tuple[Any, Model, bool]:
    """Return the archive's key of a row, the row here, and whether it was not here before."""
    given = dict(_values(kind, values, slug, keys, files))
    old = values[kind.model._meta.pk.attname]
    if kind.known_by:
        known = kind.model._base_manager.filter(**{name: given[_attname(kind, name)] for name in kind.known_by}).first()
        if known is not None:
            _check_agreement(kind, known, given)
            return old, known, False
    row = kind.model(**given)
    row.save_base(raw=True, force_insert=True)  # as it was, with its times
    if isinstance(row, OrganScan):
        _check_place(row)
    return old, row, True


def _values(
    kind: Kind, values: dict[str, Any], slug: str, keys: Keys, files: dict[str, StoredFile]
) -> Iterator[tuple[str, Any]]:
    """Return the columns of a row with the keys that hold here; its own is left to the database."""
    unknown = set(values) - {one.attname for one in kind.fields}
    if unknown:
        raise ValueError(f"it has {', '.join(sorted(unknown))}")
    for one in kind.fields:
        if one.attname not in values or isinstance(one, AutoField):
            continue
        value = values[one.attname]
        if value is not None and isinstance(one, ForeignKey):
            value = _key(one, value, slug, keys, files)
        elif value is not None and not isinstance(one, JSONField):
            value = one.to_python(value)
            one.run_validators(value)
        yield one.attname, value


def _key(column: ForeignKey[Any, Any], value: Any, slug: str, keys: Keys, files: dict[str, StoredFile]) -> Any:
    target: Any = column.related_model
    if target is StoredFile:
        return files[FILES.format(value)].key
    if not column.target_field.primary_key:  # an event's study, by its slug
        if value != slug:
            raise ValueError(f"it is of another study, {value}")
        return value
    return keys[target._meta.model_name][value]


def _attname(kind: Kind, name: str) -> str:
    return str(kind.model._meta.get_field(name).attname)  # type: ignore[union-attr]


def _check_agreement(kind: Kind, known: Model, given: dict[str, Any]) -> None:
    for name in kind.agrees_in:
        attname = _attname(kind, name)
        if getattr(known, attname) != given[attname]:
            raise DomainError(f"The {kind.name} {known} here is not the archive's: they differ in {name}.")


def _check_place(scan: OrganScan) -> None:
    """Refuse a scan whose row in its data set holds another CT here."""
    same = OrganScan.objects.filter(volume__dataset=scan.volume.dataset_id, row=scan.row)
    if same.exclude(volume=scan.volume_id).exists():
        raise DomainError(f"Data set {scan.volume.dataset} here holds another CT in row {scan.row} than the archive.")


def _check_records(slug: str) -> None:
    problems = verify_records(slug).problems
    if problems:
        raise DamagedError(f"The archive's records are not what was written: {problems[0]}")


def _said(error: Exception) -> str:
    return "; ".join(error.messages) if isinstance(error, ValidationError) else f"{error}".rstrip(".")
