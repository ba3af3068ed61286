import numpy as np
import pytest
from scipy import ndimage

from synthesis.point_spread import measure_point_spread_mm
from synthesis.volume import Volume

BOX = (slice(40, 60), slice(40, 60), slice(2, 8))


def patient(sigma_mm, pixel_mm=0.8):
    """A round patient of fat and tissue in air, blurred in plane, on a fine grid that is then sampled."""
    fine = np.indices((400, 400)).astype(float) - 200.3
    radius = np.hypot(*fine)
    hu = np.select([radius < 130, radius < 160], [50.0, -100.0], -1000.0)
    hu = ndimage.gaussian_filter(hu, sigma_mm / (pixel_mm / 4))[::4, ::4]
    noise = np.random.default_rng(1).normal(0, 10, (100, 100, 10))
    return Volume((hu[..., np.newaxis] + noise).astype(np.int16), np.diag([pixel_mm, pixel_mm, 3.0, 1.0]))


@pytest.mark.parametrize("sigma_mm", [0.6, 0.9, 1.3])
def test_the_blur_is_told_from_the_skin(sigma_mm):
    measured = measure_point_spread_mm(patient(sigma_mm), BOX)
    assert measured == pytest.approx(np.hypot(sigma_mm, 0.8 / np.sqrt(12)), rel=0.2)


def test_where_no_skin_is_seen_a_typical_blur_is_taken():
    inside = Volume(np.full((30, 30, 4), 60, dtype=np.int16), np.eye(4))
    assert measure_point_spread_mm(inside, (slice(0, 30), slice(0, 30), slice(0, 4))) == 0.65


def test_a_volume_of_one_column_has_no_slope():
    column = Volume(np.full((1, 30, 4), 60, dtype=np.int16), np.eye(4))
    assert measure_point_spread_mm(column, (slice(0, 1), slice(0, 30), slice(0, 4))) == 0.65
