"""The slice and the voxel that show where a lesion is."""

import numpy as np
import pytest

from readerstudy.domain.lesion_cue import cue_point, cue_slice

SPACING_MM = (2.0, 1.0, 1.0)


def tumor_of(*slices: str) -> np.ndarray:
    """Return a mask drawn in text: a slice a string, a row a line, x the tumour."""
    drawn = [[list(row) for row in one.split("/")] for one in slices]
    return (np.array(drawn) == "x").astype(np.int16)


@pytest.mark.parametrize(("areas", "middle"), [([1, 4, 2], 1), ([0, 3, 3, 3, 1], 2), ([2, 0, 0], 0)])
def test_a_case_opens_in_the_middle_of_the_tumours_largest_slices(areas, middle):
    tumor = np.zeros((len(areas), 2, 4), dtype=np.int16)
    for number, area in enumerate(areas):
        tumor[number].flat[:area] = 1

    assert cue_slice(tumor) == middle


@pytest.mark.parametrize(
    ("drawn", "point"),
    [
        (".x./xxx/.x.", (1, 1)),  # the middle
        ("xxx/x../xxx", (1, 0)),  # the middle lies beside the tumour: the nearest of its voxels
        ("xx./xx./...", (0, 0)),  # four are equally near: the first
        ("x..../...xx/...xx", (1, 3)),  # the larger of two pieces
        ("xx.../...../xx...", (0, 0)),  # equally large: the first
    ],
)
def test_the_marker_is_a_voxel_near_the_middle_of_the_largest_piece(drawn, point):
    assert cue_point(tumor_of(drawn), SPACING_MM) == (0, *point)


def test_near_is_meant_in_millimetres():
    tumor = tumor_of("x.x/x.x/xxx")  # its middle lies in the gap, nearer to its middle row than to the bottom one

    assert cue_point(tumor, (2.0, 1.0, 1.0)) == (0, 2, 1)
    assert cue_point(tumor, (2.0, 5.0, 1.0)) == (0, 1, 0)


def test_the_marker_lies_in_the_slice_that_the_case_opens_at():
    tumor = np.zeros((5, 6, 6), dtype=np.int16)
    tumor[1, 2:4, 2:4] = 1
    tumor[3, 1:5, 1:5] = 1

    number, row, column = cue_point(tumor, SPACING_MM)

    assert number == cue_slice(tumor) == 3
    assert tumor[number, row, column]
