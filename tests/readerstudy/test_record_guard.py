"""The database refuses to change records, whoever asks: raw SQL, past every model."""

import uuid

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.migrations.operations import AddField
from django.db.migrations.state import ProjectState
from django.db.models import TextField

from readerstudy.domain import audit
from readerstudy.domain.actors import actor_of
from readerstudy.domain.display_checks import record_display_check
from readerstudy.domain.protocol import amend
from readerstudy.lifted_guard import lifted_guard
from readerstudy.models.case_exclusion import CaseExclusion
from readerstudy.models.case_review import CaseReplacement, CaseReview
from readerstudy.models.debrief import Debrief
from readerstudy.models.problem_report import ProblemReport
from readerstudy.models.reading import Reading
from readerstudy.models.record_guard import guard_records, missing_guards, record_models
from readerstudy.models.sequence import SequenceItem
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]

on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL has no INSERT OR REPLACE")
on_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has neither TRUNCATE nor roles")


def execute(sql: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def is_refused(sql: str, *values: object) -> bool:
    try:
        with transaction.atomic():
            execute(sql, *values)
    except IntegrityError as error:
        return "Records are never changed or deleted" in str(error)
    return False


def contents(table: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
        return cursor.fetchall()


@pytest.fixture
def tables() -> list[str]:
    """Return every table of records, each with a row at least."""
    study = factories.make_study_of_patients(real=2, hosts=2)
    reader = factories.make_reader(study)
    item = SequenceItem.objects.filter(sequence__reader=reader).first()
    Reading.objects.create(item=item, label="real", submission=uuid.uuid4())
    ProblemReport.objects.create(item=item, text="No kidney.", submission=uuid.uuid4())
    record_display_check(reader=reader, found=factories.display_found())
    case = {"case": item.case, "actor": actor_of("ann")}
    CaseReview.objects.create(**case, content_sha256="0" * 64, accepted=True)
    CaseReplacement.objects.create(**case, was={}, reason="The scan ends in the liver.")
    CaseExclusion.objects.create(case=item.case, reason="Broken.")
    Debrief.objects.create(reader=reader, payload={})
    amend(study=study, actor="ann", change="R3 is replaced.", reason="R3 fell ill.")
    tables = [model._meta.db_table for model in record_models()]
    assert all(contents(table) for table in tables), "a new kind of record: make one here"
    return tables


def test_no_record_is_changed_or_deleted_by_sql(tables):
    for table in tables:
        before = contents(table)
        assert is_refused(f'UPDATE "{table}" SET id = id + 1')
        assert is_refused(f'UPDATE "{table}" SET id = id')
        assert is_refused(f'DELETE FROM "{table}"')
        assert is_refused(f'DELETE FROM "{table}" WHERE id = (SELECT MAX(id) FROM "{table}")')
        assert contents(table) == before


@on_sqlite
def test_no_record_is_replaced(tables):
    for table in tables:
        before = contents(table)
        assert is_refused(f'INSERT OR REPLACE INTO "{table}" SELECT * FROM "{table}"')
        assert contents(table) == before


@on_sqlite
def test_no_record_is_replaced_by_another_of_the_same_key(tables):
    """A replacement that takes only one of the columns that are unique."""
    columns = "revision, label, comment, active_ms, elapsed_ms, viewer_version, received_at, item_id, submission"
    place = "SELECT 1, 'synthetic', '', 0, 0, '', received_at, item_id, '0' FROM readerstudy_reading"
    resent = "SELECT 2, 'synthetic', '', 0, 0, '', received_at, item_id, submission FROM readerstudy_reading"

    assert is_refused(f"INSERT OR REPLACE INTO readerstudy_reading ({columns}) {place}")
    assert is_refused(f"REPLACE INTO readerstudy_reading ({columns}) {resent}")
    assert Reading.objects.get().label == "real"


@on_postgresql
def test_no_table_of_records_is_emptied(tables):
    connection.check_constraints()  # PostgreSQL empties no table while checks are waiting
    for table in tables:
        before = contents(table)
        assert is_refused(f'TRUNCATE "{table}" CASCADE')
        assert contents(table) == before
    assert is_refused("TRUNCATE readerstudy_study CASCADE")


@on_postgresql
def test_the_role_of_a_replica_changes_nothing(tables):
    execute("SET LOCAL session_replication_role = replica")

    assert is_refused("UPDATE readerstudy_reading SET label = 'synthetic'")


def test_what_is_written_twice_is_refused_as_ever():
    """The guard is in nobody's way: two answers in one place are an integrity error on both engines."""
    reader = factories.make_reader(factories.make_study_of_patients(real=2, hosts=2))
    first, second = SequenceItem.objects.filter(sequence__reader=reader)[:2]
    submission = uuid.uuid4()

    Reading.objects.create(item=first, label="real", submission=submission)
    for other in ({"item": first, "submission": uuid.uuid4()}, {"item": second, "submission": submission}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Reading.objects.create(label="synthetic", **other)
    Reading.objects.create(item=second, label="real", submission=uuid.uuid4())


def test_every_table_of_records_is_guarded_and_a_missing_guard_is_told():
    assert missing_guards(connection) == []
    with transaction.atomic():
        on_table = " ON readerstudy_reading" if connection.vendor == "postgresql" else ""
        event = "" if connection.vendor == "postgresql" else "_delete"
        execute(f"DROP TRIGGER readerstudy_reading_is_a_record{event}{on_table}")
        assert missing_guards(connection) == ["readerstudy_reading"]
        guard_records(connection)
    assert missing_guards(connection) == []


@on_postgresql
def test_a_disabled_guard_is_told():
    execute("ALTER TABLE readerstudy_reading DISABLE TRIGGER ALL")

    assert missing_guards(connection) == ["readerstudy_reading"]


def test_a_migration_may_lift_the_guard_and_it_is_back_after():
    event = audit.record(actor="ann", action="misspelt")

    with lifted_guard(connection):
        execute("UPDATE readerstudy_auditevent SET action = 'spelt'")

    assert is_refused("UPDATE readerstudy_auditevent SET action = 'forged'")
    event.refresh_from_db()
    assert event.action == "spelt"


def test_a_lifted_guard_is_back_when_something_goes_wrong():
    audit.record(actor="ann", action="create study")

    def forge() -> None:
        with lifted_guard(connection):
            execute("UPDATE readerstudy_auditevent SET action = 'forged'")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        forge()

    assert missing_guards(connection) == []
    assert contents("readerstudy_auditevent")[0].count("forged") == 0


@pytest.mark.django_db(transaction=True)
def test_a_table_that_a_migration_builds_anew_is_guarded_again():
    """SQLite copies a table to add a column that must not be null, and forgets its triggers."""
    state = ProjectState.from_apps(apps)
    field = AddField("displaycheck", "room", TextField(default=""))
    with_room = state.clone()
    field.state_forwards("readerstudy", with_room)
    try:
        with connection.schema_editor() as editor:
            field.database_forwards("readerstudy", editor, state, with_room)
        guard_records(connection)
        assert missing_guards(connection) == []
    finally:
        with connection.schema_editor() as editor:
            field.database_backwards("readerstudy", editor, with_room, state)
        guard_records(connection)
