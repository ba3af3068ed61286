import json

import pytest
from django.core.management import CommandError, call_command

from readerstudy.domain.store import get_store
from readerstudy.models.case import SlicePack
from tests import factories

pytestmark = pytest.mark.django_db


def check(capsys, *options):
    """Return the exit status, and what was printed."""
    try:
        call_command("check_store", *options)
    except CommandError as error:
        return error.returncode, capsys.readouterr().out + str(error)
    return 0, capsys.readouterr().out


def test_a_store_in_order(capsys):
    scan = factories.make_scan(factories.make_dataset())
    size = scan.volume.file.size + scan.organ_mask.size

    assert check(capsys) == (0, f"2 files are whole ({size / 1e6:.1f} MB).\n")


def test_a_lost_ct_is_named_and_can_not_be_repaired(capsys):
    scan = factories.make_scan(factories.make_dataset("hosts"))
    get_store().delete(scan.volume.file.key)

    status, printed = check(capsys, "--repair")

    assert status == 1
    assert (
        f"no file: {scan.volume.file.key}, the CT of row {scan.row} of data set hosts; restore it from a backup, or"
        " delete the data set and import it again." in printed
    )
    assert "The store is not in order: 1 of 1 problems are left." in printed


def test_a_lost_pack_is_wrong_until_it_is_repaired(capsys):
    factories.make_study_of_patients(real=2, hosts=2)
    pack = SlicePack.objects.first()
    get_store().delete(pack.file.key)

    assert check(capsys)[0] == 1
    status, printed = check(capsys, "--repair", "--json")

    (problem,) = json.loads(printed)["problems"]
    assert status == 0
    assert problem == {
        "fault": "no file",
        "name": pack.file.key,
        "what": f"the slices of case {pack.case}",
        "remedy": "made again by --repair",
        "mended": True,
    }
    assert check(capsys)[0] == 0


def test_young_files_without_a_row_are_said_and_left(capsys):
    get_store().write(lambda file: file.write(b"x"))

    assert check(capsys, "--repair") == (
        0,
        "0 files are whole (0.0 MB).\nFiles without a row that an import may be writing just now: 1.\n",
    )
    assert check(capsys, "--orphans-after", "0")[0] == 1
    assert check(capsys, "--orphans-after", "0", "--repair")[0] == 0
    assert list(get_store().list_files()) == []


def test_a_store_that_can_not_be_reached(capsys, bucket, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")

    assert check(capsys) == (
        2,
        "The store can't be read (the S3 service answered SignatureDoesNotMatch); see DATA_ROOT or STORE_URL.",
    )
