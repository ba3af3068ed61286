"""Signal detection: how well a reader tells the classes apart, and which answer the reader leans to.

Positive = real tumour. H = share of real cases called real, F = share of synthetic cases called real, both
with the log-linear correction, so that neither is 0 or 1; z = the normal quantile.
"""

import numpy as np
import pandas as pd
from scipy.stats import norm

from readerstudy.analysis.counts import KEYS, lacks_a_class, of_readers

DETECTION_COLUMNS = (
    *KEYS,
    "hit_rate",
    "false_alarm_rate",
    "d_prime",
    "d_prime_low",
    "d_prime_high",
    "criterion",
    "criterion_low",
    "criterion_high",
    "bias",
    "reason",
)
TO_REAL, TO_SYNTHETIC, NO_BIAS = "to real", "to synthetic", "none shown"


def signal_detection(table: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Return `DETECTION_COLUMNS` for each single reader's row of `counts`.

    H = (tp + ½)/(n₁ + 1), F = (fp + ½)/(n₀ + 1), n₁ and n₀ the answered real and synthetic cases;
    d′ = z(H) − z(F); c = −(z(H) + z(F))/2, below 0 a bias to "real".
    Var(d′) = H(1 − H)/((n₁ + 1)·φ(z(H))²) + F(1 − F)/((n₀ + 1)·φ(z(F))²), and Var(c) a quarter of it.

    Parameters
    ----------
    table : DataFrame
        From `counts`.
    alpha : float
        Intervals (normal) cover 1 − `alpha`.

    Returns
    -------
    DataFrame
        `bias` is `to real` or `to synthetic` where the interval of c leaves 0 out, else `none shown`. A reader who
        answered no case of a class is not estimable: the correction alone would make up a rate of ½.

    Notes
    -----
    M. J. Hautus, Behav. Res. Methods Instrum. Comput. 27 (1995) 46 (correction); V. Gourevitch, E. Galanter,
    Psychometrika 32 (1967) 25 (variance).
    """
    rows = of_readers(table)
    reason = lacks_a_class(rows)
    n_real, n_synthetic = rows["tp"] + rows["fn"], rows["tn"] + rows["fp"]
    hit = ((rows["tp"] + 0.5) / (n_real + 1)).where(reason == "")
    false_alarm = ((rows["fp"] + 0.5) / (n_synthetic + 1)).where(reason == "")
    z_hit, z_false_alarm = norm.ppf(hit), norm.ppf(false_alarm)
    variance = hit * (1 - hit) / ((n_real + 1) * norm.pdf(z_hit) ** 2)
    variance += false_alarm * (1 - false_alarm) / ((n_synthetic + 1) * norm.pdf(z_false_alarm) ** 2)
    half_width = norm.ppf(1 - alpha / 2) * np.sqrt(variance)
    d_prime, criterion = z_hit - z_false_alarm, -(z_hit + z_false_alarm) / 2
    out = rows[KEYS].assign(
        hit_rate=hit,
        false_alarm_rate=false_alarm,
        d_prime=d_prime,
        d_prime_low=d_prime - half_width,
        d_prime_high=d_prime + half_width,
        criterion=criterion,
        criterion_low=criterion - half_width / 2,
        criterion_high=criterion + half_width / 2,
        reason=reason,
    )
    bias = pd.Series(NO_BIAS, index=out.index, dtype="str")
    bias = bias.mask(out["criterion_high"] < 0, TO_REAL).mask(out["criterion_low"] > 0, TO_SYNTHETIC)
    return out.assign(bias=bias.mask(reason != "", ""))[list(DETECTION_COLUMNS)]
