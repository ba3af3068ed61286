"""CT series as hospitals keep them: read to the voxel, or refused or left out by name."""

import struct
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.encaps import encapsulate, get_frame

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.datasets import import_dataset
from readerstudy.domain.importing.dicom.files import InvalidDicom
from readerstudy.domain.importing.dicom.layout import read_dicom
from readerstudy.domain.importing.source import ImportOptions
from readerstudy.domain.volumes import load_volume
from readerstudy.models.vocabulary import OrganName
from readerstudy.models.volume import OrganScan, Volume

from .dicom_builder import ORIGIN, SPACING, Series, body, enhanced, expected_ras, transcode

LIVER = ImportOptions(organs=(OrganName.LIVER,))


def read(path, options=LIVER):
    return read_dicom(path, options)


def refusal(path, options=LIVER):
    with pytest.raises(DomainError) as caught:
        read_dicom(path, options)
    return str(caught.value)


def only_ct(path):
    source = read(path)
    assert source.warnings == []
    [row] = source.rows
    return row.ct.read()


# What is read


def test_a_series_in_any_order_is_read_to_the_voxel_and_the_place(tmp_path):
    series = Series(tmp_path / "a" / "deep" / "place")

    ct = only_ct(tmp_path)

    np.testing.assert_array_equal(ct.hu, expected_ras(series.hu))
    assert nib.aff2axcodes(ct.affine) == ("R", "A", "S")
    assert ct.spacing_mm == pytest.approx((SPACING[1], SPACING[0], SPACING[2]))
    # The voxel at column 2, row 3, slice 4 in RAS mm.
    place = (ORIGIN + np.array([2 * SPACING[1], 3 * SPACING[0], 4 * SPACING[2]])) * [-1, -1, 1]
    i, j, k, _ = np.rint(np.linalg.solve(ct.affine, [*place, 1])).astype(int)
    assert ct.hu[i, j, k] == series.hu[4, 3, 2]


@pytest.mark.parametrize(
    "orientation",
    [
        (0, 1, 0, 0, 0, -1),
        (1, 0, 0, 0, 0, -1),
        (-1, 0, 0, 0, -1, 0),
        (0.9986295, 0.0523360, 0, -0.0523360, 0.9986295, 0),
    ],
    ids=["sagittal", "coronal", "prone", "turned"],
)
def test_other_planes_are_read_to_the_same_places(tmp_path, orientation):
    row, column = np.reshape(orientation, (2, 3))
    step = np.cross(row, column) * SPACING[2]
    series = Series(tmp_path, orientation=orientation, step=step)

    ct = only_ct(tmp_path)

    for n, r, c in [(0, 0, 0), (4, 3, 2), (9, 23, 19)]:
        place = (ORIGIN + row * c * SPACING[1] + column * r * SPACING[0] + step * n) * [-1, -1, 1]
        voxel = np.linalg.solve(ct.affine, [*place, 1])[:3]
        assert np.abs(voxel - np.rint(voxel)).max() < 0.02
        assert ct.hu[tuple(np.rint(voxel).astype(int))] == series.hu[n, r, c]


@pytest.mark.parametrize(
    "syntax",
    [
        uid.ImplicitVRLittleEndian,
        uid.ExplicitVRBigEndian,
        uid.DeflatedExplicitVRLittleEndian,
        uid.RLELossless,
        uid.JPEGLSLossless,
        uid.JPEG2000Lossless,
        "1.2.840.10008.1.2.4.70",  # lossless JPEG, as most scanners' archives hold it
    ],
)
def test_every_transfer_syntax_gives_the_same_voxels(tmp_path, syntax):
    series = Series(tmp_path / "ct", np.tile(body()[:3], (1, 4, 4)))
    for path in series.paths:
        transcode(path, syntax)
        assert pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID == syntax

    np.testing.assert_array_equal(only_ct(tmp_path / "ct").hu, expected_ras(series.hu))


def test_slope_and_intercept_may_differ_by_slice(tmp_path):
    def change(n, one):
        if n % 2:
            stored = np.frombuffer(one.PixelData, "<u2") * 2 + 100
            one.PixelData, one.RescaleSlope, one.RescaleIntercept = stored.astype("<u2").tobytes(), 0.5, -1074
            one.BitsStored, one.HighBit = 16, 15

    series = Series(tmp_path, change=change)

    np.testing.assert_array_equal(only_ct(tmp_path).hu, expected_ras(series.hu))


def test_a_multi_frame_file_is_a_series(tmp_path):
    hu = body()
    enhanced(tmp_path / "one.dcm", hu)

    np.testing.assert_array_equal(only_ct(tmp_path).hu, expected_ras(hu))


@pytest.mark.django_db
def test_several_series_of_one_study_are_scans_of_one_patient(tmp_path):
    for n, study in enumerate(("1.2.3", "1.2.3", "1.2.4")):
        Series(tmp_path / f"s{n}", body(n), study=study, change=lambda _, one: delattr(one, "PatientID"))

    import_dataset(name="ward", path=tmp_path, layout="dicom", actor="ada")

    first, second, other = Volume.objects.order_by("pk").values_list("patient_key", flat=True)
    assert first == second != other
    assert OrganScan.objects.count() == 9


@pytest.mark.django_db
def test_a_patient_is_the_same_in_every_data_set(tmp_path, folder, row):
    Series(tmp_path / "dicom")
    folder.ct("ct.nii.gz", seed=3)
    import_dataset(name="dicom", path=tmp_path / "dicom", layout="dicom", actor="ada")
    manifest = folder.manifest(row(patient_id="PID-0815", organ_mask="", tumor_mask="", origin="healthy"))
    import_dataset(name="nifti", path=manifest, layout="manifest", actor="ada")

    assert len(set(Volume.objects.values_list("patient_key", flat=True))) == 1


def test_series_without_identifiers_are_told_apart_by_their_folders(tmp_path):
    def anonymise(_, one):
        for keyword in ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID"):
            setattr(one, keyword, "")

    for n in range(2):
        Series(tmp_path / f"s{n}", body(n), change=anonymise)

    first, second = read(tmp_path).rows

    np.testing.assert_array_equal(first.ct.read().hu, expected_ras(body(0)))
    np.testing.assert_array_equal(second.ct.read().hu, expected_ras(body(1)))
    assert first.case_id != second.case_id


def test_phases_that_share_a_series_are_told_apart_by_acquisition(tmp_path):
    for n in range(2):
        Series(tmp_path / str(n), body(n), study="1.2.3", series="1.2.3.4", AcquisitionNumber=n + 1)

    assert [row.ct.read().hu[9, 9, 5] for row in read(tmp_path).rows] == [
        expected_ras(body(n))[9, 9, 5] for n in range(2)
    ]


def test_the_sample_is_read_as_an_independent_tool_reads_it(shared_data, tmp_path):
    """dcm2niix (github.com/rordenlab/dcm2niix, of requirements-dev.txt) converts the series; 20 slices in JPEG 2000."""
    sample = shared_data / "totalsegmentator" / "example_ct_dicom"
    if not sample.is_dir():
        pytest.skip("no example_ct_dicom in ../shared/data")
    program = Path(sys.executable).parent / "dcm2niix"
    subprocess.run([program, "-z", "n", "-b", "n", "-f", "ct", "-o", tmp_path, sample], check=True, capture_output=True)
    converted = nib.as_closest_canonical(nib.load(tmp_path / "ct.nii"))

    ct = only_ct(sample)

    np.testing.assert_array_equal(ct.hu, np.asarray(converted.dataobj))
    np.testing.assert_allclose(ct.affine, converted.affine, atol=1e-6)


# What is left out by name


def test_what_is_no_part_of_a_volume_is_left_out_and_said(tmp_path):
    def localizer(_, one):
        one.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]

    def lost(_, one):
        one.ImagePositionPatient = None

    def report(_, one):
        one.SOPClassUID = one.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.67"

    Series(tmp_path / "ct")
    Series(tmp_path / "localizer", body()[:2], change=localizer)
    Series(tmp_path / "lost", body()[:1], change=lost)
    Series(tmp_path / "dose", body()[:1], change=report)
    Series(tmp_path / "short", body()[:2])
    (tmp_path / "README.txt").write_text("notes")
    (tmp_path / "DICOMDIR").write_bytes(b"")

    source = read(tmp_path)

    assert len(source.rows) == 1
    assert source.warnings == [
        "Images that are no part of a CT volume were left out: 2 (localizers).",
        "Images that are no part of a CT volume were left out: 1 (no CT images).",
        "Images that are no part of a CT volume were left out: 1"
        " (the image does not say where in the patient it lies).",
        "Series 2, 2 slices: too few for a volume.",
    ]


def without(*missing):
    return lambda n, _: n not in missing


def uneven(n, one):
    one.ImagePositionPatient = [*ORIGIN[:2], float(ORIGIN[2] + SPACING[2] * n + 0.8 * n * (n > 5))]


def shifted(n, one):
    one.ImagePositionPatient = [float(ORIGIN[0] + 2 * (n == 4)), ORIGIN[1], float(ORIGIN[2] + SPACING[2] * n)]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"change": without(4)}, "9 slices: 1 slices are missing, the first after slice 4; export the series again."),
        ({"change": without(2, 3, 7)}, "7 slices: 3 slices are missing, the first after slice 2; export"),
        ({"change": uneven}, "10 slices: the slices lie 3.00 to 7.80 mm apart, and volumes of varying spacing are not"),
        ({"change": shifted}, "10 slices: the slices are shifted against each other in their plane;"),
        (
            {"step": np.array([0, 0.804, 3.0])},
            "10 slices: the gantry was tilted by 15.0°, and tilted slices are not resampled here; convert",
        ),
    ],
)
def test_a_series_that_is_no_rectangular_grid_is_left_out_by_name(tmp_path, options, reason):
    Series(tmp_path / "bad", **options)
    assert refusal(tmp_path).startswith(f"{tmp_path.name} holds no CT volume: Series 1, {reason}")

    Series(tmp_path / "good")
    source = read(tmp_path)
    assert len(source.rows) == 1
    assert source.warnings[0].startswith(f"Series 1, {reason}")


def test_copies_of_a_slice_count_once_and_other_images_in_its_place_not_at_all(tmp_path):
    series = Series(tmp_path / "ct")
    copy = pydicom.dcmread(series.paths[3])
    copy.save_as(tmp_path / "again.dcm")
    copy.SOPInstanceUID = uid.generate_uid()
    copy.save_as(tmp_path / "under another identifier.dcm")
    np.testing.assert_array_equal(only_ct(tmp_path).hu, expected_ras(series.hu))

    other = (np.frombuffer(copy.PixelData, "<u2") + 1).astype("<u2")
    copy.PixelData = other.tobytes()
    copy.save_as(tmp_path / "another image.dcm")
    assert refusal(tmp_path).endswith(
        "Series 1, 13 slices: two different images lie at one place; leave one of the two acquisitions out."
    )


# What is refused


def test_a_damaged_file_is_named(tmp_path):
    series = Series(tmp_path / "ct")
    path = series.paths[5]
    path.write_bytes(path.read_bytes()[:700])

    assert refusal(tmp_path) == f"ct/{path.name}: the file is damaged and can't be read; export it again."


BOMBS = {  # where a codestream says its size, from its marker on, and what it is changed to: gigabytes
    uid.JPEG2000Lossless: (b"\xff\x51", 6, struct.pack(">II", 60_000, 60_000)),
    uid.JPEGLSLossless: (b"\xff\xf7", 5, struct.pack(">HH", 65_000, 65_000)),
    "1.2.840.10008.1.2.4.70": (b"\xff\xc3", 5, struct.pack(">HH", 65_000, 65_000)),
}


@pytest.mark.parametrize("syntax", BOMBS)
def test_an_image_that_asks_for_gigabytes_never_meets_a_decoder(tmp_path, syntax):
    series = Series(tmp_path / "ct", np.tile(body()[:3], (1, 4, 4)))
    for path in series.paths:
        transcode(path, syntax)
    one = pydicom.dcmread(path)
    frame = bytearray(get_frame(one.PixelData, 0, number_of_frames=1))
    marker, offset, size = BOMBS[syntax]
    at = frame.index(marker) + offset
    frame[at : at + len(size)] = size
    one.PixelData = encapsulate([bytes(frame)])
    one.save_as(path)

    with pytest.raises(InvalidDicom) as caught:
        only_ct(tmp_path / "ct")
    assert str(caught.value) == (f"{path.name}: the image is not of the size that its header says; export it again.")


@pytest.mark.django_db
def test_values_that_are_not_hounsfield_units(tmp_path, stored):
    Series(tmp_path / "ct", change=lambda _, one: delattr(one, "RescaleIntercept"))

    with pytest.raises(DomainError, match=r"are not Hounsfield units; export the series with its rescale slope"):
        import_dataset(name="ward", path=tmp_path, layout="dicom", actor="ada")
    assert stored() == []


def test_a_folder_without_series(tmp_path):
    (tmp_path / "a.dcm").write_text("this is no DICOM")

    assert refusal(tmp_path) == f"{tmp_path.name} holds no CT image in DICOM; name the folder of the series."
    assert refusal(tmp_path / "a.dcm") == "'a.dcm' is no folder; name the one that holds the series."


def test_a_link_that_leads_outside(tmp_path):
    series = Series(tmp_path / "elsewhere")
    (tmp_path / "ct").mkdir()
    (tmp_path / "ct" / "a.dcm").symlink_to(series.paths[0])

    assert refusal(tmp_path / "ct") == "ct: 'a.dcm' lies outside the data set's folder; move it inside."


@pytest.mark.django_db
def test_the_stored_volume_is_the_series(tmp_path):
    series = Series(tmp_path)

    import_dataset(name="ward", path=tmp_path, layout="dicom", actor="ada")

    stored = load_volume(Volume.objects.get().file)
    np.testing.assert_array_equal(stored.hu, expected_ras(series.hu))
    assert [scan.usable for scan in OrganScan.objects.all()] == [False] * 3
