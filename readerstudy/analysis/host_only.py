"""The host-only control: cases of both arms with the tumour hidden. Who tells them apart has found a tell.

They are counted here alone, and enter no other figure. Positive = real; unsure answers are left out.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

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
ESTIMATES = ("balanced_accuracy", "ci_low", "ci_high", "p_value")
PERMUTATIONS = 9_999
SEED = 20_261_125
GRID = 101
"""Points at which a tail is looked at, of all pairs of sensitivity and specificity with one mean."""
SLACK = 1e-9

FloatArray = npt.NDArray[np.float64]


def host_only(readings: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Return `HOST_ONLY_COLUMNS` for each reader who read host-only cases, and a last row `all`; empty without any.

    Balanced accuracy is (tp/(tp + fn) + tn/(tn + fp))/2. Of a reader, interval and p are exact (`exact_test`); the
    p values of readers are corrected by Holm's method. The row `all` adds counts up; its balanced accuracy, interval
    and p are those of `exchange_test`, which hold however much readers agree. NaN with a `reason` where an arm has
    no answer. First readings only.
    """
    read = readings[(readings["host_only"] == 1) & (readings["repeat_index"] == 0)]
    rows = [_row(str(reader), own, alpha) for reader, own in read.groupby("reader_id", sort=True)]
    if rows:
        pooled = zip(ESTIMATES, exchange_test(read, alpha=alpha), strict=True)
        rows.append(_row(POOLED, read, alpha) | dict(pooled))
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
    """Return the exact interval of one reader's balanced accuracy, and the two-sided p against ½.

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
    return _Shares(cell.hit_rate, 1 - cell.false_alarm_rate, cell.n_real, cell.n_synthetic).test(alpha)


@dataclass(frozen=True)
class _Shares:
    """Shares of the real and of the synthetic cases that were taken rightly, and how many cases there are of each."""

    right_real: float
    right_synthetic: float
    n_real: int
    n_synthetic: int

    @property
    def mean(self) -> float:
        return (self.right_real + self.right_synthetic) / 2

    def test(self, alpha: float) -> tuple[float, float, float]:
        low = 0.0 if self.mean == 0 else float(brentq(lambda mean: self._upper(mean) - alpha / 2, 0, 1, xtol=1e-6))
        high = 1.0 if self.mean == 1 else float(brentq(lambda mean: self._lower(mean) - alpha / 2, 0, 1, xtol=1e-6))
        return low, high, min(1.0, 2 * min(self._upper(0.5), self._lower(0.5)))

    def _upper(self, mean: float) -> float:
        return self._tail(2 * self.mean, mean)

    def _lower(self, mean: float) -> float:  # as few right answers are as many wrong ones
        return self._tail(2 - 2 * self.mean, 1 - mean)

    def _tail(self, wanted: float, mean: float) -> float:
        """Return the greatest probability of shares that add up to what is wanted or more, if their mean is true."""
        share_real = np.linspace(max(0.0, 2 * mean - 1), min(1.0, 2 * mean), GRID)
        of_real = np.arange(self.n_real + 1)
        least = np.ceil((wanted - of_real / self.n_real) * self.n_synthetic - SLACK)  # of the others, that suffice
        several = binom.pmf(of_real[:, np.newaxis], self.n_real, share_real)
        enough = binom.sf(least[:, np.newaxis] - 1, self.n_synthetic, 2 * mean - share_real)
        return float(np.sum(several * enough, axis=0).max())


def exchange_test(read: pd.DataFrame, *, alpha: float) -> tuple[float, float, float, float]:
    """Return the balanced accuracy of all readers together, its interval, and the two-sided p against ½.

    A case counts once, by the share of its answers that are right, however many readers it had, since readers may agree
    with each other as much as they like. The p is that of the balanced accuracy under exchanges of the truth between
    the cases of an organ. The interval is that of one reader who took as large shares of as many cases rightly, which
    no readers' mean can vary more than; but whether it holds ½ is what the exchanges say.

    Parameters
    ----------
    read : DataFrame
        First readings of host-only cases, of a readings frame.
    alpha : float
        The interval covers 1 − `alpha`.

    Returns
    -------
    balanced_accuracy, low, high, p_value : float
        NaN where an arm has no answer.
    """
    answered = read[read["label"].isin(("real", "synthetic"))]
    cases = answered.assign(called_real=answered["label"] == "real").groupby("case_id", sort=True)
    share = cases["called_real"].mean().to_numpy(dtype=np.float64)
    is_real = (cases["truth"].first() == "real").to_numpy()
    if is_real.all() or not is_real.any():
        return (math.nan,) * 4
    n_real, n_synthetic = int(is_real.sum()), int((~is_real).sum())
    shares = _Shares(float(share[is_real].mean()), 1 - float(share[~is_real].mean()), n_real, n_synthetic)
    exchanged = _exchanged(is_real, cases["organ"].first().to_numpy())
    differences = np.where(exchanged, 1 / n_real, -1 / n_synthetic) @ share
    as_far = np.abs(differences) >= abs(2 * shares.mean - 1) - SLACK
    p_value = float((1 + as_far.sum()) / (1 + PERMUTATIONS))
    low, high, _ = shares.test(alpha)
    if p_value >= alpha:
        return shares.mean, min(low, 0.5), max(high, 0.5), p_value
    return (
        (shares.mean, max(low, 0.5), high, p_value)
        if shares.mean > 0.5
        else (shares.mean, low, min(high, 0.5), p_value)
    )


def _exchanged(is_real: npt.NDArray[np.bool_], organ: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    rng = np.random.default_rng(SEED)
    drawn = np.tile(is_real, (PERMUTATIONS, 1))
    for name in sorted(set(organ)):
        columns = np.flatnonzero(organ == name)
        drawn[:, columns] = rng.permuted(drawn[:, columns], axis=1)
    return drawn
