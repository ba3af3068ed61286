"""The database itself refuses to change or delete records: triggers on the table of every `AppendOnly` model.

`guard_records` puts them there after each `migrate`, since SQLite loses a table's triggers when a migration builds
the table anew. PostgreSQL refuses UPDATE, DELETE and TRUNCATE, whatever `session_replication_role` says; SQLite
UPDATE, DELETE, and the INSERT OR REPLACE that would delete without a word. No setting turns them off. Whoever may
alter the tables can take them away (`readerstudy.lifted_guard` does, for migrations), and `missing_guards` tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import UniqueConstraint

from readerstudy.models.append_only import AppendOnly

REFUSAL = "Records are never changed or deleted"
SUFFIX = "_is_a_record"  # ends the triggers' names

_FUNCTION = f"""
CREATE OR REPLACE FUNCTION readerstudy_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '{REFUSAL}: % on %', TG_OP, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def record_models() -> list[type[AppendOnly]]:
    return [model for model in apps.get_models() if issubclass(model, AppendOnly)]


def guard_records(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers on every table of records that there is, in place of those that were there."""
    tables = set(connection.introspection.table_names())
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        remove_guards(connection)
        if connection.vendor == "postgresql":
            cursor.execute(_FUNCTION)
        for model in record_models():
            if model._meta.db_table in tables:
                for statement in _statements(connection, model):
                    cursor.execute(statement)


def remove_guards(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for name, table in _installed(connection):
            on_table = f' ON "{table}"' if connection.vendor == "postgresql" else ""
            cursor.execute(f'DROP TRIGGER "{name}"{on_table}')


def missing_guards(connection: BaseDatabaseWrapper) -> list[str]:
    """Name the tables of records that lack a trigger."""
    installed = set(_installed(connection))
    tables = [model._meta.db_table for model in record_models()]
    return [table for table in tables if not {(name, table) for name in _names(connection, table)} <= installed]


def _installed(connection: BaseDatabaseWrapper) -> list[tuple[str, str]]:
    """Return the triggers that are in force: their names and tables."""
    if connection.vendor == "postgresql":
        query = (
            "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE relnamespace = current_schema()::regnamespace AND tgenabled = 'A' AND tgname LIKE %s"
        )
    else:
        query = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND name LIKE %s"
    with connection.cursor() as cursor:
        cursor.execute(query, [f"%{SUFFIX}%"])
        return [(name, table) for name, table in cursor.fetchall()]


def _names(connection: BaseDatabaseWrapper, table: str) -> list[str]:
    if connection.vendor == "postgresql":
        return [f"{table}{SUFFIX}"]
    return [f"{table}{SUFFIX}_{event}" for event in ("update", "delete", "insert")]


def _statements(connection: BaseDatabaseWrapper, model: type[AppendOnly]) -> Iterator[str]:
    table = model._meta.db_table
    if connection.vendor == "postgresql":
        (name,) = _names(connection, table)
        yield (
            f'CREATE TRIGGER "{name}" BEFORE UPDATE OR DELETE OR TRUNCATE ON "{table}" '
            "FOR EACH STATEMENT EXECUTE FUNCTION readerstudy_refuse()"
        )
        yield f'ALTER TABLE "{table}" ENABLE ALWAYS TRIGGER "{name}"'
        return
    update, delete, insert = _names(connection, table)
    refuse = f"SELECT RAISE(ABORT, '{REFUSAL}: {table}')"
    yield f'CREATE TRIGGER "{update}" BEFORE UPDATE ON "{table}" BEGIN {refuse}; END'
    yield f'CREATE TRIGGER "{delete}" BEFORE DELETE ON "{table}" BEGIN {refuse}; END'
    replaced = f'"{table}" WHERE {_same_key(model)}'
    yield f'CREATE TRIGGER "{insert}" BEFORE INSERT ON "{table}" BEGIN {refuse} FROM {replaced}; END'


def _same_key(model: type[AppendOnly]) -> str:
    """Return the condition under which a new row would take the place of one that is there."""
    options: Any = model._meta
    keys = [[field.column] for field in options.local_fields if field.unique]
    keys += [
        [options.get_field(name).column for name in constraint.fields]
        for constraint in options.constraints
        if isinstance(constraint, UniqueConstraint)
    ]
    return " OR ".join("(" + " AND ".join(f'"{column}" = NEW."{column}"' for column in key) + ")" for key in keys)
