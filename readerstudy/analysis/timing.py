"""How long readings took. Times are skewed, so they are described by quartiles and compared on the log scale."""

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from readerstudy.analysis.frame import POOLED, counted
from readerstudy.analysis.ratios import TOO_WIDE, tells_nothing
from readerstudy.analysis.reader_means import ReaderMean, mean_over_readers

TIME_COLUMNS = ("reader_id", "part", "n", "median_s", "q1_s", "q3_s", "geometric_mean_s", "reason")
RATIO_COLUMNS = ("contrast", "n_readers", "ratio", "ci_low", "ci_high", "p_value", "reason")
PARTS = ("all", "real", "synthetic", "right", "wrong", "unsure", "not-seen")
CONTRASTS = (("synthetic", "real"), ("wrong", "right"), ("unsure", "right"))
NO_TIMES = "No time was recorded."
ALL_ZERO = "All times are 0, so their geometric mean is not defined."


def reading_times(readings: pd.DataFrame) -> pd.DataFrame:
    """Return `TIME_COLUMNS`: the times of each reader, and of `all`, in parts by truth and by answer.

    Median and quartiles (linear interpolation) in seconds, and the geometric mean exp(mean log time), of times
    above 0. Parts without a time have no row, but for `all`.
    """
    timed = _timed(readings)
    rows = []
    for reader, times in [*timed.groupby("reader_id"), (POOLED, timed)]:
        for part, inside in _parts(times):
            if len(inside) or part == "all":
                rows.append({"reader_id": reader, "part": part, **_described(inside["time_s"].to_numpy(np.float64))})
    table = pd.DataFrame(rows, columns=list(TIME_COLUMNS))
    return table.astype(dict.fromkeys(("median_s", "q1_s", "q3_s", "geometric_mean_s"), "float64"))


def time_ratios(readings: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Return `RATIO_COLUMNS`: how much longer one part of the readings took than another, as the readers' mean.

    Each reader's difference of mean log times, a − b; over readers its mean, t interval and t test (r − 1 degrees of
    freedom), back on the scale of ratios, none beyond `ratios.FARTHEST`. Readers lacking a part are left out.
    """
    timed = _timed(readings)
    timed = timed[timed["time_s"] > 0]
    rows = []
    for a, b in CONTRASTS:
        parts = dict(_parts(timed))
        means = [np.log(parts[part]["time_s"]).groupby(parts[part]["reader_id"]).mean() for part in (a, b)]
        found = mean_over_readers(means[0] - means[1], alpha=alpha)
        rows.append({"contrast": f"{a} / {b}", **_ratio(found)})
    table = pd.DataFrame(rows, columns=list(RATIO_COLUMNS))
    return table.astype(dict.fromkeys(("ratio", "ci_low", "ci_high", "p_value"), "float64"))


def _timed(readings: pd.DataFrame) -> pd.DataFrame:
    first = counted(readings)
    return first[first["time_s"].notna()]


def _parts(times: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    answered = times["label"].isin(("real", "synthetic"))
    right = times["label"] == times["truth"]
    masks = {
        "all": answered | ~answered,
        "real": times["truth"] == "real",
        "synthetic": times["truth"] == "synthetic",
        "right": right,
        "wrong": answered & ~right,
        "unsure": times["label"] == "unsure",
        "not-seen": times["label"] == "not-seen",
    }
    for part in PARTS:
        yield part, times[masks[part]]


def _described(times: npt.NDArray[np.float64]) -> dict[str, object]:
    if not times.size:
        return {"n": 0, "reason": NO_TIMES}
    q1, median, q3 = np.quantile(times, [0.25, 0.5, 0.75])
    above = times[times > 0]
    mean = float(np.exp(np.log(above).mean())) if above.size else None
    return {
        "n": times.size,
        "median_s": float(median),
        "q1_s": float(q1),
        "q3_s": float(q3),
        "geometric_mean_s": mean,
        "reason": "" if above.size else ALL_ZERO,
    }


def _ratio(found: ReaderMean) -> dict[str, object]:
    logs = (found.mean, found.ci_low, found.ci_high)
    if tells_nothing(*logs):
        return {"n_readers": found.n_readers, "reason": TOO_WIDE}
    ratio, low, high = (None if log is None else math.exp(log) for log in logs)
    return {
        "n_readers": found.n_readers,
        "ratio": ratio,
        "ci_low": low,
        "ci_high": high,
        "p_value": found.p_value,
        "reason": found.reason,
    }
