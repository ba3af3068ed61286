"""The two real patients of `../shared/data`, imported as a researcher would."""

import json
import shutil

import nibabel as nib
import numpy as np
import pytest

from readerstudy.domain.importing.datasets import import_dataset
from readerstudy.domain.volumes import load_mask, load_volume
from readerstudy.models.volume import OrganScan, Volume

pytestmark = pytest.mark.django_db

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


@pytest.fixture
def with_tumor(sample):
    """The sample's labels with 200 where a box in the liver stands in for a tumour, and the CT darkened there."""
    ct, seg = nib.load(sample / "s1.nii.gz"), nib.load(sample / "s1_seg.nii.gz")
    hu, labels = np.asarray(ct.dataobj).astype(np.int16), np.asarray(seg.dataobj).astype(np.uint8)
    i, j, k = (int(np.median(axis)) for axis in np.nonzero(labels == 5))
    box = np.zeros(labels.shape, dtype=bool)
    box[i - 4 : i + 4, j - 4 : j + 4, k - 4 : k + 4] = True
    box &= labels == 5
    hu[box] -= 60
    labels[box] = 200
    return nib.Nifti1Image(hu, ct.affine), labels


def as_scanners_write(image):
    """Turn an image to left and back first, as CTs of the challenges lie."""
    turn = nib.orientations.ornt_transform(
        nib.orientations.io_orientation(image.affine), nib.orientations.axcodes2ornt("LPS")
    )
    return image.as_reoriented(turn)


def check_tumor(organ, ct, labels, values):
    scan = OrganScan.objects.get(organ=organ)
    affine = nib.as_closest_canonical(ct).affine
    np.testing.assert_allclose(load_volume(scan.volume.file).affine, affine, atol=1e-4)
    np.testing.assert_array_equal(load_volume(scan.volume.file).hu, np.asarray(ct.dataobj))
    np.testing.assert_array_equal(load_mask(scan.organ_mask), np.isin(labels, values))
    np.testing.assert_array_equal(load_mask(scan.tumor_mask), labels == 200)
    assert (scan.origin, scan.lesions, scan.measured_on) == ("real", 1, "half-contrast")
    assert scan.diameter_mm == pytest.approx((6 / np.pi * 8**3) ** (1 / 3) * 3, rel=0.15)


def test_the_decathlons_folders(with_tumor, tmp_path):
    ct, labels = with_tumor
    own = np.select([labels == 200, labels == 5], [2, 1], 0).astype(np.uint8)
    for folder, image in (("imagesTr", ct), ("labelsTr", nib.Nifti1Image(own, ct.affine))):
        (tmp_path / "task" / folder).mkdir(parents=True)
        nib.save(as_scanners_write(image), tmp_path / "task" / folder / "liver_0.nii.gz")
    training = [{"image": "./imagesTr/liver_0.nii.gz", "label": "./labelsTr/liver_0.nii.gz"}]
    described = {"labels": {"0": "background", "1": "liver", "2": "cancer"}, "training": training}
    (tmp_path / "task" / "dataset.json").write_text(json.dumps(described))

    import_dataset(name="msd", path=tmp_path / "task", layout="msd", origin="real", actor="ada")

    check_tumor("liver", ct, labels, (5, 200))


def test_the_kidney_challenges_folders(with_tumor, tmp_path):
    ct, labels = with_tumor
    own = np.select([labels == 200, labels == 5], [2, 1], 0).astype(np.uint8)  # the liver in a kidney's place
    case = tmp_path / "kits" / "case_00000"
    case.mkdir(parents=True)
    nib.save(as_scanners_write(ct), case / "imaging.nii.gz")
    nib.save(as_scanners_write(nib.Nifti1Image(own, ct.affine)), case / "segmentation.nii.gz")

    import_dataset(name="kits", path=case.parent, layout="kits", origin="real", actor="ada")

    check_tumor("kidney", ct, labels, (5, 200))


def test_a_tumour_as_one_label_of_many(with_tumor, tmp_path):
    ct, labels = with_tumor
    (tmp_path / "total").mkdir()
    nib.save(as_scanners_write(ct), tmp_path / "total" / "s1.nii.gz")
    nib.save(as_scanners_write(nib.Nifti1Image(labels, ct.affine)), tmp_path / "total" / "s1_seg.nii.gz")

    import_dataset(
        name="total",
        path=tmp_path / "total",
        layout="totalsegmentator",
        origin="real",
        tumor_labels=(200,),
        actor="ada",
    )

    check_tumor("liver", ct, labels, (5, 200))
    assert OrganScan.objects.get(organ="pancreas").origin == "healthy"


def test_the_sample_series_with_its_labels(shared_data, tmp_path):
    sample = shared_data / "totalsegmentator"
    if not (sample / "example_ct_dicom").is_dir():
        pytest.skip("no example_ct_dicom in ../shared/data")
    shutil.copytree(sample / "example_ct_dicom", tmp_path / "cts")
    masks = tmp_path / "masks.nii.gz"
    shutil.copy(sample / "example_seg_dicom.nii.gz", masks)

    import_dataset(name="dicom", path=tmp_path / "cts", layout="dicom", masks=masks, actor="ada")

    labels = np.asarray(as_ras(masks).dataobj)
    scans = {scan.organ: scan for scan in OrganScan.objects.all()}
    for organ, numbers in (("liver", (5,)), ("pancreas", (7,))):
        np.testing.assert_array_equal(load_mask(scans[organ].organ_mask), np.isin(labels, numbers))
    # As ../shared/data/README.md gives them: contrast-enhanced, mean 89 HU in 699 mL of liver.
    assert scans["liver"].organ_volume_ml == pytest.approx(699, abs=1)
    assert scans["liver"].parenchyma_hu == pytest.approx(89, abs=5)
    assert scans["liver"].phase != "none"
    assert 4 < scans["liver"].volume.noise_hu < 25
