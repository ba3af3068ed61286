"""How real readers found each attribute of the tumours, arm by arm: ordinal, so medians, counts and ranks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from readerstudy.analysis.frame import POOLED

FloatArray = npt.NDArray[np.float64]

LEVELS = (1, 2, 3, 4, 5)
REALISM_COLUMNS = (
    "attribute",
    "generator",
    "n_readers",
    "median_real",
    "median_synthetic",
    *(f"{truth}_{level}" for truth in ("real", "synthetic") for level in LEVELS),
    "superiority",
    "low",
    "high",
)
REPLICATES = 2000
SEED = 20_260_102
FEWEST_PATIENTS = 5
"""In each arm; with fewer, resampling them says little, so that no interval is given."""


def realism_summary(ratings: pd.DataFrame) -> pd.DataFrame:
    """Compare the levels of real and synthetic cases.

    Of each reader, the chance that a real case has a higher level than a synthetic one, ties counted half (the area
    under the ROC curve of the levels); then the mean over readers. Its 95 % interval is the percentiles over
    resampled patients, in each arm apart and the same for all readers: it holds for these readers.

    Parameters
    ----------
    ratings : DataFrame
        One row per first reading and attribute: `reader_id`, `case_id`, `patient_id`, `truth` (real = positive, or
        synthetic), `generator` (empty for real cases), `attribute`, `level` (1 to 5).

    Returns
    -------
    DataFrame
        A row per attribute and generator (and `all`, where there are several): `REALISM_COLUMNS`. NaN where an
        arm has no level, or too few patients for an interval.
    """
    return pd.DataFrame(_rows(ratings), columns=list(REALISM_COLUMNS))


def _rows(ratings: pd.DataFrame) -> Iterator[dict[str, object]]:
    generators = sorted(set(ratings["generator"]) - {""})
    for attribute, of_attribute in ratings.groupby("attribute", sort=False):
        for generator in [POOLED, *generators] if len(generators) != 1 else generators:
            arms = of_attribute[(of_attribute["generator"] == generator) | (of_attribute["truth"] == "real")]
            yield {
                "attribute": attribute,
                "generator": generator,
                **_compare(of_attribute if generator == POOLED else arms),
            }


def _compare(ratings: pd.DataFrame) -> dict[str, object]:
    arms = {truth: ratings[ratings["truth"] == truth] for truth in ("real", "synthetic")}
    readers = sorted(set(arms["real"]["reader_id"]) & set(arms["synthetic"]["reader_id"]))
    real, synthetic = (_counts(arm, readers) for arm in arms.values())
    low, high = _interval(real, synthetic)
    return {
        "n_readers": len(readers),
        **{f"median_{truth}": arm["level"].median() for truth, arm in arms.items()},
        **{f"{truth}_{level}": int((arm["level"] == level).sum()) for truth, arm in arms.items() for level in LEVELS},
        "superiority": _superiority(real.sum(axis=0)[np.newaxis], synthetic.sum(axis=0)[np.newaxis])[0],
        "low": low,
        "high": high,
    }


def _counts(arm: pd.DataFrame, readers: list[str]) -> FloatArray:
    """Return how often each reader gave each level of each patient's cases, shape (patients, readers, levels)."""
    patients, _ = pd.factorize(arm["patient_id"])
    reader = pd.Index(readers).get_indexer(pd.Index(arm["reader_id"]))
    counts = np.zeros((patients.max(initial=-1) + 1, len(readers), len(LEVELS)))
    known = reader >= 0
    np.add.at(counts, (patients[known], reader[known], arm["level"].to_numpy()[known] - LEVELS[0]), 1)
    return counts


def _superiority(real: FloatArray, synthetic: FloatArray) -> FloatArray:
    """Return the chance that real is higher, mean over readers, of counts of shape (replicates, readers, levels)."""
    if not real.shape[1]:
        return np.full(len(real), np.nan)
    below = (
        np.cumsum(synthetic, axis=2) - synthetic / 2
    )  # of synthetic cases, those below each level and half of its own
    pairs = real.sum(axis=2) * synthetic.sum(axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        chance: FloatArray = np.nanmean((real * below).sum(axis=2) / pairs, axis=1)
    return chance


def _interval(real: FloatArray, synthetic: FloatArray) -> tuple[float, float]:
    """Return the percentiles of the chance over resampled patients, of counts per patient."""
    if min(len(real), len(synthetic)) < FEWEST_PATIENTS or not real.shape[1]:
        return np.nan, np.nan
    rng = np.random.default_rng(SEED)
    low, high = np.nanpercentile(_superiority(_resampled(real, rng), _resampled(synthetic, rng)), [2.5, 97.5])
    return float(low), float(high)


def _resampled(per_patient: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the counts of resampled patients, shape (replicates, readers, levels)."""
    n = len(per_patient)
    times = rng.multinomial(n, np.full(n, 1 / n), size=REPLICATES)
    counts: FloatArray = np.tensordot(times, per_patient, axes=1)
    return counts
