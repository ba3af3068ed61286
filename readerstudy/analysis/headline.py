"""The headline: for each organ and generator, whether readers told real from synthetic, and what was not shown.

Positive = real tumour. The test is Obuchowski-Rockette's of the balanced accuracy with the unbiased covariance and
the protocol's policy for unsure. Where cases share a patient its interval is too short; that of the bootstrap over
patients stands instead, and equivalence must hold in it too.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from readerstudy.analysis.equivalence import Rates, found_by_all, not_equivalent, not_found, rates_of, verdict
from readerstudy.analysis.mrmc import GeneratorTest
from readerstudy.analysis.multiplicity import holm, in_family
from readerstudy.analysis.obuchowski_rockette import CHANCE, Equivalence

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
OF_TEST, OF_BOOTSTRAP = "Obuchowski-Rockette", "bootstrap by patient"


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
    p_family = [
        test.test.p_value if inside and test.test.p_value is not None else math.nan
        for test, inside in zip(chosen, family, strict=True)
    ]
    rows = [
        _Row(test, _resampled(bootstrap, test, protocol) if clustered else None, protocol).made(
            rates_of(table, organ=test.question.organ, generator=test.generator),
            found_by_all(controls),
            p_holm=float(adjusted) if inside else math.nan,
            inside=inside,
        )
        for test, inside, adjusted in zip(chosen, family, holm(p_family), strict=True)
    ]
    out = pd.DataFrame(rows, columns=list(HEADLINE_COLUMNS))
    numbers = dict.fromkeys(("estimate", "ci_low", "ci_high", "p_value", "p_holm", "p_tost"), "float64")
    booleans = dict.fromkeys(("equivalent", "controls_found", "indistinguishable"), "boolean")
    return out.astype(numbers | booleans)


def _is_headline(test: GeneratorTest, protocol: Protocol) -> bool:
    asked = (test.question.endpoint, test.question.unsure_policy, test.covariance)
    return asked == ("balanced_accuracy", protocol.unsure_policy, "unbiased")


@dataclass(frozen=True)
class _Resamples:
    """What the bootstrap over readers and patients says; NaN limits where it could not be made."""

    low: float
    high: float
    equivalent: bool


def _resampled(bootstrap: pd.DataFrame, test: GeneratorTest, protocol: Protocol) -> _Resamples:
    rows = bootstrap[
        (bootstrap["endpoint"] == test.question.endpoint)
        & (bootstrap["unsure_policy"] == test.question.unsure_policy)
        & (bootstrap["organ"] == test.question.organ)
        & (bootstrap["generator"] == test.generator)
        & (bootstrap["margin"] == protocol.margin)
    ]
    equivalent = rows["equivalent"].fillna(value=False).astype("bool")
    return _Resamples(float(rows["ci_low"].iloc[0]), float(rows["ci_high"].iloc[0]), bool(equivalent.iloc[0]))


@dataclass(frozen=True)
class _Row:
    """One test, and the resamples that take the place of its interval where cases share a patient."""

    test: GeneratorTest
    resampled: _Resamples | None
    protocol: Protocol

    def made(self, rates: list[Rates], found: bool | None, *, p_holm: float, inside: bool) -> dict[str, object]:  # noqa: FBT001 - None: no controls
        test, tost = self.test.test, self._tost()
        low, high = self._limits()
        finding = self._finding(p_holm if inside else test.p_value, low, high)
        conditions = [
            *not_equivalent(tost),
            *self._not_in_resamples(),
            *(text for rate in rates for text in rate.outside()),
            *not_found(found),
        ]
        says = verdict(self.protocol.margin, conditions)
        return {
            "organ": self.test.question.organ,
            "generator": self.test.generator,
            "unsure_policy": self.protocol.unsure_policy,
            "n_readers": self.test.n_readers,
            "estimate": test.estimate,
            "ci_low": low,
            "ci_high": high,
            "interval": OF_TEST if self.resampled is None else OF_BOOTSTRAP,
            "p_value": test.p_value,
            "in_family": inside,
            "p_holm": p_holm,
            "finding": finding,
            "margin": self.protocol.margin,
            "p_tost": tost.p_tost,
            "equivalent": tost.equivalent,
            "readers_within": sum(rate.within for rate in rates),
            "controls_found": found,
            "indistinguishable": not conditions,
            "verdict": says,
            "sentence": self._sentence(finding, low, high, conditions),
            "reason": (test.reason or "") if finding == NOT_ESTIMABLE else "",
        }

    def _tost(self) -> Equivalence:
        return next(tost for tost in self.test.tost if tost.margin == self.protocol.margin)

    def _limits(self) -> tuple[float | None, float | None]:
        if self.resampled is None:
            return self.test.test.ci_low, self.test.test.ci_high
        low, high = self.resampled.low, self.resampled.high
        return (None, None) if math.isnan(low) else (low, high)

    def _finding(self, p_value: float | None, low: float | None, high: float | None) -> str:
        estimate = self.test.test.estimate
        if estimate is None or p_value is None or math.isnan(p_value) or low is None or high is None:
            return NOT_ESTIMABLE
        shown = p_value < self.protocol.alpha and (self.resampled is None or not low <= CHANCE <= high)
        return NOT_SHOWN if not shown else BETTER if estimate > CHANCE else WORSE

    def _not_in_resamples(self) -> Iterator[str]:
        if self.resampled is not None and not self.resampled.equivalent:
            yield "cases share patients, and equivalence does not hold when patients are resampled"

    def _sentence(self, finding: str, low: float | None, high: float | None, conditions: list[str]) -> str:
        estimate, margin = self.test.test.estimate, self.protocol.margin
        if finding == NOT_ESTIMABLE or estimate is None or low is None or high is None:
            return f"Whether readers told real from synthetic cannot be estimated: {self.test.test.reason}"
        shown = "not shown to be indistinguishable" if conditions else "indistinguishable"
        return (
            f"{FINDINGS[finding]}: balanced accuracy {estimate:.2f}, {100 * (1 - self.protocol.alpha):g} % CI "
            f"{low:.2f}–{high:.2f}, {self.test.n_readers} readers; {shown} at ±{margin:.2f}."
        )
