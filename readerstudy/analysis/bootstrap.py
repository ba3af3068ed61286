"""The readers' mean area when clusters of cases are resampled, by two ways of using the resamples.

- `ci_low`, `ci_high`: percentiles over resampled readers and cases. Simple and wide: an answer's own noise is drawn
  with the reader and with the case (A. B. Owen, Ann. Appl. Stat. 1 (2007) 386).
- `test_…`: the Obuchowski-Rockette test with the covariance of the readers' areas over resampled cases, one of its
  authors' own. It keeps its level where cases share a patient, and stands for the headline there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from readerstudy.analysis.clusters import case_weights, cases_of
from readerstudy.analysis.comparisons import comparisons
from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.mrmc import ReaderScores, endpoints, reader_scores, scores
from readerstudy.analysis.obuchowski_rockette import CHANCE, RandomReaderTest, area_test, equivalence

FloatArray = npt.NDArray[np.float64]

REPLICATES = 2000
SEED = 20_260_101
MOST_LEVELS = 32
TOO_FEW_READERS = "Resampling readers needs at least two who have both classes."
TOO_FEW_CLUSTERS = "Resampling cases needs two patients of each class."
MANY_RATINGS = "Ratings of more than 32 distinct values are not resampled."
BOOTSTRAP_COLUMNS = (
    "endpoint",
    "unsure_policy",
    "organ",
    "generator",
    "n_readers",
    "n_cases",
    "n_patients",
    "estimate",
    "se",
    "ci_low",
    "ci_high",
    "equivalence_low",
    "equivalence_high",
    "equivalent",
    "margin",
    "test_se",
    "test_df",
    "test_p_value",
    "test_ci_low",
    "test_ci_high",
    "test_p_tost",
    "test_equivalent",
    "test_reason",
    "replicates",
    "reason",
)
TEST_FIGURES = ("se", "df", "p_value", "ci_low", "ci_high")


@dataclass(frozen=True)
class Resampled:
    """A mean area and its bootstrap distribution; None where not estimable, and `reason` says why.

    `ci_low`, `ci_high` cover 1 − alpha, `equivalence_low`, `equivalence_high` 1 − 2·alpha. `replicates` are those in
    which some reader's area could be worked out. `test` is Obuchowski and Rockette's with the resampled covariance.
    """

    estimate: float | None = None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    equivalence_low: float | None = None
    equivalence_high: float | None = None
    replicates: int = 0
    reason: str = ""
    test: RandomReaderTest = field(default_factory=RandomReaderTest)

    def row(self, margin: float, alpha: float) -> dict[str, object]:
        """Return the columns that depend on the resamples, for one margin."""
        tost = equivalence(self.test, margin=margin, alpha=alpha)
        return {
            **{name: value for name, value in vars(self).items() if name != "test"},
            **{f"test_{name}": getattr(self.test, name) for name in TEST_FIGURES},
            "test_p_tost": tost.p_tost,
            "test_equivalent": tost.equivalent,
            "test_reason": self.reason or self.test.reason or "",
            "margin": margin,
            "equivalent": _inside(self, margin),
        }


def bootstrap_areas(
    readings: pd.DataFrame, *, alpha: float, margins: Sequence[float], replicates: int = REPLICATES, seed: int = SEED
) -> pd.DataFrame:
    """Return `BOOTSTRAP_COLUMNS` for each endpoint, unsure policy, organ and generator (also `all`), and margin.

    Parameters
    ----------
    readings : DataFrame
        A readings frame.
    alpha : float
        The interval covers 1 − `alpha`; equivalence asks that the 1 − 2·`alpha` one lies inside ½ ± margin.
    margins : sequence of float
        Equivalence margins around ½.
    replicates, seed : int
        Resamples, and what they are drawn from; the same seed gives the same figures.
    """
    rows = []
    cases, compared = cases_of(readings), comparisons(readings)
    for organ, of_organ in [*compared.groupby("organ"), (POOLED, compared)]:
        for generator, group in of_organ.groupby("generator"):
            of_group = cases.loc[cases.index.isin(group["case_id"])]
            rng = np.random.default_rng(seed)
            for (endpoint, policy), found, n_readers in _resampled(
                readings, group, of_group, alpha=alpha, replicates=replicates, rng=rng
            ):
                row = {
                    "endpoint": endpoint,
                    "unsure_policy": policy,
                    "organ": organ,
                    "generator": generator,
                    "n_readers": n_readers,
                    "n_cases": len(of_group),
                    "n_patients": of_group["cluster"].nunique(),
                }
                rows += [{**row, **found.row(margin, alpha)} for margin in margins]
    table = pd.DataFrame(rows, columns=list(BOOTSTRAP_COLUMNS))
    numbers = ["estimate", "se", "ci_low", "ci_high", "equivalence_low", "equivalence_high", "test_p_tost"]
    numbers += [f"test_{name}" for name in TEST_FIGURES]
    booleans = dict.fromkeys(("equivalent", "test_equivalent"), "boolean")
    return table.astype(dict.fromkeys(numbers, "float64") | booleans | {"unsure_policy": object})


def _resampled(
    readings: pd.DataFrame,
    group: pd.DataFrame,
    cases: pd.DataFrame,
    *,
    alpha: float,
    replicates: int,
    rng: np.random.Generator,
) -> Iterator[tuple[tuple[str, str | None], Resampled, int]]:
    """Yield each endpoint of one organ and generator, all from the same resamples of cases."""
    asked = [(endpoint, policy) for endpoint, policy in endpoints(readings) if policy != "wrong"]
    cells = [
        _Levels.of(reader_scores(group, scores(group, endpoint=endpoint, unsure_policy=policy)), cases)
        for endpoint, policy in asked
    ]
    reasons = [levels.reason(cases) for levels in cells]
    usable = [levels for levels, reason in zip(cells, reasons, strict=True) if not reason]
    areas: list[list[FloatArray]] = [[] for _ in usable]
    if usable:
        for weights in case_weights(cases, replicates=replicates, rng=rng):
            for blocks, levels in zip(areas, usable, strict=True):
                blocks.append(levels.areas(weights))
    resampled = iter([np.concatenate(blocks) for blocks in areas])
    for question, levels, reason in zip(asked, cells, reasons, strict=True):
        own = levels.own_areas()
        if reason:
            found = Resampled(float(own.mean()) if own.size else None, reason=reason)
        else:
            found = _summary(own, next(resampled), alpha, rng)
        yield question, found, levels.n_readers


@dataclass(frozen=True)
class _Levels:
    """Which level of the scale each reader gave each case: (cases, readers x levels) of 0/1, by class."""

    positive: FloatArray
    negative: FloatArray
    n_readers: int
    n_levels: int

    @classmethod
    def of(cls, cells: ReaderScores, cases: pd.DataFrame) -> "_Levels":
        values = np.concatenate([cells.positive.to_numpy(float).ravel(), cells.negative.to_numpy(float).ravel()])
        levels = np.unique(values[np.isfinite(values)])
        if levels.size > MOST_LEVELS:
            return cls(np.empty((0, 0)), np.empty((0, 0)), len(cells.readers), levels.size)
        positive, negative = (
            cls._indicator(frame.reindex(columns=cases.index), levels) for frame in (cells.positive, cells.negative)
        )
        return cls(positive, negative, len(cells.readers), levels.size)

    @staticmethod
    def _indicator(frame: pd.DataFrame, levels: FloatArray) -> FloatArray:
        at = frame.to_numpy(np.float64).T[:, :, np.newaxis] == levels
        return np.asarray(at.reshape(len(at), -1), dtype=np.float64)

    def reason(self, cases: pd.DataFrame) -> str:
        if self.n_levels > MOST_LEVELS:
            return MANY_RATINGS
        if self.n_readers < 2:
            return TOO_FEW_READERS
        clusters = cases.groupby("truth")["cluster"].nunique()
        return "" if clusters.min() >= 2 else TOO_FEW_CLUSTERS

    def areas(self, weights: FloatArray) -> FloatArray:
        """Return each reader's area in each resample, (replicates, readers); NaN where a class is not there."""
        shape = (len(weights), self.n_readers, self.n_levels)
        real, synthetic = (weights @ self.positive).reshape(shape), (weights @ self.negative).reshape(shape)
        below = np.cumsum(synthetic, axis=2) - synthetic / 2
        pairs = real.sum(axis=2) * synthetic.sum(axis=2)
        area = np.full(pairs.shape, np.nan)
        np.divide((real * below).sum(axis=2), pairs, out=area, where=pairs > 0)
        return area

    def own_areas(self) -> FloatArray:
        """Return each reader's area without resampling, (readers,); empty where there are too many levels."""
        if not self.n_readers or self.n_levels > MOST_LEVELS:
            return np.empty(0)
        return np.asarray(self.areas(np.ones((1, len(self.positive))))[0])


def _means(areas: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the mean over resampled readers of each replicate's areas; one reader fewer is drawn (see `clusters`)."""
    replicates, r = areas.shape
    picks = rng.integers(r, size=(replicates, r - 1))
    drawn = np.take_along_axis(areas, picks, axis=1)
    known = np.isfinite(drawn)
    count = known.sum(axis=1)
    return np.asarray(np.where(known, drawn, 0).sum(axis=1)[count > 0] / count[count > 0])


def _summary(own: FloatArray, areas: FloatArray, alpha: float, rng: np.random.Generator) -> Resampled:
    means = _means(areas, rng)
    low, high = np.quantile(means, [alpha / 2, 1 - alpha / 2])
    equivalence_low, equivalence_high = np.quantile(means, [alpha, 1 - alpha])
    complete = areas[np.isfinite(areas).all(axis=1)]
    covariance = np.cov(complete.T) if len(complete) > 1 else np.full((own.size, own.size), np.nan)
    return Resampled(
        float(own.mean()),
        float(means.std(ddof=1)),
        float(low),
        float(high),
        float(equivalence_low),
        float(equivalence_high),
        means.size,
        test=area_test(own, covariance, alpha=alpha),
    )


def _inside(found: Resampled, margin: float) -> bool | None:
    if found.equivalence_low is None or found.equivalence_high is None:
        return None
    return CHANCE - margin < found.equivalence_low and found.equivalence_high < CHANCE + margin
