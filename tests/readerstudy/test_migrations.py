"""Migrations run on what earlier versions wrote, and lose none of it."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, connections, transaction
from django.db.migrations.executor import MigrationExecutor

from readerstudy.models.membership import Membership

FIRST = [("readerstudy", "0001_initial")]


@pytest.fixture
def old(tmp_path: Path, django_db_blocker) -> Iterator[MigrationExecutor]:
    """Give a database of its own, as the first version left it."""
    with django_db_blocker.unblock():
        connections.databases["old"] = connections.databases["default"] | {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(tmp_path / "old.sqlite3"),
            "OPTIONS": {},
        }
        try:
            executor = MigrationExecutor(connections["old"])
            executor.migrate(FIRST)
            yield executor
        finally:
            connections["old"].close()
            del connections["old"]
            del connections.databases["old"]


def write_a_reading(apps) -> int:
    """Store a study of one case, its reader, and an answer; return the answer's key."""

    def create(model: str, **fields: object):
        return apps.get_model("readerstudy", model).objects.using("old").create(**fields)

    study = create("Study", slug="old", title="Old", design={"reading": {}}, design_sha256="0" * 64)
    case = create("Case", study=study, code="0A", organ="liver")
    file = create("StoredFile", key="a" * 32, sha256="0" * 64, size=1)
    create("SlicePack", case=case, state="succeeded", file=file, offsets=[0, 1], shape=[1, 1, 1], cue_slice=0)
    create("GroundTruth", case=case, truth="real")
    reader = create("Reader", study=study, code="R1")
    item = create("SequenceItem", sequence=create("Sequence", reader=reader, algorithm="test"), position=1, case=case)
    return create("Reading", item=item, label="unsure", submission=uuid.uuid4(), active_ms=5).pk


def test_what_the_first_version_wrote_is_still_there(old: MigrationExecutor):
    key = write_a_reading(old.loader.project_state(FIRST).apps)

    old.loader.build_graph()
    latest = old.loader.graph.leaf_nodes("readerstudy")
    MigrationExecutor(connections["old"]).migrate(latest)

    apps = old.loader.project_state(latest).apps
    readings = apps.get_model("readerstudy", "Reading").objects.using("old")
    reading = readings.get(pk=key)
    assert (reading.label, reading.rating, reading.comment, reading.mark_mm) == ("unsure", None, "", None)
    assert reading.item.sequence.reader.preferences == {}
    sequence = reading.item.sequence
    assert (sequence.algorithm, sequence.rotation, sequence.sitting_begun) == ("test", 0, 1)
    pack = apps.get_model("readerstudy", "SlicePack").objects.using("old").get()
    assert (pack.cue_slice, pack.cue_point, pack.affine) == (0, None, None)
    for revision, label, is_taken in ((2, "not-seen", True), (3, "perhaps", False)):
        try:
            with transaction.atomic(using="old"):
                readings.create(item=reading.item, revision=revision, label=label, submission=uuid.uuid4())
        except IntegrityError:
            assert not is_taken
        else:
            assert is_taken


def test_nobody_loses_what_they_could_reach_before_there_were_roles(old: MigrationExecutor):
    apps = old.loader.project_state(FIRST).apps
    users = apps.get_model("auth", "User").objects.using("old")
    ann, bob, visitor = (users.create(username=name, is_staff=name != "visitor") for name in ("ann", "bob", "visitor"))
    studies = apps.get_model("readerstudy", "Study").objects.using("old")
    for slug, creator in (("of-ann", ann), ("of-the-command-line", None)):
        studies.create(slug=slug, title=slug, design={}, design_sha256="0" * 64, created_by=creator)

    old.loader.build_graph()
    MigrationExecutor(connections["old"]).migrate(old.loader.graph.leaf_nodes("readerstudy"))

    assert set(User.objects.using("old").filter(is_superuser=True)) == {User(pk=ann.pk), User(pk=bob.pk)}
    assert list(Membership.objects.using("old").values_list("study__slug", "user", "role")) == [
        ("of-ann", ann.pk, "owner")
    ]
    assert not User.objects.using("old").get(pk=visitor.pk).is_superuser
