import numpy as np
import pytest
from scipy import ndimage

from synthesis.noise import TILE_SHAPE, _kernels, _weights, anatomy, blurred, measure_noise
from synthesis.realism import band_correlation, noise_residual
from synthesis.volume import Volume


def scan(*, shape=(160, 160, 24), spacing_mm=(0.8, 0.8, 2.5), sd_hu=14.0, blur=(0.9, 0.9, 0.5), vessels=True):
    """Tissue with noise of a known correlation, and vessels in half of it."""
    rng = np.random.default_rng(4)
    noise = ndimage.gaussian_filter(rng.standard_normal(shape), blur)
    hu = 90 + noise / noise.std() * sd_hu
    if vessels:
        hu[: shape[0] // 2] += 70 * (ndimage.gaussian_filter(rng.standard_normal(shape), 3)[: shape[0] // 2] > 0.03)
    return Volume(np.rint(hu).astype(np.int16), np.diag([*spacing_mm, 1.0]))


def whole(ct):
    return tuple(slice(0, n) for n in ct.shape)


def in_plane_power(image):
    """Return the mean power at low, middle and high frequencies."""
    power = np.mean(np.abs(np.fft.fft2(image[:96, :96], axes=(0, 1))) ** 2, axis=2)
    frequency = np.hypot(np.fft.fftfreq(96)[:, None], np.fft.fftfreq(96))
    return np.array([power[(frequency >= f) & (frequency < f + 0.1)].mean() for f in (0.05, 0.15, 0.25, 0.35)])


@pytest.mark.parametrize("blur", [(0.5, 0.5, 0.0), (0.9, 0.9, 0.5), (1.0, 1.0, 0.8)])
def test_new_noise_has_the_strength_and_the_spectrum_of_the_hosts(blur):
    ct = scan(blur=blur)
    noise = measure_noise(ct, whole(ct))
    host = scan(blur=blur, vessels=False).hu.astype(float)
    new = (noise.fine + noise.coarse).astype(float)

    residual, new_residual = noise_residual(host), noise_residual(new)
    assert new_residual.std() == pytest.approx(residual.std(), rel=0.1)
    assert new.std() == pytest.approx(host.std(), rel=0.2)
    ratio = in_plane_power(new) / in_plane_power(host - host.mean())
    strong = in_plane_power(host - host.mean()) > 0.02 * in_plane_power(host - host.mean()).max()
    assert ratio[strong] == pytest.approx(np.ones(strong.sum()), abs=0.45)
    along = [np.mean(part[..., 1:] * part[..., :-1]) / np.mean(part**2) for part in (residual, new_residual)]
    assert along[1] == pytest.approx(along[0], abs=0.1)


def test_the_tiles_part_at_the_scale_of_anatomy():
    ct = scan()
    noise = measure_noise(ct, whole(ct))
    both = noise.fine + noise.coarse
    taken = anatomy(both, ct.spacing_mm)
    assert np.corrcoef((both - taken).ravel(), noise.fine.ravel())[0, 1] > 0.8
    assert abs(np.corrcoef(noise.fine.ravel(), noise.coarse.ravel())[0, 1]) < 0.05


@pytest.mark.parametrize("hu", [60, -900], ids=["even", "air"])
def test_a_ct_without_measurable_noise_gets_typical_noise(hu):
    ct = Volume(np.full((40, 40, 6), hu, dtype=np.int16), np.eye(4))
    noise = measure_noise(ct, whole(ct))
    assert noise.residual_sd == 8.0
    assert noise_residual(noise.fine + noise.coarse).std() == pytest.approx(8.0, rel=0.05)


@pytest.mark.parametrize("shape", [(30, 30, 1), (9, 9, 3)])
def test_a_ct_of_few_voxels_is_measured(shape):
    hu = np.random.default_rng(1).normal(60, 10, shape).astype(np.int16)
    ct = Volume(hu, np.eye(4))
    assert np.isfinite(measure_noise(ct, whole(ct)).coarse).all()


def test_a_window_wraps_round_its_tile():
    ct = scan(shape=(64, 64, 8))
    noise = measure_noise(ct, whole(ct))
    offset, shape = (90, 3, 39), (110, 20, 100)

    window = noise.window(noise.fine, shape, offset)

    places = np.ix_(*[(np.arange(n) + o) % length for n, o, length in zip(shape, offset, TILE_SHAPE, strict=True)])
    assert np.array_equal(window, noise.fine[places])


@pytest.mark.parametrize("spacing_mm", [(0.7, 0.7, 1.0), (1.0, 1.0, 5.0), (3.0, 3.0, 3.0)])
def test_anatomy_keeps_what_is_even_and_takes_no_noise(spacing_mm):
    even = np.full((40, 40, 20), 85.0, dtype=np.float32)
    assert anatomy(even, spacing_mm) == pytest.approx(even, abs=1e-3)
    noise = np.random.default_rng(2).standard_normal((64, 64, 32)).astype(np.float32)
    everywhere = np.ones(noise.shape, dtype=bool)
    rest = noise - anatomy(noise, spacing_mm)
    if spacing_mm[0] < 1.5:
        assert band_correlation(noise, rest, everywhere, spacing_mm, (0, 1.5)) > 0.75
    assert rest.std() > 0.55 * noise.std()


def test_anatomy_holds_vessels():
    x = np.arange(80) * 0.7
    vessel = np.exp(-0.5 * ((x - 28) / 2.5) ** 2).astype(np.float32)  # 6 mm wide at half its height
    image = np.broadcast_to(vessel[:, None, None], (80, 12, 12)).copy()
    assert np.abs(image - anatomy(image, (0.7, 0.7, 0.7))).max() < 0.12


def test_a_blur_is_the_gaussian_it_says():
    image = np.random.default_rng(5).standard_normal((30, 31, 20)).astype(np.float32)
    banal = ndimage.gaussian_filter(image, (2.0, 1.0, 0.5), truncate=4)
    inner = (slice(8, -8), slice(5, -5), slice(3, -3))
    difference = blurred(image, (1.0, 2.0, 4.0), sigma_mm=2.0)[inner] - banal[inner]
    assert difference.std() < 0.15 * banal[inner].std()


@pytest.mark.parametrize("shape", [(70, 41, 9), (5, 33, 32), (1, 3, 90)])
def test_anatomy_of_whole_numbers_is_worked_out_without_rounding(shape):
    """So that a tumour replays on another processor, whose sums may have another order."""
    hu = np.random.default_rng(6).integers(-1024, 3072, shape).astype(np.float32)
    banal = hu.astype(object)
    for axis, taps in enumerate(_kernels((0.8, 1.0, 2.5))):
        exact = np.array([[int(w * 4096) for w in row] for row in _weights(shape[axis], taps)], dtype=object)
        banal = np.moveaxis(np.tensordot(exact, banal, (1, axis)), 0, axis)
    for order in "CF":
        filtered = anatomy(np.array(hu, order=order), (0.8, 1.0, 2.5))
        assert np.array_equal(filtered, (banal / 4096**3).astype(np.float32))
