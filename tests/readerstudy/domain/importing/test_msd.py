import json

import numpy as np
import pytest

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.datasets import import_dataset
from readerstudy.domain.importing.msd import read_msd
from readerstudy.domain.importing.source import ImportOptions
from readerstudy.domain.volumes import load_mask
from readerstudy.models.vocabulary import OrganName, Origin
from readerstudy.models.volume import OrganScan

from .conftest import SHAPE

LIVER = OrganName.LIVER
NO_EDGE = "Tumours whose edge can't be told, and whose size is that of their mask: 1."
LABELS = {"0": "background", "1": "liver", "2": "cancer"}


@pytest.fixture
def task(folder):
    """Task03 in small: a patient with a tumour, and one without; a CT to be tested on."""
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[4:14, 4:14, 4:14] = 1
    for n, name in enumerate(("liver_0", "liver_1")):
        folder.ct(f"imagesTr/{name}.nii.gz", seed=n)
        if n == 0:
            labels[6:9, 6:9, 6:9] = 2
        folder.nifti(f"labelsTr/{name}.nii.gz", array=labels)
        labels[labels == 2] = 1
    folder.ct("imagesTs/liver_2.nii.gz", seed=2)
    return folder


def describe(folder, labels=LABELS, **more):
    training = [
        {"image": f"./imagesTr/{name}.nii.gz", "label": f"./labelsTr/{name}.nii.gz"} for name in ("liver_0", "liver_1")
    ]
    folder.text(json.dumps({"labels": labels, "training": training} | more), name="dataset.json")


def refusal(folder, **options):
    with pytest.raises(DomainError) as caught:
        read_msd(folder.path, ImportOptions(**options))
    return str(caught.value)


@pytest.mark.django_db
def test_patients_with_a_tumour_are_real_and_those_without_are_hosts(task):
    describe(task)

    dataset = import_dataset(name="msd", path=task.path, layout="msd", origin="real", actor="ada")

    real, host = OrganScan.objects.all()
    assert (real.row, real.organ, real.origin, real.lesions) == (1, "liver", "real", 1)
    assert load_mask(real.tumor_mask).sum() == 27
    assert load_mask(real.organ_mask).sum() == 1000  # the tumour is part of its organ
    assert (host.row, host.origin, host.usable, host.tumor_mask) == (2, "healthy", True, None)
    assert dataset.warnings == ["Row 2: the liver has no tumour, so it was taken for a host.", NO_EDGE]


@pytest.mark.django_db
def test_no_patient_with_a_tumour_is_a_host(task):
    describe(task)

    dataset = import_dataset(name="msd", path=task.path, layout="msd", actor="ada")

    assert [scan.row for scan in OrganScan.objects.all()] == [2]
    assert dataset.warnings == [
        "Row 1: the liver has a tumour, so it is no host, and was left out; --origin real takes it."
    ]


@pytest.mark.django_db
def test_tumours_made_elsewhere(task):
    describe(task)

    dataset = import_dataset(
        name="gan", path=task.path, layout="msd", origin="synthetic", generator="our-gan", actor="ada"
    )

    [scan] = OrganScan.objects.all()
    assert (scan.row, scan.origin, scan.generator) == (1, "synthetic", "our-gan")
    assert dataset.warnings == ["Row 2: the liver has no tumour, and was left out.", NO_EDGE]


def test_nnunets_variant(task):
    (task.path / "imagesTr" / "liver_0.nii.gz").rename(task.path / "imagesTr" / "liver_0_0000.nii.gz")
    describe(task, labels={"background": 0, "liver": 1, "cancer": [2]}, training=[], numTraining=2)

    rows = read_msd(task.path / "dataset.json", ImportOptions(Origin.REAL)).rows

    assert [(row.case_id, row.ct.path.name, row.organ_mask.paths[0].name, row.organ_mask.labels) for row in rows] == [
        ("liver_0_0000", "liver_0_0000.nii.gz", "liver_0.nii.gz", (1, 2)),
        ("liver_1", "liver_1.nii.gz", "liver_1.nii.gz", (1, 2)),
    ]


def test_labels_of_ones_own(task):
    describe(task, labels={"0": "background", "1": "gland", "2": "finding"})

    options = ImportOptions(Origin.REAL, label_map={OrganName.PANCREAS: (1,)}, tumor_labels=(2,))
    first, _ = read_msd(task.path, options).rows

    assert (first.organ, first.organ_mask.labels, first.tumor_mask.labels) == ("pancreas", (1, 2), (2,))


def test_tumours_alone(task):
    describe(task, labels={"0": "background", "1": "Vessel", "2": "Tumour"})

    first, _ = read_msd(task.path, ImportOptions(Origin.REAL, organs=(LIVER,))).rows

    assert (first.organ_mask, first.tumor_mask.labels) == (None, (2,))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "dataset.json is no JSON; take the file that came with the data set."),
        ("[]", "dataset.json names no labels; take the file that came with the data set."),
        ('{"labels": {"x": "liver"}}', "dataset.json: 'x': 'liver' is no label; write a number and a name."),
        (
            '{"labels": {"liver": [1, 2]}}',
            "dataset.json: nnU-Net's regions are not read; give the values with --label-map.",
        ),
        (
            '{"labels": {"1": "liver"}, "training": ["a"]}',
            "dataset.json, training 1: there is no image with its label;",
        ),
        (
            '{"labels": {"1": "liver"}, "training": [{"image": "../a", "label": "b"}]}',
            "dataset.json, training 1: '../a' lies outside the data set's folder; move it inside.",
        ),
        ('{"labels": {"1": "spleen"}}', "dataset.json: no label is liver or pancreas or kidney;"),
    ],
)
def test_a_description_that_is_none(task, text, message):
    task.text(text, name="dataset.json")

    assert refusal(task).startswith(message)


def test_a_folder_without_a_description(folder):
    assert refusal(folder) == (
        "source has no dataset.json that can be read (No such file or directory); name the folder that holds it."
    )


def test_an_image_without_its_labels(task):
    describe(task, training=None)
    (task.path / "labelsTr" / "liver_1.nii.gz").unlink()

    assert refusal(task) == "source: there is no file 'labelsTr/liver_1.nii.gz' in the data set's folder."


def test_masks_elsewhere(task):
    describe(task)

    assert refusal(task, masks=task.path) == "The msd layout has its masks in labelsTr; leave out --masks."
