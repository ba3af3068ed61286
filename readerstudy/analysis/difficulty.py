"""Which cases readers took wrongly most often."""

import pandas as pd

from readerstudy.analysis.frame import counted
from readerstudy.analysis.proportions import wilson

DIFFICULTY_COLUMNS = (
    "case_id",
    "organ",
    "generator",
    "truth",
    "n_readers",
    "n_right",
    "n_wrong",
    "n_unsure",
    "n_not_seen",
    "share_wrong",
    "share_wrong_low",
    "share_wrong_high",
    "mean_rating",
    "median_time_s",
)


def case_difficulty(readings: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Return `DIFFICULTY_COLUMNS`, a row a case, those most often taken wrongly first.

    `share_wrong` is of the answers real or synthetic, with Wilson's interval over readers; NaN where there is none.
    Ties are ordered by the number of unsure answers, then by case. First readings only; controls are left out.
    """
    first = counted(readings)
    answered = first["label"].isin(("real", "synthetic"))
    right = first["label"] == first["truth"]
    marked = first.assign(
        n_right=right,
        n_wrong=answered & ~right,
        n_unsure=first["label"] == "unsure",
        n_not_seen=first["label"] == "not-seen",
    )
    by_case = marked.groupby("case_id", sort=True)
    table = by_case[["organ", "generator", "truth"]].first()
    table["n_readers"] = by_case.size()
    counts = ["n_right", "n_wrong", "n_unsure", "n_not_seen"]
    table[counts] = by_case[counts].sum().astype("int64")
    total = table["n_right"] + table["n_wrong"]
    share, low, high = wilson(table["n_wrong"], total, alpha=alpha)
    table = table.assign(share_wrong=share, share_wrong_low=low, share_wrong_high=high)
    table["mean_rating"] = by_case["rating"].mean()
    table["median_time_s"] = by_case["time_s"].median()
    table = table.reset_index().sort_values(
        ["share_wrong", "n_wrong", "n_unsure", "case_id"], ascending=[False, False, False, True], na_position="last"
    )
    return table[list(DIFFICULTY_COLUMNS)].reset_index(drop=True)
