"""Locks on rows for the length of a transaction; SQLite, which has one writer at a time, needs none of them."""

from __future__ import annotations

from django.db import connection

from readerstudy.models.reader import Reader
from readerstudy.models.study import Study


def lock_study(study: Study) -> Study:
    """Return the study anew: nobody changes it or what its readers have until the transaction ends."""
    return Study.objects.select_for_update().get(pk=study.pk)


def lock_reader(reader: Reader) -> Reader:
    """Return the reader anew, with the study: one change of a reader's at a time, and none of the study's meanwhile.

    Readers don't wait for each other: they share the study's row, which `select_for_update` takes whole, as closing
    does. The study is locked first, as everywhere.
    """
    share = " FOR SHARE" if connection.features.has_select_for_update else ""  # Django's ORM has no word for it
    table = connection.ops.quote_name(Study._meta.db_table)
    study = Study.objects.raw(f"SELECT * FROM {table} WHERE id = %s{share}", [reader.study_id])[0]  # noqa: S608  our own table's name
    held = Reader.objects.select_for_update(no_key=True).get(pk=reader.pk)
    held.study = study
    return held
