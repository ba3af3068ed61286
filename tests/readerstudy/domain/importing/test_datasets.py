import nibabel as nib
import numpy as np
import pytest

from readerstudy.domain.volumes import load_mask, load_volume
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.volume import OrganScan, Volume

from .conftest import AFFINE, SHAPE, take

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NO_EDGE = (
    "Tumours whose edge can't be told, and whose size is that of their mask: {}."  # boxes in a CT without a tumour
)


# What an import stores


def test_a_tumour_is_measured(patient, row):
    dataset = take(patient.manifest(row(stand_in="true")))

    scan = OrganScan.objects.get()
    voxel_mm3 = 1.5 * 1.5 * 3
    assert (scan.row, scan.organ, scan.origin, scan.generator, scan.stand_in) == (1, "liver", "real", "", True)
    assert scan.organ_volume_ml == pytest.approx(10**3 * voxel_mm3 / 1000)
    assert scan.lesions == 2
    assert scan.diameter_mm == pytest.approx((6 / np.pi * 3**3 * voxel_mm3) ** (1 / 3))
    assert scan.volume.shape == list(SHAPE)
    assert scan.measured_on == "mask"
    assert scan.volume.spacing_mm == [1.5, 1.5, 3.0]
    assert dataset.warnings == [NO_EDGE.format(1)]


def test_voxels_labels_and_affine_survive_from_any_orientation(patient, row):
    hu = np.asarray(nib.load(patient.path / "ct.nii.gz").dataobj)
    labels = np.zeros(SHAPE, dtype=np.uint8)
    labels[4:9, 5:12, 2:7] = 2
    labels[12:15, 5:12, 2:7] = 3
    labels[9:12, 5:12, 2:7] = 1
    # The same scan as a scanner writes it, left and posterior first: axes turned and swapped.
    turn = nib.orientations.axcodes2ornt("LPS")
    for name, array in (("ct.nii.gz", hu), ("organ.nii.gz", labels)):
        image = nib.Nifti1Image(array, AFFINE).as_reoriented(
            nib.orientations.ornt_transform(nib.orientations.axcodes2ornt("RAS"), turn)
        )
        nib.save(image, patient.path / name)

    take(patient.manifest(row(organ="kidney", organ_label="2;3", tumor_mask="", origin="healthy")))

    scan = OrganScan.objects.get()
    stored = load_volume(scan.volume.file)
    np.testing.assert_array_equal(stored.hu, hu)
    np.testing.assert_array_equal(stored.affine, AFFINE)
    np.testing.assert_array_equal(load_mask(scan.organ_mask), labels >= 2)


def test_a_ct_of_several_organs_is_stored_once(patient, row):
    take(patient.manifest(row(), row(organ="kidney", tumor_mask="", origin="healthy")))

    assert Volume.objects.get().organ_scans.count() == 2
    assert StoredFile.objects.count() == 1 + 2 + 1 + 2  # the CT, the liver and its tumour, the kidney, thumbnails


def test_copies_of_one_patients_ct_are_stored_once(patient, row):
    patient.ct("copy.nii.gz")
    take(patient.manifest(row(), row(case_id="c2", ct="copy.nii.gz", organ="kidney")))

    assert Volume.objects.get().organ_scans.count() == 2


def test_every_file_has_its_row_and_every_row_its_file(patient, row, stored):
    take(patient.manifest(row()))

    assert sorted(path.name for path in stored()) == sorted(StoredFile.objects.values_list("key", flat=True))


def test_a_host_without_a_mask_is_kept_and_not_usable(patient, row):
    patient.ct("two.nii.gz", seed=2)
    host = {"origin": "healthy", "tumor_mask": ""}
    dataset = take(
        patient.manifest(row(**host), row(case_id="c2", patient_id="p2", ct="two.nii.gz", organ_mask="", **host))
    )

    assert [scan.usable for scan in OrganScan.objects.all()] == [True, False]
    assert dataset.warnings == ["Hosts that have no mask of their organ, and are not usable: 1."]


def test_one_patient_has_one_key_in_every_data_set_and_a_case_only_in_its_own(patient, row):
    patient.ct("two.nii.gz", seed=2)
    rows = [row(), row(case_id="c2", patient_id="", ct="two.nii.gz")]

    take(patient.manifest(*rows), name="first")
    take(patient.manifest(*rows), name="second")

    first_keys, second_keys = (
        list(Volume.objects.filter(dataset__name=name).order_by("id").values_list("patient_key", flat=True))
        for name in ("first", "second")
    )
    assert first_keys[0] == second_keys[0]
    assert first_keys[1] != second_keys[1]


def test_progress_counts_cts(patient, row):
    patient.ct("two.nii.gz", seed=2)
    seen = []

    take(
        patient.manifest(row(), row(organ="kidney"), row(case_id="c2", patient_id="p2", ct="two.nii.gz")),
        progress=lambda done, total: seen.append((done, total)),
    )

    assert seen == [(1, 2), (2, 2)]


def test_the_audit_trail_tells_of_it(patient, row):
    take(patient.manifest(row()))

    event = AuditEvent.objects.get()
    assert (str(event.actor), event.action) == ("ada", "import data set")
    assert event.detail == {"dataset": "hospital", "layout": "manifest", "volumes": 1, "organ_scans": 1}


# What is noted


def test_a_tumour_apart_from_its_organ_is_noted(patient, row):
    patient.mask("adjoining.nii.gz", (14, 16))
    patient.mask("apart.nii.gz", (15, 16))
    path = patient.manifest(
        row(tumor_mask="adjoining.nii.gz"), row(organ="kidney", tumor_mask="apart.nii.gz", organ_mask="organ.nii.gz")
    )

    assert take(path).warnings == ["Row 2: the tumour does not touch the kidney.", NO_EDGE.format(2)]


def test_a_resampled_mask_is_noted(patient, row):
    coarse = np.zeros((12, 10, 8), dtype=np.uint8)
    coarse[3:6, 3:6, 3:6] = 1
    affine = AFFINE @ np.diag([2, 2, 2, 1])
    affine[:3, 3] = (AFFINE @ [0.5, 0.5, 0.5, 1])[:3]
    patient.nifti("organ.nii.gz", array=coarse, affine=affine)

    dataset = take(patient.manifest(row()))

    assert dataset.warnings == [
        "Row 1: a mask lay on another grid and was resampled to its CT's by nearest neighbour.",
        NO_EDGE.format(1),
    ]
    expected = np.zeros(SHAPE, dtype=bool)
    expected[6:12, 6:12, 6:12] = True
    np.testing.assert_array_equal(load_mask(OrganScan.objects.get().organ_mask), expected)


def test_an_organ_that_the_scan_does_not_show_is_left_out(folder):
    folder.ct("a.nii.gz")
    folder.mask("a_seg.nii.gz", (4, 9), label=5)
    folder.ct("b/ct.nii.gz", seed=2)
    folder.mask("b/segmentations/kidney_left.nii.gz", (4, 9))
    folder.mask("b/segmentations/kidney_right.nii.gz")
    folder.mask("b/segmentations/liver.nii.gz")

    dataset = take(folder.path, layout="totalsegmentator")

    assert [(scan.row, scan.organ, scan.organ_mask is None) for scan in OrganScan.objects.all()] == [
        (1, "liver", False),
        (5, "pancreas", True),
        (6, "kidney", False),
    ]
    assert dataset.warnings == [
        "Row 2: the scan shows no pancreas, and was left out.",
        "Row 3: the scan shows no kidney, and was left out.",
        "Row 4: the scan shows no liver, and was left out.",
        "Hosts that have no mask of their organ, and are not usable: 1.",
    ]


def test_a_ct_that_stands_for_another_patient_elsewhere_is_noted(patient, row):
    take(patient.manifest(row()), name="first")

    dataset = take(patient.manifest(row(patient_id="someone else")), name="second")

    assert dataset.warnings == [
        NO_EDGE.format(1),
        "CTs of this data set stand for other patients in first: without a common patient_id, a reader may meet"
        " one patient twice.",
    ]


def test_the_same_voxels_under_another_affine_are_the_same_ct(patient, row):
    take(patient.manifest(row()), name="first")
    moved = AFFINE + np.array([[0, 0, 0, 1e-3], [0] * 4, [0] * 4, [0] * 4])
    for name in ("ct", "organ", "tumor"):
        image = nib.load(patient.path / f"{name}.nii.gz")
        patient.nifti(f"{name}.nii.gz", array=np.asarray(image.dataobj), affine=moved)

    dataset = take(patient.manifest(row(patient_id="someone else")), name="second")

    assert dataset.warnings[-1].startswith("CTs of this data set stand for other patients in first:")
