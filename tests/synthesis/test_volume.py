import numpy as np
import pytest

from synthesis.volume import Volume

HU = np.zeros((2, 3, 4), dtype=np.int16)


def test_spacing_is_the_length_of_the_affines_columns_in_array_order():
    affine = np.array([[0, -2, 0, 5], [0.5, 0, 0, 6], [0, 0, 3, 7], [0, 0, 0, 1.0]])

    volume = Volume(HU, affine)

    assert volume.spacing_mm == (0.5, 2.0, 3.0)
    assert volume.shape == (2, 3, 4)


@pytest.mark.parametrize(
    ("hu", "affine"),
    [
        (HU.astype(np.float32), np.eye(4)),
        (HU[0], np.eye(4)),
        (HU[:0], np.eye(4)),
        (HU, np.eye(3)),
        (HU, np.eye(4, dtype=np.float32)),
        (HU, np.diag([1.0, 1.0, 0.0, 1.0])),
        (HU, np.diag([1.0, np.nan, 1.0, 1.0])),
    ],
    ids=["float", "2-D", "empty", "3x3", "float32 affine", "singular", "nan"],
)
def test_refuses_what_is_no_ct_grid(hu, affine):
    with pytest.raises(ValueError, match="A volume needs"):
        Volume(hu, affine)
