"""The host-only control: cases of both arms with the tumour hidden. Who tells them apart has found a tell.

They are counted here alone, and enter no other figure. Positive = real; unsure answers are left out.
"""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import binom

from readerstudy.analysis.counts import NO_REAL, NO_SYNTHETIC, Cell
from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.multiplicity import holm

HOST_ONLY_COLUMNS = (
    "reader_id",
    "n_readings",
    "n_unsure",
    "tp",
    "fn",
    "tn",
    "fp",
    "balanced_accuracy",
    "ci_low",
    "ci_high",
    "p_value",
    "p_holm",
    "reason",
)
PERMUTATIONS = 9_999
SEED = 20_261_125
GRID = 101
"""Points at which a tail is looked at, of all pairs of sensitivity and specificity with one mean."""
SLACK = 1e-9

FloatArray = npt.NDArray[np.float64]


def host_only(readings: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Return `HOST_ONLY_COLUMNS` for each reader who read host-only cases, and a last row `all`; empty without any.

    Balanced accuracy is (tp/(tp + fn) + tn/(tn + fp))/2. Of a reader, interval and p are exact (`exact_test`); the
    p values of readers are corrected by Holm's method. The row `all` adds the readings up: its interval takes them as
    independent, its p does not, but exchanges the truth between the cases of an organ (`exchange_p`), which holds
    however much readers agree. NaN with a `reason` where an arm has no answer. First readings only.
    """
    read = readings[(readings["host_only"] == 1) & (readings["repeat_index"] == 0)]
    rows = [_row(str(reader), own, alpha) for reader, own in read.groupby("reader_id", sort=True)]
    if rows:
        rows.append(_row(POOLED, read, alpha) | {"p_value": exchange_p(read)})
    table = pd.DataFrame(rows, columns=[name for name in HOST_ONLY_COLUMNS if name != "p_holm"])
    of_reader = table["reader_id"] != POOLED
    table["p_holm"] = np.nan
    table.loc[of_reader, "p_holm"] = holm(table.loc[of_reader, "p_value"].to_numpy(dtype=np.float64))
    return table[list(HOST_ONLY_COLUMNS)]


def _row(reader: str, read: pd.DataFrame, alpha: float) -> dict[str, object]:
    outcome = (read["truth"] + ":" + read["label"]).value_counts()
    cell = Cell(*(int(outcome.get(name, 0)) for name in ("real:real", "real:synthetic")), *_negative(outcome))
    reason = "" if cell.n_real and cell.n_synthetic else NO_SYNTHETIC if cell.n_real else NO_REAL
    low, high, p = (math.nan,) * 3 if reason else exact_test(cell, alpha=alpha)
    return {
        "reader_id": reader,
        "n_readings": len(read),
        "n_unsure": int((read["label"] == "unsure").sum()),
        **cell._asdict(),
        "balanced_accuracy": (cell.hit_rate + 1 - cell.false_alarm_rate) / 2,
        "ci_low": low,
        "ci_high": high,
        "p_value": p,
        "reason": reason,
    }


def _negative(outcome: "pd.Series[int]") -> Iterator[int]:
    for name in ("synthetic:synthetic", "synthetic:real"):
        yield int(outcome.get(name, 0))


def exact_test(cell: Cell, *, alpha: float) -> tuple[float, float, float]:
    """Return the exact interval of balanced accuracy, and the two-sided p against ½.

    Each tail is the greatest probability, over all sensitivities and specificities with the mean that is tested, of a
    balanced accuracy as far out as the observed one; the interval holds the means of which neither tail is below
    `alpha`/2, and p is twice the smaller tail at ½. So the interval leaves ½ out just where p < `alpha`.

    Parameters
    ----------
    cell : Cell
        Answers of independent cases of both arms.
    alpha : float
        The interval covers at least 1 − `alpha`.

    Notes
    -----
    Unconditional tails as T. J. Santner, M. K. Snell, J. Am. Stat. Assoc. 75 (1980) 386, of the difference of two
    proportions: balanced accuracy is ½ + (H − F)/2. The greatest is taken of `GRID` points.
    """

    def upper(mean: float) -> float:
        return _tail(cell.tp, cell.tn, cell.n_real, cell.n_synthetic, mean)

    def lower(mean: float) -> float:  # as few right answers are as many wrong ones
        return _tail(cell.fn, cell.fp, cell.n_real, cell.n_synthetic, 1 - mean)

    low = 0.0 if cell.right == 0 else float(brentq(lambda mean: upper(mean) - alpha / 2, 0, 1, xtol=1e-6))
    high = 1.0 if cell.right == cell.answered else float(brentq(lambda mean: lower(mean) - alpha / 2, 0, 1, xtol=1e-6))
    return low, high, min(1.0, 2 * min(upper(0.5), lower(0.5)))


def _tail(hits_real: int, hits_synthetic: int, n_real: int, n_synthetic: int, mean: float) -> float:
    """Return the greatest probability of a mean share of hits as large as the one given, if that mean is true."""
    wanted = hits_real / n_real + hits_synthetic / n_synthetic
    share_real = np.linspace(max(0.0, 2 * mean - 1), min(1.0, 2 * mean), GRID)
    of_real = np.arange(n_real + 1)
    least = np.ceil((wanted - of_real / n_real) * n_synthetic - SLACK)  # hits among synthetic cases that suffice
    several = binom.pmf(of_real[:, np.newaxis], n_real, share_real)
    enough = binom.sf(least[:, np.newaxis] - 1, n_synthetic, 2 * mean - share_real)
    return float(np.sum(several * enough, axis=0).max())


def exchange_p(read: pd.DataFrame) -> float:
    """Return the two-sided p that all readers' balanced accuracy is ½, by exchanging the truth between cases.

    The labels of a case stay together, so that readers may agree with each other as much as they do; truths are
    exchanged within organs. NaN where an arm has no answer.

    Parameters
    ----------
    read : DataFrame
        First readings of host-only cases, of a readings frame.
    """
    answered = read[read["label"].isin(("real", "synthetic"))]
    cases = pd.crosstab(answered["case_id"], answered["label"]).reindex(columns=["real", "synthetic"], fill_value=0)
    about = answered.drop_duplicates("case_id").set_index("case_id").loc[cases.index]
    is_real = (about["truth"] == "real").to_numpy()
    if is_real.all() or not is_real.any():
        return math.nan
    called = cases.to_numpy(dtype=np.float64)
    observed = _distance(called, is_real[np.newaxis])[0]
    exchanged = _distance(called, _exchanged(is_real, about["organ"].to_numpy()))
    return float((1 + (exchanged >= observed - SLACK).sum()) / (1 + PERMUTATIONS))


def _exchanged(is_real: npt.NDArray[np.bool_], organ: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    rng = np.random.default_rng(SEED)
    drawn = np.tile(is_real, (PERMUTATIONS, 1))
    for name in sorted(set(organ)):
        columns = np.flatnonzero(organ == name)
        drawn[:, columns] = rng.permuted(drawn[:, columns], axis=1)
    return drawn


def _distance(called: FloatArray, is_real: npt.NDArray[np.bool_]) -> FloatArray:
    """Return how far balanced accuracy lies from ½, for each row of truths; cases × (called real, synthetic)."""
    hits, misses = (is_real.astype(np.float64) @ called).T
    alarms, rejected = ((~is_real).astype(np.float64) @ called).T
    distance: FloatArray = np.abs(hits / (hits + misses) + rejected / (rejected + alarms) - 1) / 2
    return distance
