"""What many tests begin with is built once in each process, and put back as it was: rows, and files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.files.storage import storages
from django.db import connection
from django.db.models import AutoField, Model

from readerstudy.storage.folder import FolderStorage

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Remembered:
    """The whole content of an installation, users and sessions left out."""

    rows: dict[type[Model], tuple[list[str], list[Row]]]
    """Columns and rows, as the database gives them, of each model that has any."""
    files: dict[str, bytes]
    """The files by their place in the data root: what is stored, and what was worked out."""


def is_blank() -> bool:
    """Tell whether nothing is there that could be mixed up with what is put back, and nothing that is would stay."""
    if not connection.in_atomic_block or not isinstance(storages["store"], FolderStorage):
        return False
    tables = " OR ".join(f'EXISTS (SELECT 1 FROM "{model._meta.db_table}")' for model in _models())
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {tables}")
        return not cursor.fetchone()[0]


def remember() -> Remembered:
    rows = {}
    with connection.cursor() as cursor:
        for model in _models():
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')
            if found := cursor.fetchall():
                rows[model] = [column[0] for column in cursor.description], found
    root = Path(settings.DATA_ROOT)
    files = {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    return Remembered(rows, files)


def put_back(remembered: Remembered) -> None:
    with connection.cursor() as cursor:
        for model, (columns, rows) in remembered.rows.items():
            places = ", ".join(["(" + ", ".join(["%s"] * len(columns)) + ")"] * len(rows))
            names = ", ".join(f'"{column}"' for column in columns)
            values = [value for row in rows for value in row]
            cursor.execute(f'INSERT INTO "{model._meta.db_table}" ({names}) VALUES {places}', values)
            if connection.vendor == "postgresql" and isinstance(model._meta.pk, AutoField):
                last = max(row[columns.index("id")] for row in rows)
                cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [model._meta.db_table, last])
    for place, content in remembered.files.items():
        path = Path(settings.DATA_ROOT) / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _models() -> list[type[Model]]:
    return list(apps.get_app_config("readerstudy").get_models(include_auto_created=True))
