"""Whether readers change over the order in which they read: right answers, and time.

A generalised estimating equation (GEE) with each reader a cluster and working independence. With few clusters the
sandwich errors are too small, so the bias-reduced ones stand: each cluster's score s_i is corrected to
(I − M_i·B)⁻¹ s_i, M_i its information and B the inverse of their sum. It equals statsmodels'
`GEE(...).fit(cov_type="bias_reduced")`, without its matrices of readings by readings.

Sources: K.-Y. Liang, S. L. Zeger, Biometrika 73 (1986) 13; L. A. Mancl, T. A. DeRouen, Biometrics 57 (2001) 126.
"""

import math
import warnings
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from readerstudy.analysis.chance import fisher_p
from readerstudy.analysis.frame import POOLED, counted
from readerstudy.analysis.proportions import newcombe_difference
from readerstudy.analysis.ratios import TOO_WIDE, tells_nothing
from readerstudy.analysis.reader_means import mean_over_readers

FloatArray = npt.NDArray[np.float64]

SINGULAR, NO_VARIANCE = 1e10, 1e-20
STEP = 10
"""Effects are given for so many readings further on."""
DRIFT_COLUMNS = ("measure", "n_readers", "n_readings", "effect", "ci_low", "ci_high", "p_value", "reason")
HALVES_COLUMNS = (
    "reader_id",
    "n_first",
    "right_first",
    "n_second",
    "right_second",
    "difference",
    "ci_low",
    "ci_high",
    "p_value",
    "reason",
)
NO_ORDER = "The order of the readings was not recorded."
NO_TIMES = "No time was recorded."
FEW_READERS = "The drift needs at least two readers."
NO_CHANGE = "What is read does not vary enough for the model: answers all alike, or told apart by the order wholly."
NO_HALF = "A half holds no case answered real or synthetic."


@dataclass(frozen=True)
class Slope:
    """The coefficient of the last column and its bias-reduced standard error."""

    value: float
    se: float


def drift(readings: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Return `DRIFT_COLUMNS`: two rows, the change over ten readings further on.

    `right`: odds ratio of a right answer, logistic GEE on truth and order, unsure left out. `log_time`: ratio of times,
    linear GEE of log time on truth and order, times of 0 left out. Intervals and p by t with r − 1 degrees of freedom.
    No numbers, and `reason` says why, where there is no estimate or its interval goes beyond `ratios.FARTHEST`.

    Parameters
    ----------
    readings : DataFrame
        A readings frame; readings without an `order` are left out.
    alpha : float
        Intervals cover 1 − `alpha`.
    """
    from statsmodels.genmod import families

    first = counted(readings)
    answered = first[first["label"].isin(("real", "synthetic"))]
    right = (answered["label"] == answered["truth"]).astype("float64")
    timed = first[first["time_s"] > 0]
    rows = [
        _row("right", answered, right, families.Binomial(), alpha, nothing=FEW_READERS),
        _row("log_time", timed, np.log(timed["time_s"]), families.Gaussian(), alpha, nothing=NO_TIMES),
    ]
    table = pd.DataFrame(rows, columns=list(DRIFT_COLUMNS))
    return table.astype(dict.fromkeys(("effect", "ci_low", "ci_high", "p_value"), "float64"))


def clustered_slope(
    outcome: FloatArray, design: FloatArray, cluster: npt.NDArray[np.int64], family: object
) -> Slope | None:
    """Return the last coefficient of a GEE with working independence and its bias-reduced error.

    Parameters
    ----------
    outcome : (n,)
        0/1 for the binomial family.
    design : (n, p)
        With a constant.
    cluster : (n,)
        0 … r − 1.
    family : statsmodels family
        With its canonical link.

    Returns
    -------
    Slope or None
        None where the model has no estimate: separated outcomes, collinear columns.
    """
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    if np.linalg.matrix_rank(design) < design.shape[1] or np.ptp(outcome) == 0:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("error", PerfectSeparationWarning)
        warnings.simplefilter("error", RuntimeWarning)
        try:
            fitted = GLM(outcome, design, family=family).fit()
        except (PerfectSeparationWarning, RuntimeWarning, np.linalg.LinAlgError):
            return None
    mean = np.asarray(fitted.fittedvalues)
    weight = fitted.family.variance(mean)
    r, p = int(cluster.max()) + 1, design.shape[1]
    information = np.zeros((r, p, p))
    score = np.zeros((r, p))
    np.add.at(
        information, cluster, design[:, :, np.newaxis] * design[:, np.newaxis, :] * weight[:, np.newaxis, np.newaxis]
    )
    np.add.at(score, cluster, design * (outcome - mean)[:, np.newaxis])
    bread = np.linalg.inv(information.sum(axis=0))
    remainder = np.eye(p) - information @ bread
    if np.linalg.cond(remainder).max() > SINGULAR:  # one reader alone carries a coefficient
        return None
    corrected = np.linalg.solve(remainder, score[:, :, np.newaxis])[:, :, 0]
    covariance = bread @ corrected.T @ corrected @ bread
    value, variance = float(fitted.params[-1]), float(covariance[-1, -1])
    return Slope(value, float(np.sqrt(variance))) if variance > NO_VARIANCE else None


def _row(
    measure: str, rows: pd.DataFrame, outcome: pd.Series, family: object, alpha: float, *, nothing: str
) -> dict[str, object]:
    ordered = rows["order"].notna()
    rows, outcome = rows[ordered], outcome[ordered]
    readers, names = pd.factorize(rows["reader_id"])
    found = {"measure": measure, "n_readers": len(names), "n_readings": len(rows)}
    if not len(rows):
        return {**found, "reason": nothing if len(ordered) == 0 else NO_ORDER}
    if len(names) < 2:
        return {**found, "reason": FEW_READERS}
    place = rows["order"].to_numpy(np.float64) / STEP
    truth = (rows["truth"] == "real").to_numpy(np.float64)
    columns = [np.ones(len(rows)), truth, place] if np.ptp(truth) else [np.ones(len(rows)), place]
    slope = clustered_slope(
        outcome.to_numpy(np.float64), np.column_stack(columns), np.asarray(readers, dtype=np.int64), family
    )
    if slope is None:
        return {**found, "reason": NO_CHANGE}
    df = len(names) - 1
    half_width = float(stats.t.ppf(1 - alpha / 2, df)) * slope.se
    low, high = slope.value - half_width, slope.value + half_width
    if tells_nothing(low, high):
        return {**found, "reason": TOO_WIDE}
    return {
        **found,
        "effect": math.exp(slope.value),
        "ci_low": math.exp(low),
        "ci_high": math.exp(high),
        "p_value": float(2 * stats.t.sf(abs(slope.value / slope.se), df)),
        "reason": "",
    }


def halves(readings: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Return `HALVES_COLUMNS`: the share of right answers in the first and the second half of each reader's order.

    The halves are of the reader's counted readings by `order`, the middle one in the first; unsure left out.
    `difference` is second − first, with Newcombe's interval and Fisher's exact p for a reader; for `all` the mean of
    the readers' differences, with a t interval and t test over readers. Empty where no order was recorded.
    """
    first = counted(readings)
    first = first[first["order"].notna()]
    place = first.groupby("reader_id")["order"].rank(method="first")
    early = place <= np.ceil(first.groupby("reader_id")["order"].transform("size") / 2)
    answered = first["label"].isin(("real", "synthetic"))
    right = answered & (first["label"] == first["truth"])
    marked = first[["reader_id"]].assign(
        n_first=answered & early, right_first=right & early, n_second=answered & ~early, right_second=right & ~early
    )
    table = marked.groupby("reader_id").sum().astype("int64").reset_index()
    if table.empty:
        return pd.DataFrame(columns=list(HALVES_COLUMNS))
    difference, low, high = newcombe_difference(
        table["right_second"], table["n_second"], table["right_first"], table["n_first"], alpha=alpha
    )
    cells = table[["right_second", "n_second", "right_first", "n_first"]].itertuples(index=False, name=None)
    table = table.assign(
        difference=difference,
        ci_low=low,
        ci_high=high,
        p_value=[fisher_p(int(a), int(n - a), int(b), int(m - b)) for a, n, b, m in cells],
        reason=np.where(np.isnan(difference), NO_HALF, ""),
    )
    return pd.concat([table, _all_readers(table, alpha)], ignore_index=True)[list(HALVES_COLUMNS)]


def _all_readers(table: pd.DataFrame, alpha: float) -> pd.DataFrame:
    found = mean_over_readers(table["difference"], alpha=alpha)
    row = pd.DataFrame([{"reader_id": POOLED, **asdict(found)}]).rename(columns={"mean": "difference"})
    for name in ("n_first", "right_first", "n_second", "right_second"):
        row[name] = table[name].sum()
    numbers = dict.fromkeys(("difference", "ci_low", "ci_high", "p_value"), "float64")
    return row.astype(numbers)
