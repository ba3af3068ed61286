"""The pooled tests of a study: every endpoint, policy for 'unsure', organ and generator.

Positive = real tumour. Both endpoints are areas: `auc` of the ratings, `balanced_accuracy` of the labels
(the AUC of 0/1 answers). Readers and cases are random (`obuchowski_rockette`), readers averaged equally.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from readerstudy.analysis.auc import COVARIANCES, PairSums, pair_sums
from readerstudy.analysis.comparisons import comparisons
from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.obuchowski_rockette import (
    Equivalence,
    RandomReaderTest,
    area_test,
    difference_test,
    equivalence,
)
from readerstudy.analysis.unsure import UNSURE_POLICIES

DESCRIPTION_ONLY = "Description only: with unsure counted as wrong a guesser does not score .5, so there is no test."


@dataclass(frozen=True)
class Question:
    """What a pooled test asks; `unsure_policy` is None for ratings."""

    endpoint: str
    unsure_policy: str | None
    organ: str


@dataclass(frozen=True)
class GeneratorTest:
    """One generator against chance."""

    question: Question
    generator: str
    covariance: str
    n_readers: int
    test: RandomReaderTest
    tost: tuple[Equivalence, ...]


@dataclass(frozen=True)
class GeneratorDifference:
    """One generator against another, `a` − `b`, by the readers who read both."""

    question: Question
    generator_a: str
    generator_b: str
    covariance: str
    test: RandomReaderTest


@dataclass(frozen=True)
class ReaderScores:
    """Scores of readers under one generator, one row per reader who has both classes.

    `positive` and `negative` have one column per case and NaN where a reader has no score for it.
    """

    positive: pd.DataFrame
    negative: pd.DataFrame

    @property
    def readers(self) -> list[str]:
        return list(self.positive.index)

    def of(self, readers: list[str]) -> "ReaderScores":
        """Return these readers' scores of the cases that any of them scored."""
        positive, negative = self.positive.loc[readers], self.negative.loc[readers]
        return ReaderScores(positive.dropna(axis=1, how="all"), negative.dropna(axis=1, how="all"))

    def sums(self) -> PairSums:
        return pair_sums(self.positive.to_numpy(np.float64), self.negative.to_numpy(np.float64))

    def beside(self, other: "ReaderScores") -> PairSums:
        """Return the sums of 2r cells: these readers', then the same readers' under another generator."""
        return ReaderScores(
            pd.concat([self.positive, other.positive]), pd.concat([self.negative, other.negative])
        ).sums()


def scores(readings: pd.DataFrame, *, endpoint: str, unsure_policy: str | None) -> pd.Series:
    """Return each reading's score, higher = more surely real, NaN = left out.

    Ratings stand as they are. Labels: real 1, synthetic 0; unsure is left out (`exclude`), ½ (`middle`)
    or the wrong answer, 0 for a real and 1 for a synthetic case (`wrong`).
    """
    if endpoint == "auc":
        return readings["rating"]
    score = readings["label"].map({"real": 1.0, "synthetic": 0.0})
    unsure = readings["label"] == "unsure"
    if unsure_policy == "middle":
        return score.mask(unsure, 0.5)
    if unsure_policy == "wrong":
        return score.mask(unsure, (readings["truth"] == "synthetic").astype("float64"))
    return score


def reader_scores(compared: pd.DataFrame, score: pd.Series) -> ReaderScores:
    """Arrange the scored readings of one organ and generator; readers who lack a class are left out."""
    scored = compared.assign(score=score).dropna(subset="score")
    positive, negative = (_table(scored[scored["truth"] == truth]) for truth in ("real", "synthetic"))
    both = positive.index.intersection(negative.index).sort_values()
    return ReaderScores(positive, negative).of(list(both))


def _table(scored: pd.DataFrame) -> pd.DataFrame:
    """Return one row per reader, one column per case; a reader has one score of a case (`readings_frame`), or NaN."""
    row, readers = pd.factorize(scored["reader_id"], sort=True)
    column, cases = pd.factorize(scored["case_id"], sort=True)
    table = np.full((len(readers), len(cases)), np.nan)
    table[row, column] = scored["score"]
    return pd.DataFrame(table, index=readers, columns=cases)


def pooled_tests(
    readings: pd.DataFrame, *, alpha: float, margins: Sequence[float]
) -> tuple[list[GeneratorTest], list[GeneratorDifference]]:
    """Return every test of one generator against chance, and of one generator against another.

    Parameters
    ----------
    readings : DataFrame
        A readings frame.
    alpha : float
        Level of each test; intervals cover 1 − `alpha`. Nothing is corrected for multiplicity.
    margins : sequence of float
        Equivalence margins around .5.
    """
    tests: list[GeneratorTest] = []
    differences: list[GeneratorDifference] = []
    compared = comparisons(readings)
    for endpoint, unsure_policy in endpoints(readings):
        score = scores(compared, endpoint=endpoint, unsure_policy=unsure_policy)
        for organ, rows in _by_organ(compared):
            by_generator = {
                str(generator): reader_scores(group, score.loc[group.index])
                for generator, group in rows.groupby("generator")
            }
            question = Question(endpoint, unsure_policy, organ)
            for generator, cells in by_generator.items():
                tests += _against_chance(question, generator, cells, alpha=alpha, margins=margins)
            named = sorted(set(by_generator) - {POOLED})
            for a, b in itertools.combinations(named, 2):
                differences += _against_each_other(question, (a, by_generator[a]), (b, by_generator[b]), alpha=alpha)
    return tests, differences


def endpoints(readings: pd.DataFrame) -> Iterator[tuple[str, str | None]]:
    """Yield each endpoint and unsure policy that the readings allow; ratings have no policy."""
    if readings["rating"].notna().any():
        yield "auc", None
    for policy in UNSURE_POLICIES:
        yield "balanced_accuracy", policy


def _by_organ(compared: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for organ, rows in compared.groupby("organ"):
        yield str(organ), rows
    yield POOLED, compared


def _against_chance(
    question: Question, generator: str, cells: ReaderScores, *, alpha: float, margins: Sequence[float]
) -> Iterator[GeneratorTest]:
    sums = cells.sums()
    for covariance, estimate in COVARIANCES.items():
        test = _tested(question, area_test(sums.auc, estimate(sums), alpha=alpha))
        tost = tuple(equivalence(test, margin=margin, alpha=alpha) for margin in margins)
        yield GeneratorTest(question, generator, covariance, len(cells.readers), test, tost)


def _against_each_other(
    question: Question, a: tuple[str, ReaderScores], b: tuple[str, ReaderScores], *, alpha: float
) -> Iterator[GeneratorDifference]:
    (name_a, cells_a), (name_b, cells_b) = a, b
    of_b = set(cells_b.readers)
    shared = [reader for reader in cells_a.readers if reader in of_b]
    sums = cells_a.of(shared).beside(cells_b.of(shared))
    r = len(shared)
    for covariance, estimate in COVARIANCES.items():
        test = difference_test(sums.auc[:r], sums.auc[r:], estimate(sums), alpha=alpha)
        yield GeneratorDifference(question, name_a, name_b, covariance, _tested(question, test))


def _tested(question: Question, test: RandomReaderTest) -> RandomReaderTest:
    if question.unsure_policy == "wrong" and test.p_value is not None:
        return replace(test, t=None, p_value=None, reason=DESCRIPTION_ONLY)
    return test
