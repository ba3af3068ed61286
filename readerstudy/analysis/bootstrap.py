"""Bootstrap intervals of the readers' mean area, over readers and clusters of cases.

They stand beside the Obuchowski-Rockette test, and instead of its interval where cases share a patient. Percentile
intervals; readers and cases are resampled independently, which is a little wide: an answer's own noise is then
drawn twice (A. B. Owen, Ann. Appl. Stat. 1 (2007) 386).
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from readerstudy.analysis.clusters import case_weights, cases_of
from readerstudy.analysis.comparisons import comparisons
from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.mrmc import ReaderScores, endpoints, reader_scores, scores
from readerstudy.analysis.obuchowski_rockette import CHANCE

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
    "replicates",
    "reason",
)


@dataclass(frozen=True)
class Resampled:
    """A mean area and its bootstrap distribution; None where not estimable, and `reason` says why.

    `ci_low`, `ci_high` cover 1 − alpha, `equivalence_low`, `equivalence_high` 1 − 2·alpha. `replicates` are those in
    which some reader's area could be worked out.
    """

    estimate: float | None = None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    equivalence_low: float | None = None
    equivalence_high: float | None = None
    replicates: int = 0
    reason: str = ""


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
                    **asdict(found),
                }
                rows += [{**row, "margin": margin, "equivalent": _inside(found, margin)} for margin in margins]
    table = pd.DataFrame(rows, columns=list(BOOTSTRAP_COLUMNS))
    numbers = ("estimate", "se", "ci_low", "ci_high", "equivalence_low", "equivalence_high")
    return table.astype(dict.fromkeys(numbers, "float64") | {"equivalent": "boolean", "unsure_policy": object})


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
    means = iter([_means(np.concatenate(blocks), rng) for blocks in areas])
    for question, levels, reason in zip(asked, cells, reasons, strict=True):
        estimate = levels.estimate()
        found = Resampled(estimate, reason=reason) if reason else _summary(estimate, next(means), alpha)
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

    def estimate(self) -> float | None:
        if not self.n_readers or self.n_levels > MOST_LEVELS:
            return None
        return float(self.areas(np.ones((1, len(self.positive)))).mean())


def _means(areas: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the mean over resampled readers of each replicate's areas; one reader fewer is drawn (see `clusters`)."""
    replicates, r = areas.shape
    picks = rng.integers(r, size=(replicates, r - 1))
    drawn = np.take_along_axis(areas, picks, axis=1)
    known = np.isfinite(drawn)
    count = known.sum(axis=1)
    return np.asarray(np.where(known, drawn, 0).sum(axis=1)[count > 0] / count[count > 0])


def _summary(estimate: float | None, means: FloatArray, alpha: float) -> Resampled:
    low, high = np.quantile(means, [alpha / 2, 1 - alpha / 2])
    equivalence_low, equivalence_high = np.quantile(means, [alpha, 1 - alpha])
    return Resampled(
        estimate,
        float(means.std(ddof=1)),
        float(low),
        float(high),
        float(equivalence_low),
        float(equivalence_high),
        means.size,
    )


def _inside(found: Resampled, margin: float) -> bool | None:
    if found.equivalence_low is None or found.equivalence_high is None:
        return None
    return CHANCE - margin < found.equivalence_low and found.equivalence_high < CHANCE + margin
