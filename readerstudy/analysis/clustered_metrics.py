"""Intervals of sensitivity, specificity and accuracy where cases share a patient: the answers are not independent."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from readerstudy.analysis.bootstrap import REPLICATES, SEED
from readerstudy.analysis.clusters import case_weights, cases_of
from readerstudy.analysis.comparisons import comparisons
from readerstudy.analysis.counts import KEYS
from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.metrics import PROPORTIONS

FloatArray = npt.NDArray[np.float64]


def widen_for_patients(
    table: pd.DataFrame, readings: pd.DataFrame, *, alpha: float, replicates: int = REPLICATES, seed: int = SEED
) -> pd.DataFrame:
    """Return the rows of `metrics` with each limit moved out to that of a bootstrap clustered by patient.

    The percentile bootstrap resamples patients, readers as they are; of its limit and the binomial one the outer
    stands, since the bootstrap collapses where a share is 0 or 1.

    Parameters
    ----------
    table : DataFrame
        From `metrics`.
    readings : DataFrame
        The readings frame that it is made of.
    alpha : float
        Intervals cover 1 − `alpha`.
    replicates, seed : int
        Resamples, and what they are drawn from.
    """
    limits = pd.DataFrame(_limits(readings, alpha=alpha, replicates=replicates, seed=seed))
    limits = table[KEYS].merge(limits, on=KEYS, how="left")
    widened = {}
    for name in PROPORTIONS:
        widened[f"{name}_low"] = np.fmin(table[f"{name}_low"], limits[f"{name}_low"])
        widened[f"{name}_high"] = np.fmax(table[f"{name}_high"], limits[f"{name}_high"])
    return table.assign(**widened)


def _limits(readings: pd.DataFrame, *, alpha: float, replicates: int, seed: int) -> Iterator[dict[str, str | float]]:
    """Yield the bootstrap's limits for each reader (also all), organ and generator (also all)."""
    cases, compared = cases_of(readings), comparisons(readings)
    compared = compared[compared["label"].isin(("real", "synthetic"))]
    compared = compared.assign(right=(compared["label"] == compared["truth"]).astype("float64"))
    for organ, of_organ in [*compared.groupby("organ"), (POOLED, compared)]:
        for generator, group in of_organ.groupby("generator"):
            own = cases.loc[cases.index.isin(group["case_id"])]
            resampled = _resampled_shares(group, own, replicates=replicates, rng=np.random.default_rng(seed))
            for reader, shares in resampled:
                row: dict[str, str | float] = {"reader_id": reader, "organ": str(organ), "generator": str(generator)}
                for name, values in shares.items():
                    row[f"{name}_low"], row[f"{name}_high"] = _quantiles(values, alpha)
                yield row


def _resampled_shares(
    group: pd.DataFrame, cases: pd.DataFrame, *, replicates: int, rng: np.random.Generator
) -> Iterator[tuple[str, dict[str, FloatArray]]]:
    right = group.pivot_table(index="case_id", columns="reader_id", values="right").reindex(cases.index)
    answered = right.notna().to_numpy(np.float64)
    hits = right.fillna(0).to_numpy(np.float64)
    real = (cases["truth"] == "real").to_numpy()[:, np.newaxis]
    classes = {"sensitivity": real, "specificity": ~real, "accuracy": np.ones_like(real)}
    sums: dict[str, list[tuple[FloatArray, FloatArray]]] = {name: [] for name in PROPORTIONS}
    for weights in case_weights(cases, replicates=replicates, rng=rng):
        for name, members in classes.items():
            sums[name].append((weights @ (hits * members), weights @ (answered * members)))
    totals = {
        name: (np.concatenate([block[0] for block in blocks]), np.concatenate([block[1] for block in blocks]))
        for name, blocks in sums.items()
    }
    for column, reader in enumerate(right.columns):
        yield str(reader), {name: _share(k[:, column], n[:, column]) for name, (k, n) in totals.items()}
    yield POOLED, {name: _share(k.sum(axis=1), n.sum(axis=1)) for name, (k, n) in totals.items()}


def _share(count: FloatArray, total: FloatArray) -> FloatArray:
    return count[total > 0] / total[total > 0]


def _quantiles(values: FloatArray, alpha: float) -> tuple[float, float]:
    if not values.size:
        return np.nan, np.nan
    low, high = np.quantile(values, [alpha / 2, 1 - alpha / 2])
    return float(low), float(high)
