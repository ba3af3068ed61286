"""Masks of CT series: segmentations, structure sets and NIfTI, matched by series or by name, voxel by voxel."""

import nibabel as nib
import numpy as np
import pydicom
import pytest

from readerstudy.domain.errors import DomainError
from readerstudy.domain.importing.datasets import import_dataset
from readerstudy.domain.importing.dicom.layout import read_dicom
from readerstudy.domain.importing.source import ImportOptions
from readerstudy.domain.volumes import load_mask, load_volume
from readerstudy.models.vocabulary import OrganName, Origin
from readerstudy.models.volume import OrganScan

from .dicom_builder import COLUMNS, ROWS, SLICES, SPACING, Series, body, contour, expected_ras, segmentation, structures

LIVER, PANCREAS, KIDNEY = OrganName
SHAPE = (SLICES, ROWS, COLUMNS)


def box(slices, rows, columns):
    """A mask [slice, row, column] of a box, corners inclusive."""
    mask = np.zeros(SHAPE, dtype=bool)
    mask[slices[0] : slices[1] + 1, rows[0] : rows[1] + 1, columns[0] : columns[1] + 1] = True
    return mask


ORGAN, TUMOR = box((1, 7), (4, 15), (4, 14)), box((3, 5), (7, 11), (6, 10))


@pytest.fixture
def take(tmp_path):
    def do(*, masks=None, origin="real", folder="cts", **options):
        return import_dataset(
            name="ward",
            path=tmp_path / folder,
            layout="dicom",
            actor="ada",
            origin=origin,
            masks=masks and tmp_path / masks,
            **options,
        )

    return do


def check_stored(series, organ=ORGAN, tumor=TUMOR, *, name=LIVER):
    scan = OrganScan.objects.get(organ=name)
    np.testing.assert_array_equal(load_volume(scan.volume.file).hu, expected_ras(series.hu))
    np.testing.assert_array_equal(load_mask(scan.organ_mask), expected_ras(organ))
    np.testing.assert_array_equal(load_mask(scan.tumor_mask), expected_ras(tumor))
    assert not any("grid" in warning for warning in scan.volume.dataset.warnings)


@pytest.mark.django_db
@pytest.mark.parametrize("fractional", [False, True])
@pytest.mark.parametrize("masks", [None, "segs", "segs/one.dcm"])
def test_a_segmentation_goes_with_its_series(tmp_path, take, masks, fractional):
    Series(tmp_path / "cts" / "other", body(5), change=lambda _, one: setattr(one, "PatientID", "PID-2"))
    series = Series(tmp_path / "cts" / "one")
    place = tmp_path / ("cts" if masks is None else "segs") / "one.dcm"
    segmentation(place, series, {"Liver": ORGAN, "Liver tumour": TUMOR, "Spleen": ~ORGAN}, fractional=fractional)

    take(masks=masks, organs=[LIVER])

    check_stored(series)


@pytest.mark.django_db
def test_a_structure_set_is_drawn_voxel_by_voxel_holes_too(tmp_path, take):
    series = Series(tmp_path / "cts")
    hole = box((1, 7), (12, 13), (8, 9))
    organ = [contour(n, (4, 15), (4, 14)) for n in range(1, 8)] + [contour(n, (12, 13), (8, 9)) for n in range(1, 8)]
    tumor = [contour(n, (7, 11), (6, 10)) for n in range(3, 6)]
    structures(tmp_path / "cts" / "rt.dcm", series, {"LIVER": organ, "Couch": organ, "GTV_liver": tumor})

    take(organs=[LIVER])

    check_stored(series, organ=(ORGAN & ~hole) | TUMOR)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["cts.nii.gz", "PID-0815_seg.nii.gz", "anything.nii.gz"])
def test_nifti_masks_by_name(tmp_path, take, name):
    series = Series(tmp_path / "cts")
    ct = read_dicom(tmp_path / "cts", ImportOptions(organs=(LIVER,))).rows[0].ct.read()
    (tmp_path / "masks").mkdir()
    labels = np.where(TUMOR, 9, np.where(ORGAN, 5, 0)).astype(np.uint8)
    image = nib.Nifti1Image(expected_ras(labels), ct.affine)
    nib.save(image.as_reoriented(nib.orientations.axcodes2ornt("LPS")), tmp_path / "masks" / name)

    take(masks="masks", tumor_labels=(9,))

    check_stored(series, organ=ORGAN)
    assert OrganScan.objects.count() == 1


@pytest.mark.django_db
def test_one_nifti_file_for_one_series(tmp_path, take):
    series = Series(tmp_path / "cts")
    ct = read_dicom(tmp_path / "cts", ImportOptions(organs=(LIVER,))).rows[0].ct.read()
    labels = np.where(TUMOR, 2, np.where(ORGAN, 1, 0)).astype(np.uint8)
    nib.save(nib.Nifti1Image(expected_ras(labels), ct.affine), tmp_path / "mask.nii.gz")

    take(masks="mask.nii.gz", label_map={PANCREAS: (1, 2)}, tumor_labels=(2,), organs=[PANCREAS])

    check_stored(series, name=PANCREAS)


@pytest.mark.django_db
def test_tumours_made_elsewhere_and_a_series_without_any(tmp_path, take):
    series = Series(tmp_path / "cts" / "one")
    plain = Series(tmp_path / "cts" / "two", body(2), change=lambda _, one: setattr(one, "PatientID", "PID-2"))
    segmentation(tmp_path / "segs" / "one.dcm", series, {"left kidney": ORGAN, "tumor": TUMOR})
    segmentation(tmp_path / "segs" / "two.dcm", plain, {"left kidney": ORGAN})

    dataset = take(masks="segs", origin="synthetic", generator="our-gan")

    [scan] = OrganScan.objects.all()
    assert (scan.organ, scan.origin, scan.generator, scan.lesions) == (KIDNEY, Origin.SYNTHETIC, "our-gan", 1)
    assert "Row 2: the kidney has no tumour, and was left out." in dataset.warnings


def refusal(path, **options):
    with pytest.raises(DomainError) as caught:
        read_dicom(path, ImportOptions(**options))
    return str(caught.value)


def test_masks_of_another_series(tmp_path):
    Series(tmp_path / "cts")
    other = Series(tmp_path / "elsewhere")
    segmentation(tmp_path / "segs" / "a.dcm", other, {"Liver": ORGAN})

    assert refusal(tmp_path / "cts", masks=tmp_path / "segs") == (
        "a.dcm was drawn on none of the series; leave it out, or mend the series."
    )


def test_masks_of_a_series_that_makes_no_volume(tmp_path):
    Series(tmp_path / "cts" / "good")
    bad = Series(tmp_path / "cts" / "bad", change=lambda n, _: n != 4)
    structures(tmp_path / "rt" / "a.dcm", bad, {"liver": [contour(2, (4, 8), (4, 8))]})

    assert refusal(tmp_path / "cts", masks=tmp_path / "rt") == (
        "a.dcm was drawn on a series that makes no volume; leave it out, or mend the series."
    )


def test_no_mask_of_any_series(tmp_path):
    Series(tmp_path / "cts" / "a")
    (tmp_path / "masks").mkdir()

    assert refusal(tmp_path / "cts", masks=tmp_path / "masks") == (
        "masks holds no mask of any series; name NIfTI masks by the series' folder, its identifier or its patient's."
    )
    assert refusal(tmp_path / "cts", origin=Origin.REAL) == (
        "cts: origin real needs masks of the tumours; give them with --masks, and where their names do not tell, their"
        " numbers with --label-map, as tumor=2."
    )


def test_one_mask_for_two_series(tmp_path):
    for n in range(2):
        Series(tmp_path / "cts" / str(n), body(n))
    (tmp_path / "mask.nii.gz").write_bytes(b"read later")

    assert refusal(tmp_path / "cts", masks=tmp_path / "mask.nii.gz") == (
        "mask.nii.gz is one mask for 2 series; give a folder of masks by name."
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("move_mm", "said"),
    [
        ((0, 0, SPACING[2] / 2), "the contours do not lie on the CT's slices; check that the two belong together."),
        ((0, 0, 300), "the contours lie outside the CT; check that the two belong together."),
    ],
)
def test_contours_that_are_not_the_series(tmp_path, take, stored, move_mm, said):
    series = Series(tmp_path / "cts")
    drawn = [contour(n, (4, 15), (4, 14)) + np.array(move_mm) for n in range(1, 8)]
    structures(tmp_path / "cts" / "rt.dcm", series, {"liver": drawn, "tumor": drawn})

    with pytest.raises(DomainError) as caught:
        take(organs=[LIVER])
    assert str(caught.value) == f"row 1 (liver): rt.dcm: {said}"
    assert stored() == []


@pytest.mark.django_db
def test_a_segmentation_whose_frames_lie_kilometres_apart_is_not_filled_up(tmp_path, take):
    series = Series(tmp_path / "cts")
    path = tmp_path / "cts" / "seg.dcm"
    segmentation(path, series, {"liver": ORGAN, "tumor": TUMOR})
    one = pydicom.dcmread(path)
    last = one.PerFrameFunctionalGroupsSequence[-1].PlanePositionSequence[0]
    last.ImagePositionPatient = [*last.ImagePositionPatient[:2], 9_000_040.0]
    one.save_as(path)

    with pytest.raises(DomainError, match=r"^row 1 \(liver\): seg.dcm: the segmentation('s frames| reaches)"):
        take(organs=[LIVER])
