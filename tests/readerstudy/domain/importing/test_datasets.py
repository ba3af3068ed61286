import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.datasets import import_dataset
from readerstudy.domain.store import Store
from readerstudy.domain.volumes import load_mask, load_volume
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.dataset import Dataset
from readerstudy.models.stored_file import StoredFile
from readerstudy.models.vocabulary import OrganName
from readerstudy.models.volume import OrganScan, Volume

from .conftest import AFFINE, SHAPE

pytestmark = [pytest.mark.django_db, pytest.mark.database]

NO_EDGE = (
    "Tumours whose edge can't be told, and whose size is that of their mask: {}."  # boxes in a CT without a tumour
)


def take(path, *, name="hospital", layout="manifest", **more):
    return import_dataset(name=name, path=path, layout=layout, actor="ada", **more)


@pytest.fixture
def patient(folder):
    """A CT with a liver and a tumour of two lesions in it."""
    folder.ct("ct.nii.gz")
    folder.mask("organ.nii.gz", (4, 14))
    folder.mask("tumor.nii.gz", (5, 8), (10, 12))
    return folder


@pytest.fixture
def refused(stored):
    """Check that an import is refused and leaves nothing; return what it said."""

    def check(path, **more):
        with pytest.raises(DomainError) as caught:
            take(path, **more)
        assert stored() == []
        for model in (Dataset, Volume, OrganScan, StoredFile, AuditEvent):
            assert model.objects.count() == 0, model
        return str(caught.value)

    return check


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


# What is refused


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


def test_an_interrupted_import_leaves_nothing(patient, row, stored):
    def interrupt(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(patient.manifest(row()), progress=interrupt)

    assert stored() == []
    assert not Dataset.objects.exists()


def test_a_name_is_given_once(patient, row, stored):
    path = patient.manifest(row())
    take(path)
    before = stored()

    with pytest.raises(DomainError, match=r"^There is a data set named 'hospital' already; choose another name\.$"):
        take(path)

    assert stored() == before


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
