import math

import numpy as np
import pytest
from scipy import ndimage

from synthesis.shape import roughness_mm, sphericity, surface_mm2


def ellipsoid(semi_axes_mm, spacing_mm, *, size_mm=60.0):
    axes = [(np.arange(round(size_mm / s)) - round(size_mm / s) / 2) * s for s in spacing_mm]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    a, b, c = semi_axes_mm
    return (x / a) ** 2 + (y / b) ** 2 + (z / c) ** 2 <= 1


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (0.7, 0.7, 1.5), (1.0, 1.0, 3.0)])
@pytest.mark.parametrize("radius_mm", [6.0, 20.0])
def test_a_ball_is_a_ball_on_any_grid(spacing_mm, radius_mm):
    ball = ellipsoid((radius_mm,) * 3, spacing_mm)

    assert surface_mm2(ball, spacing_mm) == pytest.approx(4 * math.pi * radius_mm**2, rel=0.05)
    assert sphericity(ball, spacing_mm) == pytest.approx(1.0, abs=0.05)


def test_a_long_body_is_less_of_a_ball():
    """The surface of a prolate spheroid with axes 1 : 1 : 2.5, by its closed form."""
    a, c = 8.0, 20.0
    eccentricity = math.sqrt(1 - (a / c) ** 2)
    surface = 2 * math.pi * a**2 * (1 + c / (a * eccentricity) * math.asin(eccentricity))
    expected = 4 * math.pi * (a * a * c) ** (2 / 3) / surface

    assert sphericity(ellipsoid((a, a, c), (1.0, 1.0, 1.0)), (1.0, 1.0, 1.0)) == pytest.approx(expected, rel=0.03)


def test_a_frayed_surface_is_rough_and_a_smooth_one_is_not():
    smooth = ellipsoid((15.0,) * 3, (1.0, 1.0, 1.0))
    noise = ndimage.gaussian_filter(np.random.default_rng(3).standard_normal(smooth.shape), 1.2)
    distance = ndimage.distance_transform_edt(smooth) - ndimage.distance_transform_edt(~smooth)
    frayed = distance + 2.0 * noise / noise.std() > 0

    assert roughness_mm(smooth, (1.0, 1.0, 1.0)) < 0.2
    assert roughness_mm(frayed, (1.0, 1.0, 1.0)) > 2 * roughness_mm(smooth, (1.0, 1.0, 1.0))
    assert sphericity(frayed, (1.0, 1.0, 1.0)) < sphericity(smooth, (1.0, 1.0, 1.0)) - 0.1
