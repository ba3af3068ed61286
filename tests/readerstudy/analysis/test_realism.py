"""Levels of realism, arm by arm: against the pairs counted one by one, and against what was planted."""

import numpy as np
import pandas as pd
import pytest

from readerstudy.analysis.exports.dictionary import REALISM_SUMMARY
from readerstudy.analysis.realism import realism_summary


def make_ratings(seed=1, *, shift=0.0, readers=3, per_arm=30, generators=("gan",)):
    """Return levels of cases that readers see alike in part; real cases lie `shift` higher."""
    rng = np.random.default_rng(seed)
    rows = []
    for n in range(2 * per_arm):
        real, look = n < per_arm, rng.normal()
        for reader in range(readers):
            level = int(np.clip(np.rint(3 + look + shift * real + rng.normal(0, 0.7)), 1, 5))
            generator = "" if real else generators[n % len(generators)]
            truth = "real" if real else "synthetic"
            rows.append((f"R{reader}", f"C{n}", f"P{n}", truth, generator, "shape", level))
    return pd.DataFrame(
        rows, columns=["reader_id", "case_id", "patient_id", "truth", "generator", "attribute", "level"]
    )


def counted_pairs(ratings):
    """Return the chance that real is higher, pair by pair, mean over readers."""
    chances = []
    for _, own in ratings.groupby("reader_id"):
        real, synthetic = (own.loc[own["truth"] == truth, "level"] for truth in ("real", "synthetic"))
        chances.append(np.mean([(a > b) + (a == b) / 2 for a in real for b in synthetic]))
    return np.mean(chances)


@pytest.mark.parametrize("seed", range(5))
def test_the_difference_is_that_of_all_pairs(seed):
    ratings = make_ratings(seed, shift=0.5).sample(frac=0.8, random_state=seed)

    summary = realism_summary(ratings).iloc[0]

    assert summary["superiority"] == pytest.approx(counted_pairs(ratings))
    assert summary["low"] < summary["superiority"] < summary["high"]
    assert summary["median_real"] == ratings.loc[ratings["truth"] == "real", "level"].median()
    assert sum(summary[f"real_{n}"] for n in range(1, 6)) == (ratings["truth"] == "real").sum()


def test_the_interval_holds_no_difference_in_about_95_of_100_studies_without_one():
    holds = [
        row["low"] <= 0.5 <= row["high"]
        for seed in range(120)
        for _, row in realism_summary(make_ratings(seed)).iterrows()
    ]

    assert 0.88 <= np.mean(holds) <= 0.99


def test_each_generator_is_compared_and_all_together():
    summary = realism_summary(make_ratings(generators=("a", "b")))

    assert list(summary["generator"]) == ["all", "a", "b"]
    assert list(summary.columns) == list(REALISM_SUMMARY)


def test_an_arm_without_levels_is_not_estimable():
    summary = realism_summary(make_ratings().query("truth == 'real'"))

    assert list(summary["n_readers"]) == [0]
    assert summary[["superiority", "low", "high"]].isna().all(axis=None)


def test_few_patients_get_no_interval():
    summary = realism_summary(make_ratings(per_arm=4)).iloc[0]

    assert 0 <= summary["superiority"] <= 1
    assert np.isnan(summary["low"])
