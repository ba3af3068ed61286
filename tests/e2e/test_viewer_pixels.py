"""What is on the canvas is what the volume holds: every plane and window, the right way up, in proportion."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from readerstudy.domain.slice_packs import display_array, display_spacing_mm
from synthesis.io import read_ct
from synthesis.phantom import render_patient, sample_patient
from synthesis.volume import Volume

from . import reference
from .chromium import fresh_page
from .reading_server import ReadingServer, ShownCase, serve
from .viewer_page import PLANES, canvas, grays, open_viewer, placement, press, settle, text

pytestmark = pytest.mark.e2e

SMALL = {"width": 900, "height": 420}  # so that images are enlarged in one plane and made smaller in another
PRESETS = {
    "1": (40, 400),
    "2": (100, 150),
    "3": (30, 150),
    "4": (80, 250),
    "5": (120, 400),
    "6": (-600, 1500),
    "7": (480, 2500),
    "8": (1024, 4096),
}
OBLIQUE_SHAPE = (60, 44, 30)
OBLIQUE_MM = (0.8, 1.3, 3.0)
BALL_HU = {"L": 500, "A": 900, "S": 1400}


def case_of(volume: Volume) -> ShownCase:
    """A volume as a study shows it."""
    shown = display_array(volume.hu, volume.affine)
    spacing = display_spacing_mm(volume.spacing_mm, volume.affine)
    return ShownCase(token="1" * 32, organ="liver", volume=shown, spacing_mm=spacing, cue_slice=len(shown) // 2)


def sample_ct(folder: Path, shared: Path) -> Volume:
    return read_ct(shared / "totalsegmentator" / "example_ct.nii.gz")


def sample_dicom(folder: Path, shared: Path) -> Volume:
    """The DICOM sample, whose columns run the other way, as a NIfTI file of its own grid (PS3.3 C.7.6.2.1.1)."""
    pydicom = pytest.importorskip("pydicom")
    files = sorted((shared / "totalsegmentator" / "example_ct_dicom").iterdir())
    series = [pydicom.dcmread(file) for file in files]
    try:
        stored = [one.pixel_array for one in series]
    except (RuntimeError, NotImplementedError, AttributeError) as error:
        pytest.skip(f"no decoder for the DICOM sample: {error}")
    along_row, along_column = np.array(series[0].ImageOrientationPatient, dtype=float).reshape(2, 3)
    normal = np.cross(along_row, along_column)
    order = np.argsort([np.dot(normal, np.array(one.ImagePositionPatient, dtype=float)) for one in series])
    first, last = (np.array(series[at].ImagePositionPatient, dtype=float) for at in (order[0], order[-1]))
    hu = np.stack([stored[at] * float(series[at].RescaleSlope) + float(series[at].RescaleIntercept) for at in order])
    between_rows, between_columns = (float(mm) for mm in series[0].PixelSpacing)
    affine = np.eye(4)
    affine[:3, 0] = along_row * between_columns
    affine[:3, 1] = along_column * between_rows
    affine[:3, 2] = (last - first) / (len(series) - 1)
    affine[:3, 3] = first
    lps_to_ras = np.diag([-1.0, -1.0, 1.0, 1.0])
    path = folder / "dicom.nii.gz"
    nib.save(nib.Nifti1Image(np.rint(hu).astype(np.int16).transpose(2, 1, 0), lps_to_ras @ affine), path)
    return read_ct(path)


def phantom(folder: Path, shared: Path) -> Volume:
    patient = sample_patient(np.random.default_rng(5), shape=(96, 96, 40), phase="portal")
    return render_patient(patient).ct


def oblique(folder: Path, shared: Path) -> Volume:
    """An anisotropic volume whose axes are turned by 17 and 9 degrees, swapped, and run the other way."""
    path = folder / "oblique.nii.gz"
    nib.save(nib.Nifti1Image(landmarks(oblique_affine()), oblique_affine()), path)
    return read_ct(path)


def oblique_affine() -> np.ndarray:
    """Storage axes towards inferior, right and anterior, all tilted; the patient's origin in the middle."""
    a, b = np.radians([17, 9])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_z = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    towards = np.array([[0, 1, 0], [0, 0, 1], [-1, 0, 0]], dtype=float)  # columns: I, R, A
    affine = np.eye(4)
    affine[:3, :3] = about_z @ about_x @ towards @ np.diag(OBLIQUE_MM)
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(OBLIQUE_SHAPE) - 1) / 2)
    return affine


def landmarks(affine: np.ndarray) -> np.ndarray:
    """Soft tissue in air with a ball of its own HU towards the patient's left, one in front, one near the head."""
    voxels = np.indices(OBLIQUE_SHAPE).reshape(3, -1)
    x, y, z = (affine[:3, :3] @ voxels + affine[:3, 3:]).reshape(3, *OBLIQUE_SHAPE)
    hu = np.where(x**2 / 30**2 + y**2 / 40**2 + z**2 / 22**2 < 1, 45, -1000) + 10 * np.sin(x) + 8 * np.cos(2 * y)
    for letter, (right, anterior, superior) in {"L": (-18, 0, 0), "A": (0, 26, 0), "S": (0, 0, 14)}.items():
        hu[(x - right) ** 2 + (y - anterior) ** 2 + (z - superior) ** 2 < 6**2] = BALL_HU[letter]
    return np.rint(hu).astype(np.int16)


VOLUMES = {"sample CT": sample_ct, "sample DICOM": sample_dicom, "phantom": phantom, "oblique": oblique}
NEEDS_SAMPLES = ("sample CT", "sample DICOM")


@pytest.fixture(scope="module", params=VOLUMES)
def opened(request, browser, tmp_path_factory):
    """One of the test volumes in three planes, opened once for all its tests: the page, and the case that is shown."""
    folder = tmp_path_factory.mktemp("volume")
    shared = request.getfixturevalue("shared_data") if request.param in NEEDS_SAMPLES else folder
    case = case_of(VOLUMES[request.param](folder, shared))
    with fresh_page(browser) as page, serve(ReadingServer(cases=[case])) as reading:
        page.set_viewport_size(SMALL)
        open_viewer(page, reading, {"layout": "three", "crosshair": False})
        yield page, case


@pytest.fixture
def shown(opened):
    """The page and the case, as it was opened."""
    page, case = opened
    page.evaluate("viewer.prefer({ smooth: true })")
    press(page, "0")
    return page, case


def position(page, plane: str) -> int:
    return int(canvas(page, plane).get_attribute("data-slice"))


def expected(case: ShownCase, page, plane: str, sample, preset) -> np.ndarray:
    """What the whole image would be, cut to what the canvas can show of it."""
    x, y, width, height = placement(page, plane)
    image = reference.image_of(case.volume, plane, position(page, plane))
    gray = reference.gray(sample(image, height, width), preset)
    size = canvas(page, plane).evaluate("(canvas) => [canvas.width, canvas.height]")
    return gray[max(0, -y) : size[1] - y, max(0, -x) : size[0] - x]


def test_nearest_is_the_dicom_formula_in_every_plane_and_preset(shown):
    page, case = shown
    press(page, "n")
    for key, preset in PRESETS.items():
        press(page, key)
        for plane in PLANES:
            assert np.array_equal(grays(page, plane), expected(case, page, plane, reference.nearest, preset))


def test_smooth_is_within_one_gray_of_pillow(shown):
    page, case = shown
    for key in ("1", "2", "6"):
        press(page, key)
        for plane in PLANES:
            difference = grays(page, plane).astype(int) - expected(case, page, plane, reference.smooth, PRESETS[key])
            assert np.abs(difference).max() <= 1


def test_smooth_and_zoomed_in_is_within_one_gray_of_scipy(shown):
    page, case = shown
    for plane in PLANES:
        canvas(page, plane).focus()
        press(page, *["+"] * 9)
    for key in ("1", "3"):
        press(page, key)
        for plane in PLANES:
            difference = grays(page, plane).astype(int) - expected(case, page, plane, reference.linear, PRESETS[key])
            assert np.abs(difference).max() <= 1


def test_every_plane_has_the_patients_proportions(shown):
    page, case = shown
    for plane, (down, across) in {"axial": (1, 2), "coronal": (0, 2), "sagittal": (0, 1)}.items():
        _, _, width, height = placement(page, plane)
        millimetres = [case.volume.shape[axis] * case.spacing_mm[axis] for axis in (across, down)]
        assert width / height == pytest.approx(millimetres[0] / millimetres[1], rel=0.01)


def test_an_oblique_file_with_flipped_axes_is_shown_the_right_way_up_under_the_right_letters(page, tmp_path):
    """From the file to the canvas: each ball is found on the side whose letter names where the patient has it."""
    with serve(ReadingServer(cases=[case_of(oblique(tmp_path, tmp_path))])) as reading:
        open_viewer(page, reading, {"layout": "three", "crosshair": False})
        press(page, "n", "7", "p", ".", ".", ".", ".")  # a MIP of 50 mm: tilted slices cut each ball elsewhere
        for plane, letters in {"axial": "LA", "coronal": "LS", "sagittal": "AS"}.items():
            shown = grays(page, plane)
            sides = {text(page, side, plane).inner_text(): side for side in ("top", "right", "bottom", "left")}
            for letter in letters:
                ball = np.argwhere(shown == reference.gray(np.array(BALL_HU[letter]), PRESETS["7"]))
                down, right = ball.mean(axis=0) / shown.shape - 0.5
                found = {"top": -down, "bottom": down, "left": -right, "right": right}[sides[letter]]
                assert len(ball) > 50, (plane, letter)
                assert found > 0.15, (plane, letter)


@pytest.mark.parametrize("flips", [(), (0,), (1,), (2,), (0, 1, 2)])
def test_a_file_stored_backwards_is_shown_as_the_same_patient(page, tmp_path, flips):
    """Every way of storing the same patient paints the same axial image: right at the left, front at the top."""
    rng = np.random.default_rng(3)
    ras = rng.integers(-200, 300, (20, 16, 9)).astype(np.int16)
    ras[:, :, 0] = -1000
    affine = np.diag([2.0, 2.5, 4.0, 1.0])
    stored, stored_affine = np.flip(ras, flips), affine.copy()
    for axis in flips:
        stored_affine[:3, 3] += affine[:3, axis] * (ras.shape[axis] - 1)
        stored_affine[:3, axis] *= -1
    path = tmp_path / "stored.nii.gz"
    nib.save(nib.Nifti1Image(stored, stored_affine), path)

    with serve(ReadingServer(cases=[case_of(read_ct(path))])) as reading:
        open_viewer(page, reading)
        press(page, "n", "Home")
        settle(page)
        _, _, width, height = placement(page, "axial")
        from_right_and_front = ras[::-1, ::-1, -1].T
        assert np.array_equal(
            grays(page), reference.gray(reference.nearest(from_right_and_front, height, width), (40, 400))
        )
        assert [text(page, side).inner_text() for side in ("left", "right", "top", "bottom")] == ["R", "L", "A", "P"]
