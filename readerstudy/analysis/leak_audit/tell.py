"""One feature that tells the arms apart, in words."""

from dataclasses import dataclass

import pandas as pd

from readerstudy.analysis.leak_audit.comparisons import Comparison
from readerstudy.analysis.leak_audit.evidence import SPREAD, Separation
from readerstudy.analysis.leak_audit.feature import Feature


@dataclass(frozen=True)
class Tell:
    """A feature that separates the sides of a comparison; `auc` is 0.5 or more, whichever has the higher values."""

    feature: str
    view: str
    auc: float
    sentence: str


def describe_tell(feature: Feature, separation: Separation, comparison: Comparison) -> Tell:
    """Say which side has more of the feature, or the wider range of it, with the values."""
    of_case, is_real = comparison.cases[feature.name], comparison.is_real
    name, other_name = comparison.positive, comparison.negative
    real, other = of_case[is_real], of_case[~is_real]
    high = name if separation.auc >= 0.5 else other_name
    if set(of_case) <= {0, 1}:
        values = f"{real.mean():.0%} of the {name} and {other.mean():.0%} of the {other_name} cases"
    elif separation.view == SPREAD:
        values = f"farther from the middle in {high} cases ({name} {_range(real)}, {other_name} {_range(other)})"
    else:
        middle, other_middle = _number(real.median()), _number(other.median())
        values = f"higher in {high} cases (median of {name} {middle}, of {other_name} {other_middle})"
    auc = max(separation.auc, 1 - separation.auc)
    return Tell(feature.name, separation.view, auc, f"{feature.words}: {values}; AUC {auc:.2f} by itself")


def _range(values: pd.Series) -> str:
    low, high = values.quantile([0.05, 0.95])
    return f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
