import numpy as np
import pytest

from synthesis.methods.cell_grid import CellGrid

SPACING = (0.6, 0.6, 5.0)
SHAPE = (60, 70, 14)


def ramp(shape, box=(slice(None),) * 3):
    """A field that is linear in the host's voxel indices, so that interpolation is exact."""
    i, j, k = np.indices(shape, dtype=np.float32)
    return (2 * i - 3 * j + 5 * k)[box]


def test_cells_are_cubes_in_mm():
    grid = CellGrid.around((30, 35, 7), cell_mm=0.9, spacing_mm=SPACING, reach=10)
    assert grid.shape == (21, 21, 21)
    assert np.multiply(grid.step, SPACING) == pytest.approx(0.9)
    assert np.add(grid.origin, np.multiply(10, grid.step)) == pytest.approx([30, 35, 7])


def test_the_hosts_values_are_those_at_the_cells_centres():
    grid = CellGrid.around((30, 35, 7), cell_mm=0.9, spacing_mm=SPACING, reach=10)
    box = grid.voxels(SHAPE, margin=(1, 1, 1))

    values = grid.from_voxels(ramp(SHAPE, box), box)

    a, b, c = 3, 20, 11
    i, j, k = np.add(grid.origin, np.multiply((a, b, c), grid.step))
    assert values[a, b, c] == pytest.approx(2 * i - 3 * j + 5 * k, abs=1e-3)


@pytest.mark.parametrize("part", [(slice(0, 21),) * 3, (slice(4, 18), slice(2, 21), slice(3, 15))])
def test_what_goes_to_the_cells_and_back_is_the_same(part):
    whole = CellGrid.around((30, 35, 7), cell_mm=0.9, spacing_mm=SPACING, reach=10)
    grid = whole.part(part)
    wide, inner = grid.voxels(SHAPE, margin=(2, 2, 2)), grid.voxels(SHAPE)

    back = grid.to_voxels(grid.from_voxels(ramp(SHAPE, wide), wide), inner)

    assert back == pytest.approx(ramp(SHAPE, inner), abs=1e-3)


def test_the_box_ends_at_the_hosts_border():
    grid = CellGrid.around((1, 68, 13), cell_mm=1.0, spacing_mm=SPACING, reach=12)
    i, j, k = grid.voxels(SHAPE, margin=(2, 2, 2))
    assert (i.start, j.stop, k.stop) == (0, 70, 14)
