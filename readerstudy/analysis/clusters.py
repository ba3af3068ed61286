"""Cases that are not independent: several of one patient, or synthetic tumours in one host.

A case without a `patient_id` is taken as the only one of its patient.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from readerstudy.analysis.frame import counted

FloatArray = npt.NDArray[np.float64]

WEIGHTS_PER_BLOCK = 2**22
"""Weights held at once, 32 MiB."""


def cases_of(readings: pd.DataFrame) -> pd.DataFrame:
    """Return one row per counted case, by `case_id`: `truth` and `cluster`, the same for cases of one patient."""
    cases = counted(readings).drop_duplicates("case_id").set_index("case_id").sort_index()
    alone = pd.Series("case " + cases.index, index=cases.index)
    cluster = ("patient " + cases["patient_id"]).where(cases["patient_id"] != "", alone)
    return pd.DataFrame({"truth": cases["truth"], "cluster": cluster})


def patients_with_several_cases(readings: pd.DataFrame) -> int:
    """Return how many patients, or hosts, gave more than one counted case."""
    return int((cases_of(readings)["cluster"].value_counts() > 1).sum())


def case_weights(cases: pd.DataFrame, *, replicates: int, rng: np.random.Generator) -> Iterator[FloatArray]:
    """Yield how often each case stands in each resample, in blocks of shape (some replicates, cases).

    Clusters are drawn whole, with replacement, within the strata of clusters that hold real cases only, synthetic
    ones only, or both. From n clusters n − 1 are drawn, so that the variance of a mean is that of its usual
    estimate (a single cluster is kept).

    Parameters
    ----------
    cases : DataFrame
        Rows of `cases_of`, in any order.
    replicates : int
        Resamples in all.
    rng : Generator
        Draws them.

    Notes
    -----
    One fewer per stratum: J. N. K. Rao, C. F. J. Wu, J. Am. Stat. Assoc. 83 (1988) 231.
    """
    yield from cluster_weights(cases["cluster"], cases["truth"], replicates=replicates, rng=rng)


def cluster_weights(
    of_case: "pd.Series[str]", kind: "pd.Series[str]", *, replicates: int, rng: np.random.Generator
) -> Iterator[FloatArray]:
    """Yield what `case_weights` yields, for strata of clusters that hold the same kinds of cases.

    Parameters
    ----------
    of_case, kind : Series of str
        Each case's cluster and kind.
    """
    cluster, names = pd.factorize(of_case)
    code, kinds = pd.factorize(kind, sort=True)
    held = np.zeros((len(names), len(kinds)), dtype=np.int64)
    held[cluster, code] = 1
    stratum = held @ (1 << np.arange(len(kinds)))
    strata = [np.flatnonzero(stratum == number) for number in np.unique(stratum)]
    step = max(1, WEIGHTS_PER_BLOCK // max(1, len(of_case)))
    for start in range(0, replicates, step):
        size = min(step, replicates - start)
        drawn = np.zeros((size, len(names)))
        for members in strata:
            drawn[:, members] = _times_drawn(members.size, size, rng)
        yield drawn[:, cluster]


def _times_drawn(n: int, size: int, rng: np.random.Generator) -> FloatArray:
    if n < 2:
        return np.ones((size, n))
    picks = rng.integers(n, size=(size, n - 1))
    picks += np.arange(size)[:, np.newaxis] * n
    return np.bincount(picks.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)
