"""An interval for an AUC that does not collapse where the AUC is 0 or 1."""

import numpy as np
from scipy.optimize import brentq

BESIDE = 1e-9


def auc_interval(auc: float, *, n_real: int, n_synthetic: int, z: float) -> tuple[float, float]:
    """Return the AUCs that lie `z` of their own standard errors below and above an empirical AUC.

    Parameters
    ----------
    auc : float
        Empirical AUC, 0..1.
    n_real, n_synthetic : int
        Patients in the arms.
    z : float
        1.96 for a 95 % interval.

    Returns
    -------
    low, high : float
        The solutions θ of |auc − θ| = z·√V(θ), with
        V(θ) = θ(1 − θ)[1 + N(1 − θ)/(2 − θ) + Nθ/(1 + θ)] / (n_real·n_synthetic), N = (n_real + n_synthetic)/2 − 1.

    Notes
    -----
    Method 5 of R. G. Newcombe, Stat. Med. 25 (2006) 559, after J. A. Hanley and B. J. McNeil, Radiology 143
    (1982) 29.
    """
    mean_others = (n_real + n_synthetic) / 2 - 1

    def excess(theta: float) -> float:
        shape = 1 + mean_others * (1 - theta) / (2 - theta) + mean_others * theta / (1 + theta)
        return abs(auc - theta) - z * float(np.sqrt(theta * (1 - theta) * shape / (n_real * n_synthetic)))

    # The equation also holds at θ = auc = 0 and at θ = auc = 1, which are not the limits meant.
    low = float(brentq(excess, 0, auc - BESIDE)) if auc > BESIDE else 0.0
    high = float(brentq(excess, auc + BESIDE, 1)) if auc < 1 - BESIDE else 1.0
    return low, high
