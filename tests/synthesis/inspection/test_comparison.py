import numpy as np
import pytest

from synthesis.inspection.comparison import COMPARED, FEWEST, separability
from synthesis.inspection.features import Measured


def tumours(count, *, shift=0.0, seed=0, missing=0.0):
    rng = np.random.default_rng(seed)
    drawn = []
    for number in range(count):
        figures = {name: float(rng.normal()) for name in (*COMPARED, "diameter_mm", "half_contrast_mm")}
        figures["edge_mm"] += shift
        figures["diameter_mm"] += 100.0 * (seed % 2)
        if rng.random() < missing:
            figures["contrast_hu"] = float("nan")
        drawn.append(Measured(f"{number}", figures, np.zeros(0), None))
    return drawn


def test_groups_that_are_alike_cannot_be_told():
    found = separability(tumours(60, seed=0), tumours(60, seed=2))
    assert found.low < 0.5 < found.high


def test_groups_that_differ_in_one_figure_can():
    found = separability(tumours(40, seed=0), tumours(40, seed=2, shift=3.0))
    assert found.auc > 0.9
    assert found.low > 0.8
    assert found.low <= found.auc <= found.high


def test_sizes_do_not_count():
    """Groups of other sizes, which were asked for, are no other looks."""
    found = separability(tumours(60, seed=0), tumours(60, seed=1))
    assert found.low < 0.5 < found.high


def test_figures_that_could_not_be_measured_do_not_stop_it():
    found = separability(tumours(30, seed=0, missing=0.5), tumours(30, seed=2, missing=1.0, shift=3.0))
    assert found.auc > 0.8


def test_the_same_tumours_give_the_same_answer():
    groups = tumours(20, seed=0), tumours(20, seed=2)
    assert separability(*groups) == separability(*groups)


@pytest.mark.parametrize("counts", [(FEWEST - 1, 40), (40, FEWEST - 1), (0, 40)])
def test_too_few_are_not_compared(counts):
    assert separability(tumours(counts[0]), tumours(counts[1], seed=2)) is None
