"""Changing records all the same: for migrations that must, and for tests that empty their database. Nothing else.

No page, task or command may import this module (an import contract sees to it). A migration writes why:

    def repair(apps, schema_editor):
        with lifted_guard(schema_editor.connection):
            ...
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from readerstudy.models.record_guard import guard_records, remove_guards


@contextmanager
def lifted_guard(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Take the guard from all records for as long as one transaction lasts."""
    with transaction.atomic(using=connection.alias):
        remove_guards(connection)
        yield
        connection.check_constraints()  # PostgreSQL alters no table while checks are waiting
        guard_records(connection)
