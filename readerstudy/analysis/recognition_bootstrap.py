"""Intervals of all readers together: readers and patients are drawn anew.

Answers about one case, and answers of one reader, are not independent; an interval that takes them so is too narrow.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from readerstudy.analysis.agreement import NO_SPREAD
from readerstudy.analysis.clusters import cases_of, cluster_weights

FloatArray = npt.NDArray[np.float64]

REPLICATES = 2000
SEED = 20_260_101


def pooled_intervals(
    readings: pd.DataFrame,
    *,
    classes: Sequence[str],
    alpha: float,
    replicates: int = REPLICATES,
    seed: int = SEED,
) -> dict[str, tuple[float, float]]:
    """Return the limits of the pooled figures, percentiles over resampled readers and patients.

    NaN where a figure does not vary over them: nobody answered otherwise, or one patient is all there is.

    Patients (hosts, for synthetic tumours) are drawn whole, within those who show tumours of the same organs; readers,
    where there are two or more, all with all of their answers (A. B. Owen, Ann. Appl. Stat. 1 (2007) 386: wide rather
    than narrow). Each replicate sums the readers' answers, as the pooled figures do.

    Parameters
    ----------
    readings : DataFrame
        First readings, of one row a reader and case.
    classes : sequence of str
        The study's organs.

    Returns
    -------
    dict
        `micro`, `macro`, `kappa`, and `recall ORGAN` and `precision ORGAN` for each organ: (low, high).
    """
    rng = np.random.default_rng(seed)
    tables = _one_hot(readings, classes)
    n_readers, n_cases, k, q = tables.shape
    cases = cases_of(readings)
    organ = readings.drop_duplicates("case_id").set_index("case_id")["organ"].reindex(cases.index)
    flat = tables.transpose(1, 0, 2, 3).reshape(n_cases, -1)
    counts = []
    for weights in cluster_weights(cases["cluster"], organ, replicates=replicates, rng=rng):
        of_readers = (weights @ flat).reshape(len(weights), n_readers, k, q)
        drawn = (
            rng.multinomial(n_readers, [1 / n_readers] * n_readers, size=len(weights))
            if n_readers > 1
            else np.ones((len(weights), 1))
        )
        counts.append(np.einsum("br,brkq->bkq", drawn, of_readers))
    return {name: _limits(values, alpha) for name, values in _figures(np.concatenate(counts), classes).items()}


def _one_hot(readings: pd.DataFrame, classes: Sequence[str]) -> FloatArray:
    """Return 1 where a reader gave a case, of a class, an answer that names one: (readers, cases, classes, answers)."""
    place = {name: n for n, name in enumerate(classes)}
    named = readings[readings["label"].isin(classes)]
    cases = pd.Index(sorted(readings["case_id"].unique()))
    readers = pd.Index(sorted(readings["reader_id"].unique()))
    table = np.zeros((len(readers), len(cases), len(classes), len(classes)))
    table[
        readers.get_indexer(pd.Index(named["reader_id"])),
        cases.get_indexer(pd.Index(named["case_id"])),
        named["organ"].map(place).to_numpy(np.int64),
        named["label"].map(place).to_numpy(np.int64),
    ] = 1
    return table


def _figures(counts: FloatArray, classes: Sequence[str]) -> dict[str, FloatArray]:
    """Return each figure of every replicate's confusion matrix, (replicates, classes, classes)."""
    right = np.diagonal(counts, axis1=1, axis2=2)
    total = counts.sum(axis=(1, 2))
    rows, columns = counts.sum(axis=2), counts.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        recall, precision = right / rows, right / columns
        observed, expected = right.sum(axis=1) / total, (rows * columns).sum(axis=1) / total**2
        kappa = (observed - expected) / (1 - expected)
    return {
        "micro": observed,
        "macro": recall.mean(axis=1),
        "kappa": kappa,
        **{f"recall {name}": recall[:, n] for n, name in enumerate(classes)},
        **{f"precision {name}": precision[:, n] for n, name in enumerate(classes)},
    }


def _limits(values: FloatArray, alpha: float) -> tuple[float, float]:
    estimable = values[np.isfinite(values)]
    if not estimable.size:
        return np.nan, np.nan
    low, high = np.quantile(estimable, [alpha / 2, 1 - alpha / 2])
    return (float(low), float(high)) if np.ptp(estimable) > NO_SPREAD else (np.nan, np.nan)
