"""One number for sensitivity and specificity together: balanced accuracy, Youden's J, Matthews' coefficient.

Positive = real tumour. All leave unsure answers out, as sensitivity and specificity do.
"""

import numpy as np
import pandas as pd

from readerstudy.analysis.counts import KEYS, lacks_a_class, of_readers
from readerstudy.analysis.proportions import newcombe_difference

DISCRIMINATION_COLUMNS = (
    *KEYS,
    *(f"{name}{bound}" for name in ("balanced_accuracy", "youden_j") for bound in ("", "_low", "_high")),
    "mcc",
    "mcc_reason",
    "reason",
)
ONE_ANSWER = "Only one of the answers real and synthetic was given, so the coefficient is 0/0."


def discrimination(table: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Return `DISCRIMINATION_COLUMNS` for each single reader's row of `counts`.

    J = H − F = sensitivity + specificity − 1, with Newcombe's interval of the difference of the independent
    proportions H and F; balanced accuracy = (1 + J)/2, its interval from J's. Matthews' coefficient =
    (tp·tn − fp·fn) / √((tp+fp)(tp+fn)(tn+fp)(tn+fn)).

    Parameters
    ----------
    table : DataFrame
        From `counts`.
    alpha : float
        Intervals cover 1 − `alpha`.

    Returns
    -------
    DataFrame
        NaN where not estimable: `reason` says why for J and balanced accuracy (a class without an answer),
        `mcc_reason` for the coefficient, which also needs both answers to be given.

    Notes
    -----
    W. J. Youden, Cancer 3 (1950) 32; R. G. Newcombe, Stat. Med. 17 (1998) 873, method 10; B. W. Matthews,
    Biochim. Biophys. Acta 405 (1975) 442.
    """
    rows = of_readers(table)
    tp, fn, tn, fp = (rows[name].astype("float64") for name in ("tp", "fn", "tn", "fp"))
    j, low, high = newcombe_difference(tp, tp + fn, fp, fp + tn, alpha=alpha)
    product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    reason = lacks_a_class(rows)
    out = rows[KEYS].assign(
        youden_j=j,
        youden_j_low=low,
        youden_j_high=high,
        balanced_accuracy=(1 + j) / 2,
        balanced_accuracy_low=(1 + low) / 2,
        balanced_accuracy_high=(1 + high) / 2,
        mcc=(tp * tn - fp * fn) / np.sqrt(product.where(product > 0)),
        mcc_reason=reason.mask((reason == "") & (product == 0), ONE_ANSWER),
        reason=reason,
    )
    return out[list(DISCRIMINATION_COLUMNS)]
