"""The audit of a study's cases: every part of the features, in every comparison."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from readerstudy.analysis.auc_interval import auc_interval
from readerstudy.analysis.leak_audit.comparisons import Comparison, comparisons, organ_comparisons
from readerstudy.analysis.leak_audit.evidence import Evidence, weigh
from readerstudy.analysis.leak_audit.feature import Feature, Part
from readerstudy.analysis.leak_audit.report import LeakAudit, PartResult
from readerstudy.analysis.leak_audit.tell import describe_tell
from readerstudy.analysis.multiplicity import holm

PERMUTATIONS = 4999
ALPHA = 0.025
"""Half of the 5 % of false alarms that are borne: simulated rates stay below 5 % with some room for chance."""
Z_95 = 1.959964
Z_80 = 0.841621  # of 80 % power


@dataclass(frozen=True)
class _Weighed:
    comparison: Comparison
    part: Part
    evidence: Evidence


def audit_leaks(
    cases: pd.DataFrame,
    features: Sequence[Feature],
    *,
    of_organs: bool = False,
    permutations: int = PERMUTATIONS,
    alpha: float = ALPHA,
    seed: int = 0,
) -> LeakAudit:
    """Test whether anything but the tumour's look tells real from synthetic cases.

    Parameters
    ----------
    cases : DataFrame
        As `comparisons` takes it, with a column of numbers for each feature; NaN where it can't be measured.
        A feature that any case lacks is left out, and named.
    features : sequence of Feature
    of_organs : bool
        Whether organs are compared (`organ_comparisons`), not real with synthetic cases.
    permutations : int
        Random exchanges of the labels. The smallest family-wise p-value that can come out is about
        2 · tests / (permutations + 1).
    alpha : float
        The chance, over all parts and comparisons together, of a false alarm (Holm's method).
    seed : int
        Equal seeds give equal audits.

    Raises
    ------
    TooFewCases
        If no comparison has enough patients.
    """
    measured = [feature for feature in features if cases[feature.name].notna().all()]
    compared = organ_comparisons(cases) if of_organs else comparisons(cases)
    weighed = list(_weigh_all(compared, measured, permutations, seed))
    family_wise = holm([test.evidence.p_value for test in weighed])
    return LeakAudit(
        results=[
            _result(test, float(p_value), {feature.name: feature for feature in measured}, alpha, len(weighed))
            for test, p_value in zip(weighed, family_wise, strict=True)
        ],
        not_measured=[feature.words for feature in features if feature not in measured],
        not_compared=_organs_left(cases, compared) if of_organs else _not_compared(cases, compared),
        n_real=int((cases["truth"] == "real").sum()),
        n_synthetic=int((cases["truth"] == "synthetic").sum()),
        alpha=alpha,
        permutations=permutations,
        of_organs=of_organs,
        n_of_organ={str(organ): int(n) for organ, n in cases.groupby("organ").size().items()},
    )


def _weigh_all(compared: list[Comparison], features: list[Feature], permutations: int, seed: int) -> Iterator[_Weighed]:
    rng = np.random.default_rng(seed)
    for comparison in compared:
        labels = comparison.arrangements(permutations, rng)
        for part in Part:
            names = [feature.name for feature in features if feature.part == part]
            evidence = weigh(comparison, names, labels, seed=seed) if names else None
            if evidence:
                yield _Weighed(comparison, part, evidence)


def _not_compared(cases: pd.DataFrame, compared: list[Comparison]) -> list[str]:
    """Return the organs and generators that no comparison holds alone."""
    left: set[str] = set()
    for column in ("organ", "generator"):
        present = [set(one.cases[column]) - {""} for one in compared]
        left |= set(cases[column]) - {""} - set().union(*(names for names in present if len(names) == 1))
    return sorted(left)


def _organs_left(cases: pd.DataFrame, compared: list[Comparison]) -> list[str]:
    return sorted(set(cases["organ"]) - {name for one in compared for name in (one.positive, one.negative)})


def _result(
    test: _Weighed, p_family_wise: float, features: dict[str, Feature], alpha: float, n_tests: int
) -> PartResult:
    comparison, evidence = test.comparison, test.evidence
    n_real = int(comparison.is_real.sum())
    n_synthetic = len(comparison.cases) - n_real
    low, _ = auc_interval(evidence.auc, n_real=n_real, n_synthetic=n_synthetic, z=Z_95)
    _, high = auc_interval(max(evidence.auc, 0.5), n_real=n_real, n_synthetic=n_synthetic, z=Z_95)
    critical = evidence.critical_auc(alpha / n_tests)
    tells = [one for one in evidence.separations if one.p_value <= alpha] if p_family_wise <= alpha else []
    return PartResult(
        part=test.part,
        organ=comparison.organ,
        generator=comparison.generator,
        n_real=n_real,
        n_synthetic=n_synthetic,
        auc=evidence.auc,
        auc_low=low,
        auc_high=high,
        p_value=p_family_wise,
        found=p_family_wise <= alpha,
        positive=comparison.positive,
        negative=comparison.negative,
        detectable_auc=critical and auc_interval(critical, n_real=n_real, n_synthetic=n_synthetic, z=Z_80)[1],
        tells=[
            describe_tell(features[one.feature], one, comparison)
            for one in sorted(tells, key=lambda one: -abs(one.auc - 0.5))
        ],
    )
