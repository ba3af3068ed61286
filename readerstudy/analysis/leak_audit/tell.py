"""One feature that tells the arms apart, in words."""

from dataclasses import dataclass

import pandas as pd

from readerstudy.analysis.leak_audit.evidence import SPREAD, Separation
from readerstudy.analysis.leak_audit.feature import Feature


@dataclass(frozen=True)
class Tell:
    """A feature that separates the arms; `auc` is 0.5 or more, whichever arm has the higher values."""

    feature: str
    view: str
    auc: float
    sentence: str


def describe_tell(feature: Feature, separation: Separation, cases: pd.DataFrame) -> Tell:
    """Say which arm has more of the feature, or the wider range of it, with the values."""
    real, synthetic = (cases.loc[cases["truth"] == truth, feature.name] for truth in ("real", "synthetic"))
    high = "real" if separation.auc >= 0.5 else "synthetic"
    if set(cases[feature.name]) <= {0, 1}:
        values = f"{real.mean():.0%} of the real and {synthetic.mean():.0%} of the synthetic cases"
    elif separation.view == SPREAD:
        values = f"farther from the middle in {high} cases (real {_range(real)}, synthetic {_range(synthetic)})"
    else:
        middle, other = _number(real.median()), _number(synthetic.median())
        values = f"higher in {high} cases (median of real {middle}, of synthetic {other})"
    auc = max(separation.auc, 1 - separation.auc)
    return Tell(feature.name, separation.view, auc, f"{feature.words}: {values}; AUC {auc:.2f} by itself")


def _range(values: pd.Series) -> str:
    low, high = values.quantile([0.05, 0.95])
    return f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
