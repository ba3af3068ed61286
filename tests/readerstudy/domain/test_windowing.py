import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from readerstudy.domain.windowing import apply_window

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "window.json").read_text())
PRESETS = [(400, 40), (150, 100), (150, 30), (250, 80), (400, 120), (1500, -600), (2500, 480), (4096, 1024)]


def gray_by_the_letter(hu: int, center: Fraction, width: Fraction) -> int:
    """DICOM PS3.3 C.11.2.1.2.1 in exact fractions, written as the standard prints it."""
    if hu <= center - Fraction(1, 2) - (width - 1) / 2:
        return 0
    if hu > center - Fraction(1, 2) + (width - 1) / 2:
        return 255
    gray = ((hu - (center - Fraction(1, 2))) / (width - 1) + Fraction(1, 2)) * 255
    return int(gray + Fraction(1, 2))


@pytest.mark.parametrize(("width", "center"), [*PRESETS, (1, 40), (2, 40), (3, 7), (1.5, -0.5), (333, 41.5)])
def test_gray_equals_the_standard_in_exact_arithmetic(width, center):
    hu = np.arange(-1100, 3200)

    gray = apply_window(hu, window_center=center, window_width=width)

    expected = [gray_by_the_letter(int(value), Fraction(center), Fraction(width)) for value in hu]
    assert gray.dtype == np.uint8
    assert gray.tolist() == expected


@pytest.mark.parametrize("vector", VECTORS["windows"], ids=lambda v: f"{v['width']}/{v['center']}")
def test_shared_vectors(vector):
    hu = np.array(VECTORS["hu"], dtype=np.int16)

    gray = apply_window(hu, window_center=vector["center"], window_width=vector["width"])

    assert gray.tolist() == vector["gray"]
    exact = [
        gray_by_the_letter(value, Fraction(vector["center"]), Fraction(vector["width"])) for value in VECTORS["hu"]
    ]
    assert vector["gray"] == exact


def test_a_width_below_one_is_refused():
    with pytest.raises(ValueError, match=r"at least 1 HU wide; this one is 0\.5"):
        apply_window(np.zeros(1), window_center=40, window_width=0.5)
