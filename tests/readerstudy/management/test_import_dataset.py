import json

import nibabel as nib
import numpy as np
import pytest
from django.core.management import CommandError, call_command

from readerstudy.management.commands.import_dataset import Command
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.dataset import Dataset
from readerstudy.models.volume import OrganScan

pytestmark = pytest.mark.django_db

SHAPE = (16, 16, 16)


@pytest.fixture
def folder(tmp_path):
    """A CT with a liver labelled 1, kidneys labelled 2 and 3, and a tumour in a file of its own."""
    folder = tmp_path / "source"
    folder.mkdir()
    hu = np.full(SHAPE, -1000, dtype=np.int16)
    hu[2:-2, 2:-2] = np.random.default_rng(0).normal(50, 12, (12, 12, 16)).round()
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[3:8], labels[8:10], labels[10:12] = 1, 2, 3
    tumor = np.zeros(SHAPE, dtype=np.uint8)
    tumor[5:7, 5:7, 5:7] = 1
    for name, array in (("a.nii.gz", hu), ("a_seg.nii.gz", labels), ("tumor.nii.gz", tumor)):
        nib.save(nib.Nifti1Image(array, np.diag([2.0, 2, 2, 1])), folder / name)
    return folder


@pytest.fixture
def manifest(folder):
    path = folder / "cases.csv"
    path.write_text(
        "case_id,organ,ct,organ_mask,organ_label,tumor_mask,origin\n"
        "c1,liver,a.nii.gz,a_seg.nii.gz,1,tumor.nii.gz,\n"
        "c1,kidney,a.nii.gz,a_seg.nii.gz,2;3,,healthy\n"
    )
    return path


def run(capsys, *arguments):
    call_command("import_dataset", *map(str, arguments))
    return capsys.readouterr()


def refusal(*arguments):
    with pytest.raises(CommandError) as caught:
        call_command("import_dataset", *map(str, arguments))
    assert caught.value.returncode == 2
    return str(caught.value)


def test_a_manifest(capsys, manifest):
    printed = run(
        capsys, "ours", manifest, "--layout", "manifest", "--origin", "synthetic", "--generator", "gan", "--stand-in"
    )

    assert printed.out == (
        "Imported ours: 1 CTs, 2 organ scans (liver 1, kidney 1), 2 of them usable.\n"
        "Note: Tumours whose edge can't be told, and whose size is that of their mask: 1.\n"
    )
    assert printed.err == ""  # the bar is for terminals
    assert list(OrganScan.objects.values_list("organ", "origin", "generator", "stand_in")) == [
        ("liver", "synthetic", "gan", True),
        ("kidney", "healthy", "", True),
    ]
    assert str(AuditEvent.objects.get().actor) == "command line"


def test_a_folder_of_scans_with_labels_of_their_own(capsys, folder):
    (folder / "tumor.nii.gz").unlink()

    printed = run(
        capsys, "hosts", folder, "--layout", "totalsegmentator", "--json",
        "--label-map", "liver=1,kidneys=2;3", "--organ", "liver", "--organ", "kidneys", "--organ", "pancreas",
    )  # fmt: skip

    assert json.loads(printed.out) == {
        "name": "hosts",
        "layout": "totalsegmentator",
        "volumes": 1,
        "organ_scans": 2,
        "usable": 2,
        "organs": {"liver": 1, "pancreas": 0, "kidney": 1},
        "origins": {"real": 0, "healthy": 2, "synthetic": 0},
        "warnings": ["Row 3: the scan shows no pancreas, and was left out."],
    }


def test_masks_of_another_folder_and_what_is_noted(capsys, folder, tmp_path):
    (folder / "tumor.nii.gz").unlink()
    (tmp_path / "masks").mkdir()
    (folder / "a_seg.nii.gz").rename(tmp_path / "masks" / "a.nii.gz")

    printed = run(
        capsys, "hosts", folder, "--layout", "totalsegmentator", "--masks", tmp_path / "masks",
        "--label-map", "liver=1,kidney=2;3",
    )  # fmt: skip

    assert printed.out.splitlines() == [
        "Imported hosts: 1 CTs, 2 organ scans (liver 1, kidney 1), 2 of them usable.",
        "Note: Row 2: the scan shows no pancreas, and was left out.",
    ]


def test_unusable_input_ends_with_two_and_one_line(folder, manifest):
    (folder / "tumor.nii.gz").write_bytes(b"")

    said = refusal("ours", manifest, "--layout", "manifest", "--origin", "real")

    assert said == "cases.csv line 2: tumor.nii.gz: the file is empty (0 bytes); export or copy it again."
    assert not Dataset.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--label-map", "liver"], "--label-map: 'liver' names no value; write liver=5."),
        (["--label-map", "spleen=1"], "--label-map: 'spleen' is no organ; write liver or pancreas or kidney."),
        (["--label-map", "liver=one"], "--label-map: 'one' is no list of mask values; write 2 or 2;3."),
        (["--organ", "spleen"], "--organ: 'spleen' is no organ; write liver or pancreas or kidney."),
    ],
)
def test_unusable_arguments(folder, arguments, message):
    with pytest.raises(CommandError) as caught:
        call_command("import_dataset", "ours", str(folder), "--layout", "totalsegmentator", *arguments)

    assert message in str(caught.value)


def test_help_shows_examples_as_they_are_typed():
    text = Command().create_parser("manage.py", "import_dataset").format_help()

    assert "\n  python manage.py import_dataset hospital cases/manifest.csv --layout manifest\n" in text
