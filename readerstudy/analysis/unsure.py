"""What the answer 'unsure' does to the figures: how often it is given, and each way of counting it.

Positive = real tumour.

- `exclude` leaves unsure out of every denominator, as published tables do; that conditions on the answer.
- `wrong` counts it as an error in both classes: description only, since a guesser who is unsure to 20 % of
  the cases then scores .40.
- `middle` places it between synthetic and real. A three-point scale has two cuts, so no single sensitivity;
  its area stands under `balanced_accuracy`, the value that the headline test uses.
"""

import pandas as pd

from readerstudy.analysis.chance import fisher_p
from readerstudy.analysis.counts import KEYS, lacks_a_class, of_readers
from readerstudy.analysis.metrics import PROPORTIONS, with_proportions
from readerstudy.analysis.proportions import wilson

UNSURE_POLICIES = ("exclude", "wrong", "middle")
POLICY_COLUMNS = (
    *KEYS,
    "unsure_policy",
    *(f"{name}{bound}" for name in PROPORTIONS for bound in ("", "_low", "_high")),
    "balanced_accuracy",
    "reason",
)
RATE_COLUMNS = (
    *KEYS,
    "n_unsure",
    *(f"{name}{bound}" for name in ("rate", "rate_real", "rate_synthetic") for bound in ("", "_low", "_high")),
    "fisher_p",
    "reason",
)
NO_CUT = "A three-point scale has no single sensitivity; balanced_accuracy is its area."
LACKS_A_READ_CLASS = "The reader read no real or no synthetic case."


def unsure_policies(table: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Return `POLICY_COLUMNS`: three rows, one a policy, for each row of `counts` (see the module).

    Parameters
    ----------
    table : DataFrame
        From `counts`.
    alpha : float
        Wilson intervals cover 1 − `alpha`; those of pooled rows treat readings as independent.
    """
    exclude = with_proportions(table, alpha=alpha).assign(unsure_policy="exclude", reason=lacks_a_class(table))
    as_wrong = table.assign(fn=table["fn"] + table["unsure_real"], fp=table["fp"] + table["unsure_synthetic"])
    wrong = with_proportions(as_wrong, alpha=alpha).assign(unsure_policy="wrong", reason=lacks_a_class(as_wrong))
    area = three_point_area(table)
    reason = pd.Series(NO_CUT, index=table.index, dtype="str").mask(area.isna(), LACKS_A_READ_CLASS)
    middle = table[KEYS].assign(unsure_policy="middle", balanced_accuracy=area, reason=reason)
    order = {policy: place for place, policy in enumerate(UNSURE_POLICIES)}
    rows = pd.concat([exclude, wrong, middle]).reindex(columns=list(POLICY_COLUMNS))
    rows = rows.assign(row=rows.index, place=rows["unsure_policy"].map(order)).sort_values(["row", "place"])
    return rows[list(POLICY_COLUMNS)].reset_index(drop=True)


def three_point_area(table: pd.DataFrame) -> "pd.Series[float]":
    """Return the area of the scale synthetic < unsure < real of each row of `counts`; NaN without both classes.

    P(real case scores higher) + ½·P(tie), over all pairs of a real and a synthetic case.
    """
    above = table["tp"] * (table["tn"] + table["unsure_synthetic"]) + table["unsure_real"] * table["tn"]
    ties = table["tp"] * table["fp"] + table["unsure_real"] * table["unsure_synthetic"] + table["fn"] * table["tn"]
    pairs = (table["n_real"] * table["n_synthetic"]).astype("float64")
    return (above + ties / 2) / pairs.where(pairs > 0)


def unsure_rates(table: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Return `RATE_COLUMNS` for each single reader's row of `counts`.

    The share of unsure answers in all, among real and among synthetic cases, with Wilson intervals, and the
    two-sided p of Fisher's exact test that both classes get it equally often: an unsure answer that is given to
    one class only tells that class. NaN with a `reason` where a class was not read.
    """
    rows = of_readers(table)
    real, synthetic = rows["unsure_real"], rows["unsure_synthetic"]
    out = rows[KEYS].assign(n_unsure=real + synthetic)
    shares = {
        "rate": (real + synthetic, rows["n_real"] + rows["n_synthetic"]),
        "rate_real": (real, rows["n_real"]),
        "rate_synthetic": (synthetic, rows["n_synthetic"]),
    }
    for name, (count, total) in shares.items():
        out[name], out[f"{name}_low"], out[f"{name}_high"] = wilson(count, total, alpha=alpha)
    unsure_and_not = zip(real, rows["n_real"] - real, synthetic, rows["n_synthetic"] - synthetic, strict=True)
    out["fisher_p"] = [fisher_p(*(int(count) for count in four)) for four in unsure_and_not]
    lacking = (rows["n_real"] == 0) | (rows["n_synthetic"] == 0)
    out["reason"] = pd.Series("", index=out.index, dtype="str").mask(lacking, LACKS_A_READ_CLASS)
    return out[list(RATE_COLUMNS)]
