import numpy as np
import pytest

from synthesis.lesions import measure_lesions
from tests.synthesis.test_half_contrast import FINE, lesion


def test_lesions_are_told_apart_and_measured_the_largest_first():
    hu, large = lesion(8.0)
    mask = large.copy()
    mask[1:3, 1:3, 1:3] = True  # touches nothing, and is too small for an edge
    mask[3, 3, 3] = True  # by a corner, a part of it

    first, second = measure_lesions(hu, mask, FINE)

    assert first.volume_mm3 == np.count_nonzero(large)
    assert first.outline is not None
    assert first.diameter_mm == first.outline.equivalent_diameter_mm == pytest.approx(16, abs=0.8)
    assert first.compared_volume_mm3 == first.outline.volume_mm3
    assert first.center == pytest.approx([n // 2 for n in hu.shape], abs=1)
    assert (second.volume_mm3, second.outline, second.no_edge) == (9.0, None, "too small")
    assert second.diameter_mm == second.equivalent_mm
    assert second.longest_mm == pytest.approx(np.sqrt(12))


def test_a_lesion_without_contrast_keeps_its_masks_size():
    hu, mask = lesion(8.0, contrast_hu=0.0)

    [only] = measure_lesions(hu, mask, FINE)

    assert (only.outline, only.no_edge) == (None, "too little contrast")
    assert only.compared_volume_mm3 == only.volume_mm3 == np.count_nonzero(mask)
