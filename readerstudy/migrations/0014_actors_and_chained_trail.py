"""Names move from the records into a table of their own, and the events of each study become a chain of hashes."""

import hashlib
import json
import secrets
from datetime import UTC

import django.db.models.deletion
from django.db import migrations, models

COMMAND_LINE = "command line"
ACCEPTED = "accept invitation"


def move_names(apps, schema_editor):
    """Give everybody who acted a key, and the records that key."""
    keys = {}

    def rows(model):
        return apps.get_model("readerstudy", model).objects.using(schema_editor.connection.alias)

    def actor_of(name, study_slug="", kind=None):
        kind = kind or ("program" if name == COMMAND_LINE else "staff")
        whole = (kind, study_slug, name)
        if whole not in keys:
            keys[whole] = f"{kind} {secrets.token_hex(6)}"
            rows("Actor").create(key=keys[whole], kind=kind, study_slug=study_slug, name=name)
        return keys[whole]

    for name in ("Amendment", "BlindingAudit", "CaseReplacement", "CaseReview", "ImportRun"):
        for row in rows(name).all():
            row.who_id = actor_of(row.actor)
            row.save(update_fields=["who"])

    last = {}
    for event in rows("AuditEvent").select_related("study").order_by("at", "id"):
        slug = event.study.slug if event.study else ""
        by_reader = event.action == ACCEPTED
        event.who_id = actor_of(event.actor, slug if by_reader else "", "reader" if by_reader else None)
        if "staff_logged_in" in event.detail:
            event.detail["staff_logged_in"] = actor_of(event.detail["staff_logged_in"])
        event.of_study_id = slug
        number, before = last.get(slug, (0, ""))
        event.number = number + 1
        at = event.at.astimezone(UTC).isoformat()
        content = [1, slug, event.number, at, event.who_id, "", event.action, event.detail, before]
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        event.sha256 = hashlib.sha256(text.encode()).hexdigest()
        event.save(update_fields=["who", "of_study", "detail", "number", "sha256"])
        last[slug] = (event.number, event.sha256)
    if schema_editor.connection.vendor == "postgresql":  # which alters no table with checks that wait
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        schema_editor.execute("SET CONSTRAINTS ALL DEFERRED")


def key_to_actor(*, null):
    return models.ForeignKey(
        null=null, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="readerstudy.actor"
    )


def with_actor(name):
    return migrations.AddField(name, "who", key_to_actor(null=True))


def named_as_before(name):
    return [
        migrations.RemoveField(name, "actor"),
        migrations.RenameField(name, "who", "actor"),
        migrations.AlterField(name, "actor", key_to_actor(null=False)),
    ]


WITH_ACTOR = ("amendment", "auditevent", "blindingaudit", "casereplacement", "casereview", "importrun")


class Migration(migrations.Migration):
    dependencies = [("readerstudy", "0013_regions")]

    operations = [
        migrations.CreateModel(
            name="Actor",
            fields=[
                ("key", models.CharField(max_length=40, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("staff", "Staff"), ("reader", "Reader"), ("program", "Program")], max_length=10
                    ),
                ),
                ("study_slug", models.CharField(blank=True, help_text="a reader's study", max_length=80)),
                (
                    "name",
                    models.CharField(
                        blank=True, help_text="a user's name or a reader's code; empty once erased", max_length=150
                    ),
                ),
                ("erased_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("name", ""), _negated=True),
                        fields=("kind", "study_slug", "name"),
                        name="actor_name_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ActorAddress",
            fields=[
                ("key", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("address", models.CharField(blank=True, max_length=100)),
                ("first_seen_at", models.DateTimeField(auto_now_add=True)),
                (
                    "actor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="addresses",
                        to="readerstudy.actor",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("address", ""), _negated=True),
                        fields=("actor", "address"),
                        name="actor_address_once",
                    )
                ],
            },
        ),
        *[with_actor(name) for name in WITH_ACTOR],
        migrations.AddField(
            "auditevent",
            "of_study",
            models.ForeignKey(
                blank=True,
                db_constraint=False,
                default="",
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="readerstudy.study",
                to_field="slug",
            ),
        ),
        migrations.AddField(
            "auditevent",
            "address",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="readerstudy.actoraddress",
            ),
        ),
        migrations.AddField(
            "auditevent",
            "number",
            models.PositiveIntegerField(default=0, help_text="1-based place in its study's chain"),
            preserve_default=False,
        ),
        migrations.AddField(
            "auditevent",
            "sha256",
            models.CharField(default="", help_text="of this event and the hash of the one before", max_length=64),
            preserve_default=False,
        ),
        migrations.AlterField("auditevent", "at", models.DateTimeField()),
        migrations.RunPython(move_names, elidable=False),
        *[operation for name in WITH_ACTOR for operation in named_as_before(name)],
        migrations.RemoveField("auditevent", "study"),
        migrations.RenameField("auditevent", "of_study", "study"),
        migrations.AlterField(
            "auditevent",
            "study",
            models.ForeignKey(
                blank=True,
                db_constraint=False,
                default="",
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="audit_events",
                to="readerstudy.study",
                to_field="slug",
            ),
        ),
        migrations.AddConstraint(
            "auditevent",
            models.UniqueConstraint(fields=("study", "number"), name="audit_event_number_once"),
        ),
    ]
