"""Holm's correction over the family of tests that the protocol names."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from readerstudy.analysis.frame import POOLED

FloatArray = npt.NDArray[np.float64]


def holm(p_values: npt.ArrayLike) -> FloatArray:
    """Return p values adjusted by Holm's step-down procedure; NaN (no test) stays and is not counted.

    Notes
    -----
    S. Holm, Scand. J. Stat. 6 (1979) 65; `statsmodels.stats.multitest.multipletests`.
    """
    from statsmodels.stats.multitest import multipletests

    p = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(p.shape, np.nan)
    tested = np.isfinite(p)
    if tested.any():
        adjusted[tested] = multipletests(p[tested], method="holm")[1]
    return adjusted


def in_family(organ: str, generator: str, family: Sequence[str]) -> bool:
    """Return whether the test of an organ and generator is of the family.

    `family` names what is told apart: with `organ` the tests are of single organs, without it of all together; the
    same for `generator`. Both, the default, make one test for each organ and generator.
    """
    return (organ != POOLED) == ("organ" in family) and (generator != POOLED) == ("generator" in family)
