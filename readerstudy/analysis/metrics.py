"""Sensitivity, specificity and accuracy per reader, organ and generator; positive = real tumour.

'Unsure' answers are counted, and left out of every denominator, as the published tables do. Pooled rows
(`all`) add up counts over readers or organs; their intervals treat readings as independent, so the test
of the pooled readers is `mrmc`, not these.
"""

import pandas as pd

from readerstudy.analysis.counts import KEYS, OUTCOMES, counts
from readerstudy.analysis.proportions import PROPORTION_INTERVALS, FloatArray

PROPORTIONS = ("sensitivity", "specificity", "accuracy")
COLUMNS = (
    *KEYS,
    "n_real",
    "n_synthetic",
    *OUTCOMES.values(),
    *(f"{name}{bound}" for name in PROPORTIONS for bound in ("", "_low", "_high")),
    "balanced_accuracy",
)


def metrics(readings: pd.DataFrame, *, alpha: float, interval: str = "wilson") -> pd.DataFrame:
    """Return one row per reader x organ x generator, and the pooled ones.

    Parameters
    ----------
    readings : DataFrame
        A readings frame.
    alpha : float
        Intervals cover 1 − `alpha`.
    interval : str
        `wilson` or `clopper-pearson`.

    Returns
    -------
    DataFrame
        `COLUMNS`; `n_real` and `n_synthetic` include the unsure answers. Fractions in 0..1, NaN where not
        estimable: sensitivity = tp/(tp+fn), specificity = tn/(tn+fp), accuracy = (tp+tn)/(tp+fn+tn+fp),
        balanced accuracy = (sensitivity + specificity)/2. `all` rows come last among their kind.
    """
    return with_proportions(counts(readings), alpha=alpha, interval=interval)[list(COLUMNS)]


def with_proportions(table: pd.DataFrame, *, alpha: float, interval: str = "wilson") -> pd.DataFrame:
    """Return a table of counts with the proportions of `metrics` beside them."""
    real, synthetic = table["tp"] + table["fn"], table["tn"] + table["fp"]
    right_and_answered = (
        (table["tp"], real),
        (table["tn"], synthetic),
        (table["tp"] + table["tn"], real + synthetic),
    )
    columns: dict[str, FloatArray] = {}
    for name, (right, answered) in zip(PROPORTIONS, right_and_answered, strict=True):
        proportion, low, high = PROPORTION_INTERVALS[interval](right, answered, alpha=alpha)
        columns |= {name: proportion, f"{name}_low": low, f"{name}_high": high}
    table = table.assign(**columns)
    return table.assign(balanced_accuracy=(table["sensitivity"] + table["specificity"]) / 2)
