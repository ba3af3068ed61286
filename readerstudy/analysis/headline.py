"""The headline: for each organ and generator, whether readers told real from synthetic, and what was not shown.

Positive = real tumour. The test is Obuchowski-Rockette's of the balanced accuracy with the unbiased covariance and
the protocol's policy for unsure. Where cases share a patient that covariance is too small; the one over resampled
patients (`bootstrap`) stands instead.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from readerstudy.analysis.equivalence import Rates, found_by_all, not_equivalent, not_found, rates_of, verdict
from readerstudy.analysis.mrmc import GeneratorTest
from readerstudy.analysis.multiplicity import holm, in_family
from readerstudy.analysis.obuchowski_rockette import CHANCE, Equivalence, RandomReaderTest

HEADLINE_COLUMNS = (
    "organ",
    "generator",
    "unsure_policy",
    "n_readers",
    "estimate",
    "ci_low",
    "ci_high",
    "interval",
    "p_value",
    "in_family",
    "p_holm",
    "finding",
    "margin",
    "p_tost",
    "equivalent",
    "readers_within",
    "controls_found",
    "indistinguishable",
    "verdict",
    "sentence",
    "reason",
)
BETTER, WORSE, NOT_SHOWN, NOT_ESTIMABLE = "better than chance", "worse than chance", "not shown", "not estimable"
FINDINGS = {
    BETTER: "Readers told real from synthetic better than chance",
    WORSE: "Readers took real for synthetic and synthetic for real more often than chance",
    NOT_SHOWN: "Readers were not shown to tell real from synthetic better or worse than chance",
}
OF_TEST, OF_PATIENTS = "Obuchowski-Rockette", "Obuchowski-Rockette, patients resampled"


@dataclass(frozen=True)
class Protocol:
    """What was fixed before the study: level, equivalence margin, policy for unsure, and Holm's family."""

    alpha: float
    margin: float
    unsure_policy: str = "middle"
    family: Sequence[str] = ("organ", "generator")


def headlines(
    tests: Sequence[GeneratorTest],
    table: pd.DataFrame,
    controls: pd.DataFrame,
    bootstrap: pd.DataFrame,
    protocol: Protocol,
    *,
    clustered: bool,
) -> pd.DataFrame:
    """Return `HEADLINE_COLUMNS` for each organ and generator, also `all`.

    Parameters
    ----------
    tests : sequence of GeneratorTest
        From `pooled_tests`, with the protocol's margin among theirs.
    table, controls, bootstrap : DataFrame
        From `counts`, `positive_controls` and `bootstrap_areas`.
    protocol : Protocol
        What was fixed before the study.
    clustered : bool
        Whether cases share a patient.

    Returns
    -------
    DataFrame
        `finding` is `better than chance` or `worse than chance` where the test says so (corrected by Holm within the
        family), `not shown`, or `not estimable` with a `reason`. `interval` names where the limits come from.
        `readers_within` counts the readers whose H and F lie within .1–.9; `indistinguishable` needs all of them.
    """
    chosen = [test for test in tests if _is_headline(test, protocol)]
    family = [in_family(test.question.organ, test.generator, protocol.family) for test in chosen]
    answers = [
        _resampled(bootstrap, test, protocol.margin) if clustered else _answered(test, protocol.margin)
        for test in chosen
    ]
    p_family = [
        test.p_value if inside and test.p_value is not None else math.nan
        for (test, _), inside in zip(answers, family, strict=True)
    ]
    rows = [
        _Row(asked, *answer, protocol, OF_PATIENTS if clustered else OF_TEST).made(
            rates_of(table, organ=asked.question.organ, generator=asked.generator),
            controls,
            p_holm=float(adjusted) if inside else math.nan,
            inside=inside,
        )
        for asked, answer, inside, adjusted in zip(chosen, answers, family, holm(p_family), strict=True)
    ]
    out = pd.DataFrame(rows, columns=list(HEADLINE_COLUMNS))
    numbers = dict.fromkeys(("estimate", "ci_low", "ci_high", "p_value", "p_holm", "p_tost"), "float64")
    booleans = dict.fromkeys(("equivalent", "controls_found", "indistinguishable"), "boolean")
    return out.astype(numbers | booleans)


def _is_headline(test: GeneratorTest, protocol: Protocol) -> bool:
    asked = (test.question.endpoint, test.question.unsure_policy, test.covariance)
    return asked == ("balanced_accuracy", protocol.unsure_policy, "unbiased")


def _answered(test: GeneratorTest, margin: float) -> tuple[RandomReaderTest, Equivalence]:
    return test.test, next(tost for tost in test.tost if tost.margin == margin)


def _resampled(bootstrap: pd.DataFrame, test: GeneratorTest, margin: float) -> tuple[RandomReaderTest, Equivalence]:
    """Return the same test with the covariance over resampled patients."""
    rows = bootstrap[
        (bootstrap["endpoint"] == test.question.endpoint)
        & (bootstrap["unsure_policy"] == test.question.unsure_policy)
        & (bootstrap["organ"] == test.question.organ)
        & (bootstrap["generator"] == test.generator)
        & (bootstrap["margin"] == margin)
    ]
    (row,) = rows.to_dict("records")
    names = {"estimate": "estimate"} | {name: f"test_{name}" for name in ("se", "df", "p_value", "ci_low", "ci_high")}
    figures = {name: None if pd.isna(row[column]) else float(row[column]) for name, column in names.items()}
    p_tost, equivalent = row["test_p_tost"], row["test_equivalent"]
    if pd.isna(p_tost):
        return RandomReaderTest(**figures, reason=str(row["test_reason"])), Equivalence(margin)
    tost = Equivalence(margin, p_tost=float(p_tost), equivalent=bool(equivalent))
    return RandomReaderTest(**figures, reason=str(row["test_reason"]) or None), tost


@dataclass(frozen=True)
class _Row:
    """One question of the headline, with the test that answers it."""

    asked: GeneratorTest
    test: RandomReaderTest
    tost: Equivalence
    protocol: Protocol
    interval: str

    def made(self, rates: list[Rates], controls: pd.DataFrame, *, p_holm: float, inside: bool) -> dict[str, object]:
        found = found_by_all(controls)
        finding = self._finding(p_holm if inside else self.test.p_value)
        conditions = [
            *not_equivalent(self.tost),
            *(text for rate in rates for text in rate.outside()),
            *not_found(found),
        ]
        return {
            "organ": self.asked.question.organ,
            "generator": self.asked.generator,
            "unsure_policy": self.protocol.unsure_policy,
            "n_readers": self.asked.n_readers,
            "estimate": self.test.estimate,
            "ci_low": self.test.ci_low,
            "ci_high": self.test.ci_high,
            "interval": self.interval,
            "p_value": self.test.p_value,
            "in_family": inside,
            "p_holm": p_holm,
            "finding": finding,
            "margin": self.protocol.margin,
            "p_tost": self.tost.p_tost,
            "equivalent": self.tost.equivalent,
            "readers_within": sum(rate.within for rate in rates),
            "controls_found": found,
            "indistinguishable": not conditions,
            "verdict": verdict(self.protocol.margin, conditions),
            "sentence": self._sentence(finding, conditions),
            "reason": (self.test.reason or "") if finding == NOT_ESTIMABLE else "",
        }

    def _finding(self, p_value: float | None) -> str:
        if self.test.estimate is None or p_value is None or math.isnan(p_value):
            return NOT_ESTIMABLE
        if p_value >= self.protocol.alpha:
            return NOT_SHOWN
        return BETTER if self.test.estimate > CHANCE else WORSE

    def _corrected(self, finding: str) -> str:
        """Say why nothing is shown although the interval leaves ½ out: it is not corrected for the other tests."""
        alone = self.test.p_value is not None and self.test.p_value < self.protocol.alpha
        return " once corrected for the number of tests" if finding == NOT_SHOWN and alone else ""

    def _sentence(self, finding: str, conditions: list[str]) -> str:
        if finding == NOT_ESTIMABLE:
            return f"Whether readers told real from synthetic cannot be estimated: {self.test.reason}"
        shown = "not shown to be indistinguishable" if conditions else "indistinguishable"
        level = f"{100 * (1 - self.protocol.alpha):g} %"
        return (
            f"{FINDINGS[finding]}{self._corrected(finding)}: balanced accuracy {self.test.estimate:.2f}, {level} CI "
            f"{self.test.ci_low:.2f}–{self.test.ci_high:.2f}, {self.asked.n_readers} readers; {shown} at "
            f"±{self.protocol.margin:.2f}."
        )
