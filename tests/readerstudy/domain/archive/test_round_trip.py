"""What was archived comes back as it was: on an empty installation, beside others, and on the other engine."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from readerstudy.domain.answers import Answer, record_reading
from readerstudy.domain.archive.kinds import KINDS
from readerstudy.domain.archive.restoring import restore_study
from readerstudy.domain.archive.writing import archive_study
from readerstudy.domain.errors import DomainError
from readerstudy.domain.protocol import deviations, protocol_of
from readerstudy.domain.reading_room import current_state
from readerstudy.domain.store import get_store
from readerstudy.domain.store_check import check_store
from readerstudy.domain.trail.verify import verify_records
from readerstudy.models.actor import Actor, ActorAddress
from readerstudy.models.reader import Reader
from readerstudy.models.reading import Reading
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.study import Study
from readerstudy.models.vocabulary import Label
from tests import factories

from .builders import archived, empty_installation, exported, make_closed_study

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NOT_ARCHIVED = {
    "importrun": "of the installation",
    "shelvedfile": "what workers are at",
    "radiomicsrun": "run again where it is wanted",
    "storedfile": "members of their own",
    "volumepreview": "made again when somebody looks",
    "readercontact": "how to reach a person",
    "membership": "accounts are the installation's",
}
DIFFERS = {"audit_log.csv", "SHA256SUMS", "export.xlsx", "report.html"}
"""The trail goes on (archived here, restored there), and with it the list of hashes; a workbook is a dated
ZIP, and a report says when it was written."""


def compared(before: dict[str, bytes], after: dict[str, bytes]) -> set[str]:
    """Return the files that differ."""
    assert set(before) == set(after)
    return {name for name in before if before[name] != after[name]}


def test_every_table_is_archived_or_left_out_for_a_reason():
    archived_names = {kind.name for kind in KINDS}
    models = {str(model._meta.model_name) for model in apps.get_app_config("readerstudy").get_models()}

    assert models - archived_names == models & set(NOT_ARCHIVED)


@pytest.mark.django_db(transaction=True)
def test_an_empty_installation_has_equal_exports(tmp_path):
    study = make_closed_study()
    before = exported(study, tmp_path / "before")
    path = archived(study, tmp_path)
    events = study.audit_events.count()

    empty_installation()
    restored = restore_study(path=path, actor="bob")

    assert compared(before, exported(restored, tmp_path / "after")) <= DIFFERS
    for name in ("readings.csv", "metrics.csv", "analysis.json", "cases.csv", "protocol.json"):
        assert before[name] == (tmp_path / "after" / name).read_bytes()
    report = verify_records("small")
    assert (report.events, report.problems) == (events + 1, [])  # not "archive study"; "restore study", "export study"
    assert deviations(protocol_of(restored)) == []
    assert check_store().problems == []
    assert Reading.objects.filter(item__case__study=restored).count() == 2 * 5


@pytest.mark.django_db(transaction=True)
def test_an_organ_recognition_study_comes_back_as_it_was(tmp_path):
    for organ in ("liver", "kidney"):
        factories.make_patients(real=2, hosts=2, organ=organ)
    study = factories.make_open_study(**factories.organ_task_data())
    reader = factories.make_reader(study)
    while not (state := current_state(reader=reader))["done"]:
        answer = Answer(uuid.uuid4(), Label.KIDNEY, 1000, "1")
        record_reading(reader=reader, token=state["case"]["token"], answer=answer)
    factories.close(study)
    before = exported(study, tmp_path / "before")
    path = archived(study, tmp_path)

    empty_installation()
    restored = restore_study(path=path, actor="bob")

    assert compared(before, exported(restored, tmp_path / "after")) <= DIFFERS
    assert Reading.objects.filter(label=Label.KIDNEY).count() == 8


@pytest.mark.django_db(transaction=True)
def test_what_is_personal_or_of_the_other_installation_stays_behind(tmp_path):
    study = make_closed_study()
    Reader.objects.update(preferences={"mouse": "left"}, invitation_sha256=None)
    path = archived(study, tmp_path)
    assert b"192.0.2.7" not in path.read_bytes()

    empty_installation()
    restored = restore_study(path=path, actor="bob")

    assert set(ActorAddress.objects.values_list("address", flat=True)) == {""}
    assert [reader.preferences for reader in restored.readers.all()] == [{}, {}]
    assert restored.created_by is None
    amended = restored.audit_events.select_related("actor").get(action="amend protocol")
    assert (amended.actor.name, amended.actor.study_slug) == ("ann", "small")


@pytest.mark.django_db(transaction=True)
def test_two_studies_of_one_data_set_share_it_again(tmp_path):
    """The second archive finds its data set there, some of its CTs, and somebody who acted in both."""
    first = make_closed_study()
    second = make_closed_study(slug="second", seed=11)
    before = exported(second, tmp_path / "before")
    paths = [tmp_path / name for name in ("first.zip", "second.zip")]
    for study, path in zip((first, second), paths, strict=True):
        archive_study(study=study, path=path, actor="ann")

    empty_installation()
    restore_study(path=paths[0], actor="bob")
    restored = restore_study(path=paths[1], actor="bob")

    assert compared(before, exported(restored, tmp_path / "after")) <= DIFFERS
    assert Actor.objects.filter(name="ann", study_slug="small").count() == 1
    assert check_store().problems == []


def test_a_study_that_is_here_is_not_stored_a_second_time(tmp_path):
    path = archived(make_closed_study(), tmp_path)
    files = set(StoredFile.objects.values_list("key", flat=True))

    with pytest.raises(DomainError, match="There is a study small already"):
        restore_study(path=path, actor="bob")

    assert Study.objects.count() == 1
    assert {file.name.split("/")[-1] for file in get_store().list_files()} == files


def test_only_a_closed_study_is_archived_and_no_file_is_overwritten(tmp_path):
    study = factories.make_study_of_patients(real=2, hosts=2)
    with pytest.raises(DomainError, match="small is not closed"):
        archived(study, tmp_path)
    (tmp_path / "study.zip").write_text("mine")
    with pytest.raises(DomainError, match="exists; name a new file"):
        archived(factories.close(study), tmp_path)

    assert [path.name for path in tmp_path.iterdir() if path.name != "data"] == ["study.zip"]


def test_a_damaged_store_is_not_archived(tmp_path):
    study = make_closed_study()
    key = study.cases.first().pack.file.key
    (settings.DATA_ROOT / "store" / key[:2] / key).write_bytes(b"damaged")

    with pytest.raises(DomainError, match=r"is damaged: its SHA-256 is not the one stored\. Run check_store"):
        archived(study, tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["data"]
    assert not study.audit_events.filter(action="archive study").exists()


def test_the_commands_say_what_they_did(tmp_path, capsys):
    study = make_closed_study()

    call_command("archive_study", study.slug, out=tmp_path / "a.zip")

    assert "SHA-256, to be kept elsewhere: " in capsys.readouterr().out
    with pytest.raises(CommandError, match="There is a study small already"):
        call_command("restore_study", tmp_path / "a.zip")
    with pytest.raises(CommandError, match="There is no file"):
        call_command("restore_study", tmp_path / "none.zip")


@pytest.fixture
def other_engine(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Return the environment of an empty installation on the engine that this test does not run on."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"DATA_ROOT": str(tmp_path / "other"), "DJANGO_SETTINGS_MODULE": "readerstudy.settings"}
    if connection.vendor == "postgresql":
        yield environment
        return
    user = os.environ.get("USER", "root")
    name = f"archive_{uuid.uuid4().hex}"
    try:
        server = psycopg.connect(f"postgres://{user}@127.0.0.1:5432/postgres", autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        pytest.skip("no PostgreSQL on its standard local port")
    with server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield environment | {"DATABASE_URL": f"postgres://{user}@127.0.0.1:5432/{name}"}
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


ELSEWHERE = """
import sys
import django

django.setup()
from django.core.management import call_command

call_command("migrate", verbosity=0)
call_command("restore_study", sys.argv[1])
call_command("verify_trail")
call_command("export_study", "small", "--out", sys.argv[2])
"""


def test_the_other_engine_has_equal_exports(tmp_path, other_engine):
    study = make_closed_study()
    before = exported(study, tmp_path / "before")
    path = archived(study, tmp_path)

    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE, path, tmp_path / "after"],
        cwd=settings.BASE_DIR, env=other_engine, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr

    folder = tmp_path / "after"
    after = {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    assert compared(before, after) <= DIFFERS
