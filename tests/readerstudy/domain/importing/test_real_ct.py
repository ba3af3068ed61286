"""The two real patients of `../shared/data`, imported as a researcher would."""

import shutil

import nibabel as nib
import numpy as np
import pytest

from readerstudy.domain.importing.datasets import import_dataset
from readerstudy.domain.volumes import load_mask, load_volume
from readerstudy.models.volume import OrganScan, Volume

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NUMBERS = {"liver": (5,), "pancreas": (7,), "kidney": (2, 3)}


@pytest.fixture
def sample(shared_data, tmp_path):
    """The CT and its labels, under the names of the layout."""
    folder = tmp_path / "source"
    folder.mkdir()
    for name, original in (
        ("s1.nii.gz", "example_ct.nii.gz"),
        ("s1_seg.nii.gz", "example_seg_fast_force_split.nii.gz"),
    ):
        path = shared_data / "totalsegmentator" / original
        if not path.is_file():
            pytest.skip(f"no {original} in ../shared/data")
        shutil.copy(path, folder / name)
    return folder


def as_ras(path):
    return nib.as_closest_canonical(nib.load(path))


def check_stored(ct, mask_of):
    """Check the stored CT and its three organs, voxel by voxel in RAS."""
    stored = load_volume(Volume.objects.get().file)
    np.testing.assert_array_equal(stored.hu, np.asarray(ct.dataobj))
    np.testing.assert_array_equal(stored.affine, ct.affine)
    scans = {scan.organ: scan for scan in OrganScan.objects.all()}
    assert scans.keys() == NUMBERS.keys()
    for organ, scan in scans.items():
        np.testing.assert_array_equal(load_mask(scan.organ_mask), mask_of(organ))


def test_one_file_of_many_labels(sample):
    labels = np.asarray(as_ras(sample / "s1_seg.nii.gz").dataobj)

    dataset = import_dataset(name="sample", path=sample, layout="totalsegmentator", actor="ada")

    check_stored(as_ras(sample / "s1.nii.gz"), lambda organ: np.isin(labels, NUMBERS[organ]))
    # As ../shared/data/README.md gives them.
    assert OrganScan.objects.get(organ="liver").organ_volume_ml == pytest.approx(1126, abs=0.5)
    assert OrganScan.objects.get(organ="pancreas").organ_volume_ml == pytest.approx(18.8, abs=0.05)
    assert dataset.warnings == []


def test_one_file_per_organ(sample, tmp_path):
    image = nib.load(sample / "s1_seg.nii.gz")
    labels = np.asarray(image.dataobj)
    masks = tmp_path / "organs" / "s1" / "segmentations"
    masks.mkdir(parents=True)
    shutil.copy(sample / "s1.nii.gz", masks.parent / "ct.nii.gz")
    for organ, number in {"liver": 5, "pancreas": 7, "kidney_right": 2, "kidney_left": 3}.items():
        nib.save(nib.Nifti1Image((labels == number).astype(np.uint8), image.affine), masks / f"{organ}.nii.gz")

    import_dataset(name="sample", path=tmp_path / "organs", layout="totalsegmentator", actor="ada")

    check_stored(as_ras(sample / "s1.nii.gz"), lambda organ: np.isin(labels, NUMBERS[organ]))
