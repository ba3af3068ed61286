import numpy as np
import pytest

from synthesis.methods.lumps import lumps


def along_a_line(length_mm, offset=(0.0, 0.0, 0.0)):
    grid = np.stack(np.meshgrid(np.arange(0, 400, 0.5), [0.0, 37.0, 61.0], [0.0, 53.0], indexing="ij"))
    return lumps(grid.astype(np.float32), length_mm=length_mm, offset=offset)


@pytest.mark.parametrize("length_mm", [2.0, 5.0])
def test_lumps_have_unit_variance_and_the_length_asked_for(length_mm):
    values = along_a_line(length_mm)
    assert values.std() == pytest.approx(1.0, abs=0.2)
    lag = round(2 * length_mm / 0.5)  # noise smoothed with s correlates as exp(-x^2 / 4 s^2): 0.37 at 2 s
    assert np.mean(values[lag:] * values[:-lag]) / np.mean(values**2) == pytest.approx(0.37, abs=0.15)


def test_another_offset_gives_other_lumps():
    assert np.corrcoef(along_a_line(3.0).ravel(), along_a_line(3.0, (7.0, 9.0, 11.0)).ravel())[0, 1] < 0.5
