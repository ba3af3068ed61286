"""Sensitivity, specificity and accuracy per reader, organ and generator; positive = real tumour.

'Unsure' answers are counted, and left out of every denominator, as the published tables do. Pooled rows
(`all`) add up counts over readers or organs; their intervals treat readings as independent, so the test
of the pooled readers is `mrmc`, not these.
"""

import pandas as pd

from readerstudy.analysis.comparisons import comparisons
from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.proportions import wilson

KEYS = ["reader_id", "organ", "generator"]
OUTCOMES = {
    "real:real": "tp",
    "real:synthetic": "fn",
    "synthetic:synthetic": "tn",
    "synthetic:real": "fp",
    "real:unsure": "unsure_real",
    "synthetic:unsure": "unsure_synthetic",
}
"""truth:label → the cell of the 3x2 table."""
PROPORTIONS = ("sensitivity", "specificity", "accuracy")
COLUMNS = (
    *KEYS,
    "n_real",
    "n_synthetic",
    *OUTCOMES.values(),
    *(f"{name}{bound}" for name in PROPORTIONS for bound in ("", "_low", "_high")),
    "balanced_accuracy",
)


def metrics(readings: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Return one row per reader x organ x generator, and the pooled ones.

    Parameters
    ----------
    readings : DataFrame
        A readings frame.
    alpha : float
        Wilson intervals cover 1 − `alpha`.

    Returns
    -------
    DataFrame
        `COLUMNS`; `n_real` and `n_synthetic` include the unsure answers. Fractions in 0..1, NaN where not
        estimable: sensitivity = tp/(tp+fn), specificity = tn/(tn+fp), accuracy = (tp+tn)/(tp+fn+tn+fp),
        balanced accuracy = (sensitivity + specificity)/2. `all` rows come last among their kind.
    """
    table = _pooled(_counts(readings))
    real, synthetic = table["tp"] + table["fn"], table["tn"] + table["fp"]
    table["n_real"] = real + table["unsure_real"]
    table["n_synthetic"] = synthetic + table["unsure_synthetic"]
    right_and_answered = (
        (table["tp"], real),
        (table["tn"], synthetic),
        (table["tp"] + table["tn"], real + synthetic),
    )
    for name, (right, answered) in zip(PROPORTIONS, right_and_answered, strict=True):
        table[name], table[f"{name}_low"], table[f"{name}_high"] = wilson(right, answered, alpha=alpha)
    table["balanced_accuracy"] = (table["sensitivity"] + table["specificity"]) / 2
    return table[list(COLUMNS)]


def _counts(readings: pd.DataFrame) -> pd.DataFrame:
    compared = comparisons(readings)
    outcome = (compared["truth"] + ":" + compared["label"]).map(OUTCOMES)
    table = pd.crosstab([compared[key] for key in KEYS], outcome)
    table = table.reindex(columns=list(OUTCOMES.values()), fill_value=0)
    return table.rename_axis(columns=None).reset_index()


def _pooled(counts: pd.DataFrame) -> pd.DataFrame:
    table = counts
    for key in ("organ", "reader_id"):
        table = pd.concat([table, table.assign(**{key: POOLED})])
    table = table.groupby(KEYS, as_index=False).sum()
    order = table[KEYS].assign(**{f"{key}_pooled": table[key] == POOLED for key in KEYS})
    order = order.sort_values([part for key in KEYS for part in (f"{key}_pooled", key)])
    return table.loc[order.index].reset_index(drop=True)
