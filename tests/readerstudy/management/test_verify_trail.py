import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from readerstudy.lifted_guard import lifted_guard
from readerstudy.models.study import Study
from tests.readerstudy.administration import builders

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_trail", *arguments, stdout=out)
    return out.getvalue()


def forge(sql: str) -> str:
    """Change what was recorded behind the application's back; return what the command says."""
    with lifted_guard(connection), connection.cursor() as cursor:
        cursor.execute(sql)
    out = StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("verify_trail", stdout=out)
    assert refused.value.returncode == 1
    return out.getvalue()


@pytest.fixture
def study() -> Study:
    return builders.closed()


def test_what_was_written_is_whole(study):
    assert ": whole" in run()
    told = json.loads(run(study.slug, "--json"))
    assert told["unguarded_tables"] == []
    assert told["chains"][study.slug]["events"] == study.audit_events.count()
    assert told["chains"][study.slug]["problems"] == []


def test_forged_events_readings_and_protocols_are_told(study):
    assert "The readings are not those" in forge("UPDATE readerstudy_reading SET comment = 'x'")
    assert "The frozen protocol is not the one" in forge("UPDATE readerstudy_protocol SET document = '{}'")
    assert "(forged) or the one before it" in forge(
        "UPDATE readerstudy_auditevent SET action = 'forged' WHERE number = 3"
    )


def test_deleted_readings_are_told(study):
    assert "(close study: 4 readings)" in forge("DELETE FROM readerstudy_reading")


def test_a_table_without_its_guard_is_told(study):
    on_table = " ON readerstudy_reading" if connection.vendor == "postgresql" else ""
    event = "" if connection.vendor == "postgresql" else "_update"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER readerstudy_reading_is_a_record{event}{on_table}")
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_trail", stdout=out)
    assert "readerstudy_reading: the database does not guard it" in out.getvalue()


def test_a_study_without_a_trail_is_refused():
    with pytest.raises(CommandError, match="no trail of a study 'none'"):
        run("none")
