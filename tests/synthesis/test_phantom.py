"""The phantom repeats and varies, is an abdomen, and holds the lesion that was asked for."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy import ndimage

from synthesis.errors import UnusableInput
from synthesis.phantom import (
    LABELS,
    ORGAN_LABELS,
    PHASES,
    LesionFitError,
    LesionParameters,
    PatientParameters,
    render_patient,
    sample_lesion,
    sample_patient,
)
from synthesis.phantom.lesion import CELLS_ACROSS, grow
from synthesis.phantom.scanner import scan

from .conftest import cube

TINY = (64, 64, 32)
SMALL = (80, 80, 40)


def volume_ml(mask, ct):
    return mask.sum() * np.prod(ct.spacing_mm) / 1000


def equivalent_diameter_mm(mask, ct):
    return (6 * mask.sum() * np.prod(ct.spacing_mm) / np.pi) ** (1 / 3)


def core(mask, by=1):
    """A mask without its outermost voxels in plane, which are partly something else."""
    return ndimage.binary_erosion(mask, np.ones((2 * by + 1, 2 * by + 1, 1)))


@pytest.fixture(scope="module")
def patient():
    return sample_patient(np.random.default_rng(5), shape=SMALL, phase="portal")


@pytest.fixture(scope="module")
def healthy(patient):
    return render_patient(patient)


@pytest.fixture(scope="module", params=[("liver", 26.0), ("pancreas", 17.0), ("kidney", 21.0)], ids=lambda p: p[0])
def lesion(request, patient):
    organ, diameter = request.param
    rng = np.random.default_rng(11)
    return sample_lesion(patient, organ=organ, diameter_mm=(diameter, diameter), rng=rng)


@pytest.fixture(scope="module")
def diseased(patient, lesion):
    return render_patient(patient, lesion=lesion)


@pytest.fixture(scope="module")
def large_lesion(patient):
    return sample_lesion(patient, organ="liver", diameter_mm=(42, 42), rng=np.random.default_rng(4))


# Sample, then apply


def test_a_seed_and_stored_parameters_give_the_same_voxels(patient):
    def draw():
        drawn = sample_patient(np.random.default_rng(5), shape=SMALL, phase="portal")
        rng = np.random.default_rng(11)
        return drawn, sample_lesion(drawn, organ="liver", diameter_mm=(18, 30), rng=rng)

    drawn, lesion = draw()
    assert draw() == (drawn, lesion)
    assert drawn == patient
    stored_patient = PatientParameters(**json.loads(json.dumps(asdict(drawn))))
    stored_lesion = LesionParameters(**json.loads(json.dumps(asdict(lesion))))

    first, again = render_patient(drawn, lesion=lesion), render_patient(stored_patient, lesion=stored_lesion)

    np.testing.assert_array_equal(again.ct.hu, first.ct.hu)
    np.testing.assert_array_equal(again.ct.affine, first.ct.affine)
    np.testing.assert_array_equal(again.labels, first.labels)
    np.testing.assert_array_equal(again.tumor_mask, first.tumor_mask)


def test_patients_differ_in_anatomy_and_noise(patient, healthy):
    other = render_patient(replace(patient, seed=patient.seed + 1))

    liver, other_liver = healthy.labels == LABELS["liver"], other.labels == LABELS["liver"]
    overlap = 2 * (liver & other_liver).sum() / (liver.sum() + other_liver.sum())
    both = core(liver & other_liver)
    assert 0.6 < overlap < 0.97
    assert abs(np.corrcoef(healthy.ct.hu[both], other.ct.hu[both])[0, 1]) < 0.2


def test_sampled_patients_differ_in_everything_but_the_grid():
    one, other = (asdict(sample_patient(np.random.default_rng(seed), shape=TINY)) for seed in (1, 2))

    assert {name for name in one if one[name] == other[name]} <= {"columns", "rows", "slices", "phase", "fov_circle"}


def test_the_default_grid_is_that_of_an_abdominal_ct():
    for seed in range(20):
        drawn = sample_patient(np.random.default_rng(seed))
        assert drawn.shape[:2] == (256, 256)
        assert 52 <= drawn.slices <= 124
        assert 1.2 < drawn.pixel_mm < 1.8
        assert 2.5 <= drawn.slice_mm <= 4.0


def test_an_unknown_phase_is_refused():
    with pytest.raises(UnusableInput, match="Unknown contrast phase 'venous': use one of none, arterial"):
        sample_patient(np.random.default_rng(0), phase="venous")


# An abdomen


def test_organs_are_present_with_plausible_volumes_and_places(patient, healthy):
    expected_ml = {
        "spleen": (80, 450),
        "right kidney": (60, 240),
        "left kidney": (60, 240),
        "gallbladder": (3, 60),
        "liver": (800, 2400),
        "stomach": (60, 800),
        "pancreas": (40, 170),
    }
    centers = {}
    for name, (low, high) in expected_ml.items():
        mask = healthy.labels == LABELS[name]
        assert low < volume_ml(mask, healthy.ct) < high, name
        center = healthy.ct.affine @ [*ndimage.center_of_mass(mask), 1.0]
        centers[name] = dict(zip("RAS", center, strict=False))
    for name in ("liver", "right kidney", "gallbladder"):
        assert centers[name]["R"] > 20, name
    for name in ("spleen", "left kidney", "stomach"):
        assert centers[name]["R"] < -20, name
    assert centers["pancreas"]["A"] > centers["left kidney"]["A"] + 20
    assert centers["gallbladder"]["S"] < centers["liver"]["S"]
    assert set(np.unique(healthy.labels)) == {0, *LABELS.values()}


def test_the_same_patient_has_the_same_organs_on_any_grid(patient, healthy):
    ratio = SMALL[0] / TINY[0]
    coarse = replace(
        patient,
        columns=TINY[0],
        rows=TINY[1],
        slices=TINY[2],
        pixel_mm=patient.pixel_mm * ratio,
        slice_mm=patient.slice_mm * SMALL[2] / TINY[2],
    )

    rendered = render_patient(coarse)

    for name, label in LABELS.items():
        fine_ml = volume_ml(healthy.labels == label, healthy.ct)
        assert volume_ml(rendered.labels == label, rendered.ct) == pytest.approx(fine_ml, rel=0.12, abs=2), name


@pytest.mark.parametrize(
    ("phase", "liver", "spleen", "cortex", "aorta"),
    [
        ("none", (35, 75), (35, 60), (20, 45), (30, 55)),
        ("arterial", (45, 100), (85, 160), (120, 210), (220, 400)),
        ("portal", (80, 140), (95, 150), (130, 220), (120, 195)),
        ("delayed", (65, 120), (70, 120), (105, 190), (80, 150)),
    ],
)
def test_tissues_have_the_hu_of_their_phase(phase, liver, spleen, cortex, aorta):
    drawn = sample_patient(np.random.default_rng(8), shape=SMALL, phase=phase)
    phantom = render_patient(drawn)

    def mean(name):
        return float(phantom.ct.hu[core(phantom.labels == LABELS[name])].mean())

    assert phase in PHASES
    assert liver[0] < mean("liver") < liver[1]
    assert spleen[0] < mean("spleen") < spleen[1]
    assert cortex[0] < drawn.tissue_hu("cortex") < cortex[1]
    assert mean("left kidney") < drawn.tissue_hu("cortex") + 8
    assert -5 < mean("gallbladder") < 25
    # The aorta lies in front of the spine, just left of the midline.
    i, j = (np.linalg.solve(phantom.ct.affine, [-10 * drawn.build, -14 * drawn.build, 0, 1])[:2]).round().astype(int)
    k = round(-drawn.bottom_mm / drawn.slice_mm)
    assert aorta[0] < phantom.ct.hu[i - 1 : i + 2, j - 1 : j + 2, k - 2 : k + 3].max() < aorta[1] + 60


def test_the_body_holds_fat_bone_and_gas_and_lies_in_air_on_a_table():
    drawn = sample_patient(np.random.default_rng(7), shape=(192, 192, 24))
    phantom = render_patient(replace(drawn, fov_circle=False))
    hu = phantom.ct.hu
    middle = hu.shape[0] // 2
    body = ndimage.binary_opening(hu > -300, np.ones((7, 7, 1)))
    front_to_back = np.flatnonzero(body[middle].any(axis=1))
    outside = hu[:, front_to_back[-1] + 4 :]
    gas = (hu < -850) & ndimage.binary_fill_holes(body.any(axis=2))[:, :, None] & ~body

    assert 0.1 < ((hu > -140) & (hu < -70)).sum() / body.sum() < 0.7
    assert 0.01 < (hu > 250).sum() / body.sum() < 0.1
    assert volume_ml(gas, phantom.ct) > 50
    assert -1005 < outside.mean() < -990
    # Behind the back there is air, and then the shell of the table.
    behind = hu[middle, : front_to_back[0]].mean(axis=1)
    assert behind.min() < -850
    assert behind.max() > -500


# A scanner


def scanner(**changes):
    """The scanner of one patient, on a full grid in plane with a few slices."""
    drawn = sample_patient(np.random.default_rng(3), shape=(256, 256, 8))
    return replace(drawn, fov_circle=False, **changes)


@pytest.fixture(scope="module")
def noise():
    drawn = scanner(noise_hu=15.0, overlap=1.3, noise_peak_per_mm=0.16)
    return scan(np.zeros(drawn.shape, dtype=np.float32), drawn).astype(float), drawn.pixel_mm


def test_noise_has_the_level_and_the_spectrum_that_were_drawn(noise):
    pattern, pixel_mm = noise
    center = pattern[64:192, 64:192]
    power = (np.abs(np.fft.fft2(center, axes=(0, 1))) ** 2).mean(axis=2)
    frequency = np.hypot(*np.meshgrid(*[np.fft.fftfreq(128, pixel_mm)] * 2))
    bins = np.arange(0, 0.44, 0.02)
    profile = [power[(frequency >= low) & (frequency < low + 0.02)].mean() for low in bins]

    assert 0.85 * 15 < pattern.std() < 1.15 * 15
    assert bins[int(np.argmax(profile))] + 0.01 == pytest.approx(0.16, abs=0.035)
    assert profile[0] < 0.25 * max(profile)  # a ramp: hardly any slow noise
    assert profile[-1] < 0.25 * max(profile)  # and a roll-off


def test_noise_is_correlated_between_neighbours_in_plane_and_a_little_along_z(noise):
    pattern, _ = noise
    variance = (pattern**2).mean()
    in_plane = (pattern[1:] * pattern[:-1]).mean() / variance
    through_plane = (pattern[:, :, 1:] * pattern[:, :, :-1]).mean() / variance

    assert 0.15 < in_plane < 0.8
    assert 0.1 < through_plane < 0.5


@pytest.mark.parametrize("blur_mm", [0.7, 1.8])
def test_an_edge_is_spread_by_the_blur_that_was_drawn(blur_mm):
    drawn = scanner(noise_hu=0.0, blur_mm=blur_mm)
    step = np.zeros(drawn.shape, dtype=np.float32)
    step[128:] = 1000

    edge = np.diff(scan(step, drawn)[:, 128, 4].astype(float))

    position = np.arange(edge.size) * drawn.pixel_mm
    center = np.average(position, weights=edge)
    assert np.sqrt(np.average((position - center) ** 2, weights=edge)) == pytest.approx(blur_mm, rel=0.12)


def test_the_field_of_view_may_be_a_circle():
    drawn = replace(scanner(noise_hu=15.0), fov_circle=True)

    image = scan(np.zeros(drawn.shape, dtype=np.float32), drawn)

    assert (image[0, 0] == -1000).all()
    assert abs(image[128, 64:192].mean()) < 5


# A lesion


def test_a_lesion_has_the_diameter_that_was_asked_for_within_its_organ(patient, lesion, diseased):
    mask = diseased.tumor_mask

    assert equivalent_diameter_mm(mask, diseased.ct) == pytest.approx(lesion.diameter_mm, rel=0.05)
    assert np.isin(diseased.labels[mask], ORGAN_LABELS[lesion.organ]).all()
    assert ndimage.label(mask, np.ones((3, 3, 3)))[1] == 1


def test_a_lesion_is_darker_than_its_organ_in_the_portal_phase(lesion, diseased, healthy):
    mask = diseased.tumor_mask

    change = diseased.ct.hu[mask].astype(float) - healthy.ct.hu[mask]

    assert -120 < change.mean() < -8
    assert diseased.ct.hu[mask].mean() > 5


def test_a_lesion_changes_nothing_but_its_surroundings(lesion, diseased, healthy):
    changed = np.argwhere(diseased.ct.hu != healthy.ct.hu)
    center = np.array(ndimage.center_of_mass(diseased.tumor_mask))
    distance_mm = np.linalg.norm((changed - center) * healthy.ct.spacing_mm, axis=1)

    assert distance_mm.max() < 1.4 * lesion.diameter_mm + 2 * healthy.ct.spacing_mm[2]
    np.testing.assert_array_equal(diseased.labels, healthy.labels)
    assert not healthy.tumor_mask.any()


def test_the_scanners_noise_lies_over_lesion_and_organ_alike(patient, large_lesion):
    noisy, still = (
        render_patient(replace(patient, noise_hu=noise_hu), lesion=large_lesion) for noise_hu in (patient.noise_hu, 0.0)
    )

    noise = noisy.ct.hu.astype(float) - still.ct.hu

    liver = (noisy.labels == LABELS["liver"]) & ~noisy.tumor_mask
    assert noise[noisy.tumor_mask].std() == pytest.approx(noise[liver].std(), rel=0.15)


def test_a_necrotic_lesion_is_darkest_in_its_core(patient, large_lesion):
    lesion = replace(large_lesion, necrosis=0.6, necrosis_hu=20.0, uptake=0.6, rim_hu=0.0)

    phantom = render_patient(replace(patient, noise_hu=0.0), lesion=lesion)

    depth = ndimage.distance_transform_edt(phantom.tumor_mask, sampling=phantom.ct.spacing_mm)
    deep, shallow = depth > 0.75 * depth.max(), (depth > 3) & (depth < 0.35 * depth.max())
    assert phantom.ct.hu[deep].mean() < 45
    assert phantom.ct.hu[shallow].mean() > phantom.ct.hu[deep].mean() + 15


def test_a_lesion_too_large_for_its_organ_is_refused_with_what_fits(patient):
    rng = np.random.default_rng(0)
    with pytest.raises(LesionFitError, match=r"The pancreas .* 90.0 mm: ask for at most \d\d.\d mm"):
        sample_lesion(patient, organ="pancreas", diameter_mm=(90, 90), rng=rng)


def test_a_lesion_of_an_organ_without_a_model_is_refused(patient):
    with pytest.raises(UnusableInput, match="No lesion model for organ 'spleen': use one of liver, pancreas, kidney"):
        sample_lesion(patient, organ="spleen", diameter_mm=(10, 20), rng=np.random.default_rng(0))


def test_a_lesion_that_was_moved_to_another_patients_air_is_refused(patient, large_lesion):
    with pytest.raises(LesionFitError, match="where it was placed"):
        render_patient(patient, lesion=replace(large_lesion, center_x_mm=-140.0, center_y_mm=150.0))


def test_growth_in_even_tissue_is_round_and_stops_at_the_volume():
    lattice = cube(22.5, 1.0)
    free = np.ones(lattice.shape, dtype=np.float32)
    target = np.pi / 6 * CELLS_ACROSS**3

    density = grow(free, 0.0, target, np.random.default_rng(0), lattice)

    grown = np.argwhere(density > 0.5)
    spread = np.sqrt(np.linalg.eigvalsh(np.cov(grown.T)))
    assert target <= len(grown) < 1.25 * target
    assert spread[2] / spread[0] < 1.02
    assert 0 <= density.min() <= density.max() <= 1 + 1e-6


def test_growth_does_not_cross_the_organs_surface():
    lattice = cube(22.5, 1.0)
    free = np.ones(lattice.shape, dtype=np.float32)
    free[: lattice.shape[0] // 2 - 3] = 0

    density = grow(free, 0.4, np.pi / 6 * CELLS_ACROSS**3, np.random.default_rng(0), lattice)

    assert not density[free == 0].any()
    assert density[lattice.shape[0] // 2 - 3].max() > 0.5  # it flattens against the surface


def test_growths_are_as_elongated_as_real_lesions():
    lattice = cube(22.5, 1.0)
    free = np.ones(lattice.shape, dtype=np.float32)
    ratios = []
    for seed in range(8):
        density = grow(free, 0.4, np.pi / 6 * CELLS_ACROSS**3, np.random.default_rng(seed), lattice)
        spread = np.sqrt(np.linalg.eigvalsh(np.cov(np.argwhere(density > 0.5).T)))
        ratios.append(spread[2] / spread[0])

    assert 1.25 < np.median(ratios) < 1.7  # real liver tumours: 1.2 to 2.0, median 1.44
    assert sum(ratio < 2 for ratio in ratios) >= 7
