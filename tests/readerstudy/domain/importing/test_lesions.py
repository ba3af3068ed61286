"""What an import measures of tumours, organs and scans, on tumours whose size is known."""

import numpy as np
import pytest

from readerstudy.domain.design import parse_design
from readerstudy.domain.importing.datasets import import_dataset
from readerstudy.domain.importing.lesions import count_lesions, touches, touching
from readerstudy.domain.selection import plan_case_set
from readerstudy.models.vocabulary import MeasuredOn, Phase
from readerstudy.models.volume import Lesion, OrganScan, Volume
from synthesis.phase import PHASES
from tests.factories import design_data
from tests.synthesis.test_half_contrast import lesion

SPACING = (1.0, 1.0, 2.0)
AFFINE = np.diag([*SPACING, 1.0])


@pytest.fixture
def take(folder, row):
    """Import a liver with a tumour of radius 8 mm at its middle, whose mask is drawn wider by so much."""

    def do(widened_mm, *, name="data", contrast_hu=45.0, **cells):
        hu, mask = lesion(8.0, spacing_mm=SPACING, widened_mm=widened_mm, contrast_hu=contrast_hu)
        ct = np.full([n + 20 for n in hu.shape], -1000, dtype=np.int16)
        inner = tuple(slice(10, -10) for _ in range(3))
        ct[inner] = hu
        organ, tumor = (np.zeros(ct.shape, dtype=np.uint8) for _ in range(2))
        organ[inner] = 1
        tumor[inner] = mask
        for file, array in (("ct.nii.gz", ct), ("organ.nii.gz", organ), ("tumor.nii.gz", tumor)):
            folder.nifti(file, array=array, affine=AFFINE)
        import_dataset(name=name, path=folder.manifest(row() | cells), layout="manifest", actor="ada")
        return OrganScan.objects.get(volume__dataset__name=name)

    return do


@pytest.mark.django_db
def test_both_arms_are_measured_at_half_contrast(take):
    wide = take(2.0, name="patients", lesion_type="metastasis")
    exact = take(0.0, name="generated", origin="synthetic", generator="gan")

    for scan in (wide, exact):
        assert scan.measured_on == MeasuredOn.HALF_CONTRAST
        assert scan.diameter_mm == pytest.approx(16.0, abs=0.8)
        assert scan.tumor_ml == pytest.approx(np.pi / 6 * 1.6**3, rel=0.15)
    assert wide.diameter_mm == pytest.approx(exact.diameter_mm, abs=0.4)
    drawn, made = Lesion.objects.order_by("scan_id")
    assert drawn.equivalent_mm == pytest.approx(20.0, abs=0.4)
    assert made.equivalent_mm == pytest.approx(16.0, abs=0.4)
    assert drawn.edge_mm == pytest.approx(-2.0, abs=0.5)
    assert drawn.half_longest_mm == pytest.approx(16.0, abs=2)
    assert drawn.longest_mm == pytest.approx(20.0, abs=2)
    assert drawn.contrast_hu == pytest.approx(45, abs=5)
    assert drawn.place == pytest.approx([0.5, 0.5, 0.5], abs=0.1)
    assert drawn.depth_mm > 12
    assert (drawn.number, drawn.kind, made.kind, drawn.no_edge) == (1, "metastasis", "", "")


@pytest.mark.django_db
def test_the_limits_of_a_study_hold_at_half_contrast(take):
    """The mask's 20 mm would be too large for the study; the tumour's 16 mm are not."""
    take(2.0, name="patients")
    organs = [{"name": "liver", "real": 1, "synthetic": {}, "diameter_mm": [12, 18]}]

    [case] = plan_case_set(parse_design(design_data(organs=organs)))

    assert case.scan.volume.dataset.name == "patients"


@pytest.mark.django_db
def test_without_contrast_the_mask_is_what_there_is_and_that_is_said(take):
    scan = take(2.0, contrast_hu=0.0)

    [only] = scan.measured_lesions.all()
    assert (scan.measured_on, only.no_edge) == (MeasuredOn.MASK, "too little contrast")
    assert scan.diameter_mm == only.equivalent_mm == pytest.approx(20.0, abs=0.4)
    assert (only.half_equivalent_mm, only.contrast_hu, only.edge_mm) == (None, None, None)
    assert scan.volume.dataset.warnings == [
        "Tumours whose edge can't be told, and whose size is that of their mask: 1."
    ]


@pytest.mark.django_db
def test_the_scan_and_the_organ_without_its_tumour_are_measured(take):
    scan = take(0.0)

    volume = Volume.objects.get()
    assert volume.noise_hu == pytest.approx(4.6, abs=0.4)  # of 8 HU, what neighbours do not share
    assert volume.shows_head is False
    assert volume.field_of_view_mm == [n * s for n, s in zip(volume.shape, SPACING, strict=True)]
    assert scan.parenchyma_hu == pytest.approx(100, abs=1)
    assert scan.phase in Phase.values


def test_phases_are_those_of_the_library():
    assert tuple(Phase.values) == PHASES


def test_lesions_that_touch_an_organ_are_its_own():
    organ, tumor = (np.zeros((12, 12, 12), dtype=bool) for _ in range(2))
    organ[:5] = True
    tumor[5:7, 2:4, 2:4] = True  # adjoins it
    tumor[9:11, 8:10, 8:10] = True

    own = touching(tumor, organ)

    assert np.array_equal(np.flatnonzero(own.any(axis=(1, 2))), [5, 6])
    assert (count_lesions(tumor), count_lesions(own)) == (2, 1)
    assert touches(tumor, organ)
    assert touching(tumor & ~own, organ) is None
