"""Experience of readers as a subgroup: those with more years against those with fewer.

The protocol names no limit, so the groups part at the median of the readers' years: up to it, and above. Each reader
has one value, the area of the three-point scale of labels, or of labels alone. Few readers make any difference here
a hint, not a finding.
"""

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from readerstudy.analysis.counts import of_readers
from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.reader_means import NO_SPREAD, ROUNDING, mean_over_readers
from readerstudy.analysis.unsure import unsure_policies

FloatArray = npt.NDArray[np.float64]

EXPERIENCE_COLUMNS = (
    "generator",
    "group",
    "years_from",
    "years_to",
    "n_readers",
    "balanced_accuracy",
    "ci_low",
    "ci_high",
    "p_value",
    "reason",
)
FEWER, MORE, DIFFERENCE = "fewer years", "more years", "more − fewer"
NO_YEARS = "Years of experience are not known of two readers or more."
ALL_ALIKE = "All readers have the same years of experience."
TOO_FEW = "Comparing the groups needs two readers in each."


def experience_groups(
    table: pd.DataFrame, years: Mapping[str, float], *, alpha: float, unsure_policy: str = "middle"
) -> pd.DataFrame:
    """Return `EXPERIENCE_COLUMNS` for each generator (also `all`), organs together.

    A row for each group, the mean of its readers' balanced accuracies (t interval), and one for the difference (Welch's
    t interval and test). Where there are no groups a single row says why.

    Parameters
    ----------
    table : DataFrame
        From `counts`.
    years : mapping
        Reader → years of experience; readers without are left out.
    alpha : float
        Intervals cover 1 − `alpha`.
    unsure_policy : str
        Of `unsure_policies`.
    """
    rows = unsure_policies(of_readers(table), alpha=alpha)
    rows = rows[(rows["unsure_policy"] == unsure_policy) & (rows["organ"] == POOLED)]
    rows = rows.assign(years=rows["reader_id"].map(dict(years)).astype("float64"))
    known = rows[rows["years"].notna() & rows["balanced_accuracy"].notna()]
    made = [
        {"generator": generator, **row}
        for generator in rows["generator"].drop_duplicates()
        for row in _groups(known[known["generator"] == generator], alpha)
    ]
    out = pd.DataFrame(made, columns=list(EXPERIENCE_COLUMNS))
    numbers = ("years_from", "years_to", "balanced_accuracy", "ci_low", "ci_high", "p_value")
    return out.astype(dict.fromkeys(numbers, "float64")).fillna({"reason": ""})


def _groups(rows: pd.DataFrame, alpha: float) -> list[dict[str, object]]:
    if len(rows) < 2:
        return [{"group": DIFFERENCE, "n_readers": len(rows), "reason": NO_YEARS}]
    few = rows["years"] <= rows["years"].median()
    if few.all():
        return [{"group": DIFFERENCE, "n_readers": len(rows), "reason": ALL_ALIKE}]
    groups = [rows[few], rows[~few]]
    described = [{"group": name, **_described(group, alpha)} for name, group in zip((FEWER, MORE), groups, strict=True)]
    fewer, more = (group["balanced_accuracy"].to_numpy(np.float64) for group in groups)
    return [*described, {"group": DIFFERENCE, "n_readers": len(rows), **_welch(more, fewer, alpha)}]


def _described(group: pd.DataFrame, alpha: float) -> dict[str, object]:
    found = mean_over_readers(group["balanced_accuracy"], alpha=alpha)
    return {
        "years_from": group["years"].min(),
        "years_to": group["years"].max(),
        "n_readers": found.n_readers,
        "balanced_accuracy": found.mean,
        "ci_low": None if found.ci_low is None else max(found.ci_low, 0.0),
        "ci_high": None if found.ci_high is None else min(found.ci_high, 1.0),
        "reason": found.reason,
    }


def _welch(a: FloatArray, b: FloatArray, alpha: float) -> dict[str, object]:
    """Return a − b with Welch's interval and test (B. L. Welch, Biometrika 34 (1947) 28)."""
    difference = float(a.mean() - b.mean())
    if min(a.size, b.size) < 2:
        return {"balanced_accuracy": difference, "reason": TOO_FEW}
    squared = [float(group.var(ddof=1)) / group.size for group in (a, b)]
    se = math.sqrt(sum(squared))
    if se < ROUNDING:
        return {"balanced_accuracy": difference, "reason": NO_SPREAD}
    df = sum(squared) ** 2 / sum(part**2 / (group.size - 1) for part, group in zip(squared, (a, b), strict=True))
    half_width = float(stats.t.ppf(1 - alpha / 2, df)) * se
    return {
        "balanced_accuracy": difference,
        "ci_low": max(difference - half_width, -1.0),
        "ci_high": min(difference + half_width, 1.0),
        "p_value": float(2 * stats.t.sf(abs(difference / se), df)),
    }
