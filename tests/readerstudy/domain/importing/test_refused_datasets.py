"""What an import refuses, and that nothing of it stays."""

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from readerstudy.domain.errors import DomainError
from readerstudy.domain.store import Store
from readerstudy.models.dataset import Dataset
from readerstudy.models.vocabulary import OrganName
from readerstudy.models.volume import Volume

from .conftest import AFFINE, SHAPE, take

pytestmark = pytest.mark.django_db


def moved_mm(*shift):
    affine = AFFINE.copy()
    affine[:3, 3] += shift
    return affine


def truncated(path):
    path.write_bytes(path.read_bytes()[:-12])


def text(path):
    path.write_text("this is no volume")


def no_bytes(path):
    path.write_bytes(b"")


def four_dimensions(path):
    nib.save(nib.Nifti1Image(np.zeros((*SHAPE, 2), dtype=np.int16), AFFINE), path)


def not_a_number(path):
    hu = np.full(SHAPE, 50, dtype=np.float32)
    hu[0, 0, 0] = np.nan
    nib.save(nib.Nifti1Image(hu, AFFINE), path)


def not_hounsfield(path):
    gray = np.random.default_rng(0).integers(0, 256, SHAPE, dtype=np.uint8)
    nib.save(nib.Nifti1Image(gray, AFFINE), path)


def a_hundred_gigabytes(path):
    header = nib.Nifti1Header()
    header.set_data_dtype(np.int16)
    header.set_data_shape((10_000, 10_000, 500))
    header["vox_offset"] = 352
    header["magic"] = b"n+1"
    path.write_bytes(gzip.compress(header.binaryblock + bytes(1024), mtime=0))
    assert path.stat().st_size < 1024


@pytest.mark.database
@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (truncated, "the file is truncated or damaged; export or copy it again."),
        (text, "this is not a NIfTI file that can be read; export it again."),
        (no_bytes, "the file is empty (0 bytes); export or copy it again."),
        (four_dimensions, "the array of shape (24, 20, 16, 2) is not one 3-D volume; export a single 3-D volume."),
        (not_a_number, "some voxels are NaN or infinite; export it again with finite values."),
        (
            not_hounsfield,
            "the values (0 to 255) are not Hounsfield units; "
            "export the CT with its rescale slope and intercept applied (air near -1000, water 0).",
        ),
        (a_hundred_gigabytes, "the header promises 100.0 GB of voxels, which"),
    ],
)
def test_a_bad_ct_leaves_nothing_of_the_whole_data_set(patient, row, refused, spoil, cause):
    (patient.path / "cts").mkdir()
    spoil(patient.path / patient.ct("cts/two.nii.gz", seed=2))
    path = patient.manifest(row(), row(case_id="c2", patient_id="p2", ct="cts/two.nii.gz"))

    said = refused(path)

    assert said.startswith(f"manifest.csv line 3: cts/two.nii.gz: {cause}")
    assert said.endswith(".")
    assert "\n" not in said


@pytest.mark.parametrize(
    ("image", "cause"),
    [
        ({"array": np.zeros(SHAPE, dtype=np.uint8)}, "the mask has no voxel but zeros"),
        (
            {"affine": moved_mm(1.5, 0, 0)},
            "the mask has the CT's shape but not its affine (the origin is shifted by 1.5, 0.0, 0.0 mm",
        ),
        ({"array": np.full(SHAPE, 0.5, dtype=np.float32)}, "the mask holds fractions"),
        ({"array": np.ones((5, 5, 5), np.uint8), "affine": np.diag([1, 1, 1, 1.0])}, "the mask lies outside the CT"),
    ],
)
@pytest.mark.parametrize("mask", ["organ.nii.gz", "tumor.nii.gz"])
def test_a_bad_mask(patient, row, refused, mask, image, cause):
    patient.mask(mask, (5, 9), **image)

    assert refused(patient.manifest(row())).startswith(f"manifest.csv line 2: {mask}: {cause}")


def test_a_label_that_no_voxel_has(patient, row, refused):
    assert refused(patient.manifest(row(organ_label="5"))) == (
        "manifest.csv line 2: organ.nii.gz: the mask has no voxel with label 5 (it holds 0, 1);"
        " check the file and the labels."
    )


def test_a_damaged_mask_is_not_taken_for_an_absent_organ(folder, refused):
    folder.ct("a.nii.gz")
    truncated(folder.path / folder.mask("a_seg.nii.gz", (4, 9), label=5))

    assert refused(folder.path, layout="totalsegmentator") == (
        "row 1 (liver): a_seg.nii.gz: the file is truncated or damaged; export or copy it again."
    )


def test_a_shifted_mask_is_not_taken_for_an_absent_organ(folder, refused):
    folder.ct("a.nii.gz")
    folder.mask("a_seg.nii.gz", (4, 9), label=99, affine=moved_mm(0, 0, 3))

    said = refused(folder.path, layout="totalsegmentator")

    assert said.startswith("row 1 (liver): a_seg.nii.gz: the mask has the CT's shape but not its affine")


def test_a_data_set_that_shows_no_organ(folder, refused):
    folder.ct("a.nii.gz")
    folder.mask("a_seg.nii.gz", (4, 9), label=1)

    assert refused(folder.path, layout="totalsegmentator") == (
        "No scan shows any of the organs, so there is nothing to import; check the labels."
    )


def test_one_ct_is_not_two_patients(patient, row, refused):
    patient.ct("copy.nii.gz")

    assert refused(patient.manifest(row(), row(case_id="c2", patient_id="p2", ct="copy.nii.gz"))) == (
        "manifest.csv line 3: copy.nii.gz holds the same CT as manifest.csv line 2, for another patient;"
        " leave one out, or give both rows one patient_id."
    )


def test_one_ct_does_not_hold_an_organ_twice(patient, row, refused):
    assert refused(patient.manifest(row(), row(case_id="c2"))) == (
        "manifest.csv line 3: ct.nii.gz holds the same CT as manifest.csv line 2, and its liver stands there"
        " already; leave one out."
    )


def test_a_disk_too_full(patient, row, refused, monkeypatch):
    monkeypatch.setattr(Store, "free_bytes", lambda _: 1000)
    path = patient.manifest(row())

    needed = 1.5 * sum(file.stat().st_size for file in patient.path.glob("*.nii.gz")) / 1e6
    assert refused(path) == (
        f"The data set needs about {needed:.0f} MB of disk space and 0 MB are free; make room, or set DATA_ROOT"
        " to a larger disk."
    )


def test_a_disk_that_fills_up_meanwhile(patient, row, refused, monkeypatch):
    write = Store.write

    def fail_at_the_third(store, write_to, **options):
        if len(list(store.list_files())) == 2:
            raise OSError(28, "No space left on device")
        return write(store, write_to, **options)

    monkeypatch.setattr(Store, "write", fail_at_the_third)

    assert refused(patient.manifest(row())) == "Data set 'hospital' could not be imported (No space left on device)."


@pytest.mark.database
def test_an_interrupted_import_leaves_nothing(patient, row, stored):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(patient.manifest(row()), progress=interrupt)

    assert stored() == []
    assert not Dataset.objects.exists()


@pytest.mark.database
def test_a_name_is_given_once(patient, row, stored):
    path = patient.manifest(row())
    take(path)
    before = stored()

    with pytest.raises(DomainError, match=r"^There is a data set named 'hospital' already; choose another name\.$"):
        take(path)

    assert stored() == before


@pytest.mark.database
def test_a_name_taken_while_reading(patient, row, stored):
    def overtake(done, total):
        Dataset.objects.create(name="hospital", layout="manifest")

    with pytest.raises(DomainError, match=r"^There is a data set named 'hospital' already; choose another name\.$"):
        take(patient.manifest(row()), progress=overtake)

    assert stored() == []
    assert not Volume.objects.exists()


@pytest.mark.parametrize("name", ["", "two words", "../etc", "x" * 81, "name\n"])
def test_a_name_that_is_no_name(patient, row, refused, name):
    assert refused(patient.manifest(row()), name=name) == (
        f"{name!r} is no name for a data set; use up to 80 letters, digits, hyphens and underscores."
    )


def test_a_layout_that_is_none(folder, refused):
    assert refused(folder.path, layout="nnunet") == (
        "'nnunet' is no layout; choose manifest or msd or kits or totalsegmentator or dicom."
    )


def test_an_origin_that_is_none(patient, row, refused):
    assert refused(patient.manifest(row()), origin="genuine") == (
        "origin: 'genuine' is no origin; write real or healthy or synthetic."
    )


def test_the_folder_one_stands_in_has_a_name_too(folder, refused, monkeypatch):
    monkeypatch.chdir(folder.path)

    assert refused(Path(), layout="totalsegmentator") == (
        "source holds neither NAME.nii.gz nor NAME/ct.nii.gz; name the folder of the CTs."
    )


def test_a_path_that_leads_nowhere(tmp_path, refused):
    assert refused(tmp_path / "gone") == f"There is nothing at '{tmp_path / 'gone'}'; correct the path."


def test_no_row_of_the_chosen_organs(patient, row, refused):
    assert refused(patient.manifest(row()), organs=[OrganName.PANCREAS]) == (
        "manifest.csv has no row of pancreas; choose other organs."
    )
