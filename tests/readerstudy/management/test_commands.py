"""The contract's commands, from an empty database to an export: what they print, and how they refuse."""

import io
import json
import os
import re
import subprocess
import sys
import uuid
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pandas as pd
import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.core.management.base import OutputWrapper, SystemCheckError

from readerstudy.domain.answers import Answer, record_reading
from readerstudy.domain.reading_room import current_state
from readerstudy.management.base import UNUSABLE_INPUT
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study
from readerstudy.models.vocabulary import Label
from readerstudy.models.volume import OrganScan
from tests import factories
from tests.readerstudy.analysis.test_table3 import NOT_AS_PRINTED, TABLE_3, write_table_3

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).parents[3]
CONTRACT = {
    "check_store",
    "create_staff",
    "import_dataset",
    "create_study",
    "generate_cases",
    "amend_study",
    "archive_study",
    "restore_study",
    "verify_trail",
    "erase_personal_data",
    "audit_blinding",
    "open_study",
    "close_study",
    "invite_reader",
    "export_study",
    "analyse",
    "analyse_radiomics",
    "import_readings",
    "plan_study",
    "change_staff",
    "remind_readers",
    "demo",
}
STUDY_TOML = """
slug = "small"
title = "A small study"
seed = 7

[[organs]]
name = "liver"
real = 2
synthetic = { hand-crafted = 2 }
diameter_mm = [5, 20]
"""


def run(*arguments, **options):
    """Run a command as `manage.py` would, and return what it printed on stdout."""
    out = io.StringIO()
    call_command(*(str(argument) for argument in arguments), stdout=OutputWrapper(out), **options)
    return out.getvalue()


def refusal(*arguments):
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    assert caught.value.returncode == UNUSABLE_INPUT
    assert "\n" not in str(caught.value)
    return str(caught.value)


def manage(data_root, *arguments, stdin=""):
    """Run `manage.py` in a process of its own, on an installation of its own."""
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SECRET_KEY")}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment | {"DATA_ROOT": str(data_root)},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def design(tmp_path):
    factories.make_patients(real=2, hosts=2)
    path = tmp_path / "STUDY.toml"
    path.write_text(STUDY_TOML)
    return path


def read_all(code):
    reader = Reader.objects.select_related("study").get(code=code)
    while not (state := current_state(reader=reader))["done"]:
        answer = Answer(uuid.uuid4(), Label.REAL, 1000, "1")
        record_reading(reader=reader, token=state["case"]["token"], answer=answer)


@pytest.mark.database
def test_from_a_design_to_an_export(design, tmp_path):
    *balance, done = run("create_study", design).splitlines()
    assert done == "Created study small as a draft. Next: generate_cases small"
    assert balance[0].split() == ["real", "synthetic", "difference"]
    assert balance[1].startswith("liver, hand-crafted: diameter, mm ")
    assert run("generate_cases", "small", "--wait") == "4 of 4 cases are ready.\n"
    assert run("generate_cases", "small", "--json") == '{"total": 4, "ready": 4, "failed": 0}\n'
    assert "has not been audited for leaks. Run audit_blinding small" in refusal("open_study", "small")
    assert "are too few to audit" in run("audit_blinding", "small")
    assert "are too few to audit" in refusal("open_study", "small")
    assert "is open for reading" in run("open_study", "small", "--acknowledge-audit", "Four cases, for a test.")
    link = run("invite_reader", "small", "--code", "R1", "--years", "7", "--specialty", "abdominal radiology")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/invitation/[\w-]+/\n", link)
    again = run("invite_reader", "small", "--code", "R1", "--renew")
    assert again != link
    read_all("R1")
    run("amend_study", "small", "--change", "R1 read at home.", "--reason", "The reading room was closed.")
    assert "is closed" in run("close_study", "small")
    assert "readings.csv" in run("export_study", "small", "--out", tmp_path / "out")

    assert len(pd.read_csv(tmp_path / "out" / "readings.csv")) == 4
    trail = Study.objects.get().audit_events.exclude(actor__kind="reader").values_list("actor__name", flat=True)
    assert set(trail) == {"command line"}


def test_a_study_is_described_to_programs_as_json(design):
    made = json.loads(run("create_study", design, "--json"))

    balance = made.pop("balance")
    assert made == {"slug": "small", "design_sha256": Study.objects.get().design_sha256}
    assert [(row["attribute"], row["matched"]) for row in balance][:2] == [("diameter, mm", True), ("lesions", False)]
    assert set(balance[0]) == {
        *["organ", "generator", "attribute", "level", "real", "synthetic", "difference", "matched"]
    }


@pytest.mark.parametrize("command", ["generate_cases", "open_study", "close_study", "audit_blinding"])
def test_a_study_that_is_not_there_is_refused_with_those_that_are(command, design):
    assert refusal(command, "nosuch") == "There is no study 'nosuch'; there are: none yet."
    run("create_study", design)
    assert refusal(command, "nosuch") == "There is no study 'nosuch'; there are: small."


def test_steps_out_of_turn_are_refused(design, tmp_path):
    run("create_study", design)

    assert "its cases have not been generated" in refusal("open_study", "small").lower()
    assert "not open" in refusal("close_study", "small")
    assert "open it before inviting readers" in refusal("invite_reader", "small", "--code", "R1")
    assert "not closed" in refusal("export_study", "small", "--out", tmp_path / "out")
    assert "has no reader R1" in refusal("invite_reader", "small", "--code", "R1", "--renew")
    assert "already" in refusal("create_study", design)


def test_a_design_with_an_unknown_key_is_refused_and_nothing_stored(design):
    design.write_text(STUDY_TOML.replace("seed", "seeed"))

    assert refusal("create_study", design) == f"{design}: unknown key seeed."
    assert not Study.objects.exists()


def test_a_design_that_asks_for_more_than_there_is_is_refused_and_nothing_stored(design):
    design.write_text(STUDY_TOML.replace("real = 2", "real = 25"))

    assert "liver real: 25 asked for, 2 can be had" in refusal("create_study", design)
    assert not Study.objects.exists()


def test_what_failed_is_said_and_tried_again(design):
    factories.make_draft(organs=[factories.organ_data(real=0)], slug="narrow")
    host = Study.objects.get()  # its hosts' masks are replaced by ones that hold no such tumour
    small = factories.make_scan(factories.make_dataset("small-organs"), organ_radius_mm=2, organ="kidney")
    OrganScan.objects.filter(organ="liver", origin="healthy").update(organ_mask=small.organ_mask)

    with pytest.raises(CommandError, match=r"2 of 2 cases failed; the first, liver: .*too small"):
        run("generate_cases", host.slug, "--wait")

    whole = factories.make_scan(factories.make_dataset("whole"), organ="kidney")
    OrganScan.objects.filter(organ="liver", origin="healthy").update(organ_mask=whole.organ_mask)
    assert run("generate_cases", host.slug, "--wait") == "2 of 2 cases are ready.\n"


# Administrators


def test_an_administrator_is_made_with_the_password_that_was_given():
    assert run("create_staff", "ann", "--password", "correct horse battery") == (
        "Created administrator ann, who can log in now.\n"
    )

    user = User.objects.get()
    assert (user.is_staff, user.is_superuser) == (True, True)
    assert user.check_password("correct horse battery")


def test_an_account_is_changed():
    run("create_staff", "ann", "--password", "correct horse battery")
    run("create_staff", "bob", "--member", "--email", "bob@example.org", "--no-password")

    assert run("change_staff", "bob", "--administrator") == "bob is an administrator now.\n"
    assert (
        run("change_staff", "bob", "--email", "b@example.org") == "bob is found by single sign-on as b@example.org.\n"
    )
    assert run("change_staff", "ann", "--close") == "ann is closed, and signed out everywhere.\n"
    assert refusal("change_staff", "eve", "--close") == (
        "There is no staff member 'eve'; make one: python manage.py create_staff eve"
    )
    assert list(User.objects.order_by("username").values_list("username", "is_superuser", "is_active")) == [
        ("ann", True, False),
        ("bob", True, True),
    ]


def test_a_study_of_the_command_line_can_be_given_an_owner(tmp_path):
    factories.make_patients(real=2, hosts=2)
    run("create_staff", "bob", "--member", "--password", "correct horse battery")

    path = tmp_path / "STUDY.toml"
    path.write_text(STUDY_TOML)

    assert refusal("create_study", str(path), "--owner", "eve").startswith("There is no staff member 'eve'")
    run("create_study", str(path), "--owner", "bob")

    assert list(Study.objects.get().memberships.values_list("user__username", "role")) == [("bob", "owner")]


def test_a_member_is_staff_without_being_an_administrator():
    assert run("create_staff", "bob", "--member", "--password", "correct horse battery") == (
        "Created staff member bob, who can log in now.\n"
    )

    user = User.objects.get()
    assert (user.is_staff, user.is_superuser) == (True, False)


@pytest.mark.parametrize("password", ["short", "password1234", " "])
def test_a_weak_password_is_refused(password):
    assert refusal("create_staff", "ann", "--password", password).startswith("Account 'ann': This password is")
    assert not User.objects.exists()


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_name_is_taken_once():
    run("create_staff", "ann", "--password", "correct horse battery")

    assert refusal("create_staff", "ann", "--password", "another long one") == (
        "There is a user 'ann' already; choose another name."
    )
    assert User.objects.get().check_password("correct horse battery")


def test_a_name_that_is_none_is_refused():
    assert "Enter a valid username" in refusal("create_staff", "ann lee", "--password", "correct horse battery")


def test_a_password_comes_through_a_pipe_into_an_installation_set_up_by_the_command(tmp_path):
    """And an error is one line and exit status 2, of the password that is none as of any other."""
    made = manage(tmp_path / "site", "create_staff", "ann", stdin="correct horse battery\n")
    assert (made.returncode, made.stdout) == (0, "Created administrator ann, who can log in now.\n")

    refused = manage(tmp_path / "site", "create_staff", "bob")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("CommandError: Account 'bob': This password is too short.")
    assert refused.stderr.count("\n") == 1


# Readings made elsewhere


@pytest.fixture
def table_3_csv(tmp_path):
    return write_table_3(tmp_path / "READINGS.csv")


def percent(fraction):
    return str((Decimal(repr(float(fraction))) * 100).quantize(Decimal("0.1"), ROUND_HALF_UP))


def test_the_published_table_comes_out_of_the_export_as_printed(table_3_csv, tmp_path):
    run("import_readings", "table-3", table_3_csv, "--title", "Published Table 3")
    run("export_study", "table-3", "--out", tmp_path / "out")

    exported = pd.read_csv(tmp_path / "out" / "metrics.csv").set_index(["reader_id", "organ", "generator"])
    for method, reader, organ, *counts, sensitivity, specificity, accuracy in TABLE_3:
        key = (f"{method}-{reader}", organ.replace("kidneys", "kidney"))
        values = exported.loc[(*key, method)]
        assert list(values[["tp", "fn", "tn", "fp", "unsure_real", "unsure_synthetic"]]) == counts
        printed = {"sensitivity": sensitivity, "specificity": specificity, "accuracy": accuracy}
        for name, figure in printed.items():
            assert percent(values[name]) == NOT_AS_PRINTED.get((*key, name), figure)


def test_the_export_says_what_analyse_says_of_the_same_file(table_3_csv, tmp_path):
    run("import_readings", "table-3", table_3_csv)
    run("export_study", "table-3", "--out", tmp_path / "out")
    run("analyse", table_3_csv, "--out", tmp_path / "analysed")

    metrics = [(tmp_path / folder / "metrics.csv").read_text() for folder in ("out", "analysed")]
    assert metrics[0] == metrics[1]


def test_unusable_readings_are_refused_by_line(tmp_path):
    path = tmp_path / "READINGS.csv"
    path.write_text("reader_id,case_id,organ,generator,truth,label\nR1,c1,liver,,real,perhaps\n")

    message = refusal("import_readings", "elsewhere", path)

    assert "READINGS.csv" in message
    assert "perhaps" in message
    assert not Study.objects.exists()


# Planning


def test_a_plan_says_what_a_study_can_show_and_what_it_needs():
    printed = run("plan_study", "--readers", "5", "--real", "30", "--synthetic", "30")
    assert "5 readers and 60 cases (30 real, 30 synthetic) tell a balanced accuracy of 0.65" in printed
    assert "Note: No single reader can be shown to be unable to tell at ±0.10 with 60 answers: 76 make it" in printed
    assert re.search(r"^ +2 +none do +none do$", printed, re.MULTILINE)


def test_a_plan_speaks_json_and_draws(tmp_path):
    document = json.loads(run("plan_study", "--svg", tmp_path / "power.svg", "--json"))
    assert {"readers": 5, "real": 50}.items() <= {
        "readers": document["wish"]["n_readers"], "real": document["wish"]["n_real"]
    }.items()  # fmt: skip
    assert (tmp_path / "power.svg").read_text().startswith("<svg")


def test_a_plan_that_makes_no_sense_is_refused():
    assert refusal("plan_study", "--margin", "2") == "margin: give 0.01 to 0.49, not 2."


# What all commands share


def test_the_contract_names_every_command():
    assert {name for name, app in get_commands().items() if app == "readerstudy"} == CONTRACT


@pytest.mark.parametrize("name", sorted(CONTRACT))
def test_help_ends_with_an_example(name, capsys):
    load_command_class("readerstudy", name).print_help("manage.py", name)

    examples = capsys.readouterr().out.partition("examples:\n")[2]
    assert f"manage.py {name}" in examples


def test_a_command_does_not_begin_where_the_installation_is_set_up_wrong(settings):
    settings.OIDC = settings.OIDC | {"CLIENT_ID": "reader-studies"}

    with pytest.raises(SystemCheckError, match=r"readerstudy\.E003"):
        run("close_study", "nosuch", skip_checks=False)
