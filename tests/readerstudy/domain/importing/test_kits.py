import json

import numpy as np
import pytest

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.datasets import import_dataset
from readerstudy.domain.importing.kits import read_kits
from readerstudy.domain.importing.source import ImportOptions
from readerstudy.domain.volumes import load_mask
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import OrganScan

from .conftest import SHAPE


@pytest.fixture
def cases(folder):
    """Two kidneys with a tumour and a cyst, a case whose segmentation is kept back, a file that is no case."""
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[4:14, 4:14, 4:14] = 1
    labels[5:8, 5:8, 5:8] = 2
    labels[10:12, 10:12, 10:12] = 3
    for n in range(3):
        folder.ct(f"case_0000{n}/imaging.nii.gz", seed=n)
        if n < 2:
            folder.nifti(f"case_0000{n}/segmentation.nii.gz", array=labels)
    folder.text("notes", name="README.md")
    return folder


def refusal(path, **options):
    with pytest.raises(DomainError) as caught:
        read_kits(path, ImportOptions(**options))
    return str(caught.value)


@pytest.mark.django_db
def test_a_kidney_holds_its_tumours_and_cysts(cases):
    dataset = import_dataset(name="kits", path=cases.path, layout="kits", origin="real", actor="ada")

    first, second = OrganScan.objects.all()
    assert (first.row, first.organ, first.origin, first.lesions) == (1, "kidney", "real", 1)
    assert load_mask(first.organ_mask).sum() == 1000
    assert load_mask(first.tumor_mask).sum() == 27
    assert first.volume.patient_key != second.volume.patient_key
    assert dataset.warnings == [
        "Cases that have no segmentation were left out: 1.",
        "Tumours whose edge can't be told, and whose size is that of their mask: 2.",
    ]


def test_histology_in_words_of_our_own(cases):
    cases.text(
        json.dumps(
            [
                {"case_id": "case_00000", "tumor_histologic_subtype": "clear_cell_rcc", "age": 61},
                {"case_id": "case_00001", "tumor_histologic_subtype": "seen in Basel"},
                "not a case",
            ]
        ),
        name="kits.json",
    )

    first, second = read_kits(cases.path, ImportOptions(Origin.REAL)).rows

    assert (first.lesion_type, second.lesion_type) == ("clear-cell carcinoma", "")


def test_the_folder_data(folder):
    folder.ct("data/case_00000/imaging.nii.gz")
    folder.mask("data/case_00000/segmentation.nii.gz", (4, 9))

    assert [row.case_id for row in read_kits(folder.path, ImportOptions()).rows] == ["case_00000"]


def test_a_case_without_its_ct(cases):
    (cases.path / "case_00001" / "imaging.nii.gz").unlink()

    assert refusal(cases.path) == ("case_00001: there is no file 'case_00001/imaging.nii.gz' in the data set's folder.")


def test_no_case(folder):
    assert refusal(folder.path) == "source holds no folder case_00000; name the folder of the cases."
    assert refusal(folder.path / "gone") == "gone holds no folder case_00000; name the folder of the cases."


def test_cases_that_are_all_kept_back(folder):
    folder.ct("case_00000/imaging.nii.gz")

    assert refusal(folder.path) == ("source: no case has a segmentation.nii.gz; name the folder of the training cases.")


def test_options_that_do_not_fit(cases):
    assert refusal(cases.path, masks=cases.path) == (
        "The kits layout has segmentation.nii.gz beside imaging.nii.gz; leave out --masks."
    )
    assert refusal(cases.path, origin=Origin.SYNTHETIC).startswith("source: origin synthetic needs a generator")


def test_a_description_that_is_no_json(cases):
    cases.text("{", name="kits.json")

    assert refusal(cases.path) == "kits.json is no JSON; take the file that came with the data, or remove it."
