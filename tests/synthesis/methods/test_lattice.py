import numpy as np
import pytest

from synthesis.methods.lattice import Lattice

BOX = (slice(-3, 20), slice(5, 29), slice(2, 13))
SPACING = (0.8, 0.8, 3.0)


def smooth(offsets_mm):
    i, j, k = offsets_mm
    return (0.5 * i - 0.2 * j + 0.1 * k).astype(np.float32)


@pytest.mark.parametrize(("step_mm", "factors"), [(0.5, (1, 1, 1)), (2.5, (3, 3, 1)), (6.0, (7, 7, 2))])
def test_a_linear_field_is_spread_exactly(step_mm, factors):
    lattice = Lattice.over(BOX, SPACING, step_mm=step_mm)
    center = (7.3, 15.0, 6.5)
    every_voxel = Lattice.over(BOX, SPACING, step_mm=0.0)

    spread = lattice.spread(smooth(lattice.offsets_mm(center)))

    assert lattice.factors == factors
    assert lattice.step_mm == pytest.approx(np.multiply(factors, SPACING))
    assert spread.shape == (23, 24, 11)
    assert spread == pytest.approx(smooth(every_voxel.offsets_mm(center)), abs=1e-4)


def test_offsets_are_in_mm_from_the_centre():
    offsets_mm = Lattice.over(BOX, SPACING, step_mm=0.0).offsets_mm((0, 5, 2))
    assert offsets_mm[:, 3, 0, 0].tolist() == [0.0, 0.0, 0.0]
    assert offsets_mm[:, 0, 0, 1] == pytest.approx([-2.4, 0.0, 3.0])


def test_a_box_of_one_voxel():
    lattice = Lattice.over((slice(4, 5),) * 3, SPACING, step_mm=9.0)
    assert lattice.spread(smooth(lattice.offsets_mm((4, 4, 4)))).shape == (1, 1, 1)
