"""Rejections in the gallery, arm by arm: choosing the best-looking cases of one arm alone would decide the result."""

import math

import numpy as np
import pandas as pd
from scipy import stats

UNEQUAL_SHARE = 0.1
"""From where on the arms count as reviewed unequally."""

GALLERY_COLUMNS = ("truth", "generator", "n_cases", "n_reviewed", "n_shown", "n_rejected", "share", "p_value")


def gallery_rates(counts: pd.DataFrame) -> pd.DataFrame:
    """Return `GALLERY_COLUMNS`, the real arm first.

    Parameters
    ----------
    counts : DataFrame
        Per truth and generator: `n_cases` in the study, `n_reviewed` of them, `n_shown` in the gallery (those that were
        replaced, too) and `n_rejected` of them.

    Returns
    -------
    DataFrame
        `share` is rejected over shown; `p_value`, of a generator, is Fisher's exact test of its rejections against
        those of the real cases. NaN where nothing was shown.
    """
    table = counts.sort_values(["truth", "generator"]).reset_index(drop=True)
    table["share"] = table["n_rejected"] / table["n_shown"].where(table["n_shown"] > 0)
    real = table.loc[table["truth"] == "real", ["n_rejected", "n_shown"]].sum()
    p_values = [
        _p_value((rejected, shown), (real["n_rejected"], real["n_shown"])) if truth != "real" else math.nan
        for truth, rejected, shown in zip(table["truth"], table["n_rejected"], table["n_shown"], strict=True)
    ]
    return table.assign(p_value=p_values)[list(GALLERY_COLUMNS)]


def _p_value(first: tuple[int, int], second: tuple[int, int]) -> float:
    if not first[1] or not second[1]:
        return math.nan
    table = np.array([[rejected, shown - rejected] for rejected, shown in (first, second)])
    return float(stats.fisher_exact(table).pvalue)


def reviewed_unequally(rates: pd.DataFrame) -> bool:
    """Return whether a larger share of one arm was reviewed than of another."""
    shares = rates.loc[rates["n_cases"] > 0, "n_reviewed"] / rates["n_cases"]
    return bool(shares.max() - shares.min() > UNEQUAL_SHARE)
