"""How far raters agree on labels: percent agreement, Cohen, Fleiss, Krippendorff and Gwet.

Answers of raters are a matrix of whole numbers of shape (cases, raters): the category, 0 … q − 1, and −1 where
a rater gave none. Agreement is not correctness: readers who all call everything real agree wholly. Chance-corrected
coefficients are 0/0 where only one category was given; they are not estimable then, never 0 or 1.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import stats

Categories = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

MISSING = -1
ONE_CATEGORY = "Only one category was given: chance agreement is complete, and the coefficient is 0/0."
NO_SHARED_CASE = "No case was answered by two raters."
NO_INTERVAL = "Agreement does not vary over the cases, so it has no interval."
NO_SPREAD = 1e-12


@dataclass(frozen=True)
class Coefficient:
    """An agreement coefficient; None where not estimable, and `reason` says why.

    `observed` and `expected` are the agreement seen and that of chance, `n_cases` the cases that count.
    """

    value: float | None = None
    se: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    observed: float | None = None
    expected: float | None = None
    n_cases: int = 0
    reason: str = ""

    def within(self, se: float, half_width: float) -> "Coefficient":
        """Return it with its interval, cut at −1 and 1; where nothing varies there is none."""
        if self.value is None or se < NO_SPREAD:
            return replace(self, reason=NO_INTERVAL)
        low, high = max(self.value - half_width, -1.0), min(self.value + half_width, 1.0)
        return replace(self, se=se, ci_low=low, ci_high=high)


def tally(categories: Categories, n_categories: int) -> FloatArray:
    """Return how many raters gave each case each category, (cases, q)."""
    return np.stack([(categories == category).sum(axis=1) for category in range(n_categories)], axis=1).astype(float)


def percent_agreement(counts: FloatArray) -> Coefficient:
    """Return the mean share of agreeing pairs of raters, over cases with two answers or more.

    Parameters
    ----------
    counts : (cases, q)
        From `tally`.
    """
    agreement, _ = _agreeing_pairs(counts)
    if not agreement.size:
        return Coefficient(reason=NO_SHARED_CASE)
    value = float(agreement.mean())
    return Coefficient(value=value, observed=value, n_cases=agreement.size)


def cohen(table: npt.NDArray[np.int64], *, alpha: float) -> Coefficient:
    """Return Cohen's kappa of the q x q table of two raters' answers.

    κ = (p_o − p_e)/(1 − p_e), with p_ij the shares of the table: SE² = [Σ_i p_ii((1 − p_e) − (p_.i + p_i.)(1 − p_o))² +
    (1 − p_o)² Σ_i≠j p_ij(p_.i + p_j.)² − (p_o·p_e − 2p_e + p_o)²] / (n(1 − p_e)⁴).

    Notes
    -----
    J. Cohen, Educ. Psychol. Meas. 20 (1960) 37; J. L. Fleiss, J. Cohen, B. S. Everitt, Psychol. Bull. 72 (1969)
    323 (SE). The figures of `statsmodels.stats.inter_rater.cohens_kappa`, which takes 3 ms a pair of readers.
    """
    n = int(table.sum())
    if not n:
        return Coefficient(reason=NO_SHARED_CASE)
    shares = table / n
    observed = float(np.trace(shares))
    expected = float(shares.sum(axis=0) @ shares.sum(axis=1))
    if math.isclose(expected, 1):
        return Coefficient(observed=observed, expected=expected, n_cases=n, reason=ONE_CATEGORY)
    value = (observed - expected) / (1 - expected)
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    either = np.add.outer(columns, rows)  # at (i, j): the share of i in the columns and of j in the rows
    agreeing = np.diag(shares) @ ((1 - expected) - np.diag(either) * (1 - observed)) ** 2
    crossing = (1 - observed) ** 2 * (shares * either**2 * (1 - np.eye(len(table)))).sum()
    spread = agreeing + crossing - (observed * expected - 2 * expected + observed) ** 2
    se = math.sqrt(max(float(spread), 0.0) / n) / (1 - expected) ** 2
    half_width = float(stats.norm.ppf(1 - alpha / 2)) * se
    return Coefficient(value, observed=observed, expected=expected, n_cases=n).within(se, half_width)


def fleiss(counts: FloatArray) -> Coefficient:
    """Return Fleiss' kappa over the cases that every rater answered; SE under no agreement beyond chance.

    With N cases, m raters and p_k the share of category k: P_i = (Σ_k n_ik² − m)/(m(m − 1)), κ = (mean P_i − Σp_k²) /
    (1 − Σp_k²), SE₀ = √(2/(N·m(m − 1)))·√((Σ p_k q_k)² − Σ p_k q_k(q_k − p_k)) / Σ p_k q_k.

    Parameters
    ----------
    counts : (cases, q)
        From `tally`. Raters are as many as answered the fullest case.

    Notes
    -----
    J. L. Fleiss, Psychol. Bull. 76 (1971) 378; J. L. Fleiss, J. C. M. Nee, J. R. Landis, ibid. 86 (1979) 974 (SE).
    """
    raters = float(counts.sum(axis=1).max()) if counts.size else 0.0
    complete = counts[counts.sum(axis=1) == raters]
    if raters < 2:
        return Coefficient(reason=NO_SHARED_CASE)
    n = len(complete)
    observed = float(_agreeing_pairs(complete)[0].mean())
    p = complete.sum(axis=0) / complete.sum()
    expected = float(p @ p)
    if math.isclose(expected, 1):
        return Coefficient(observed=observed, expected=expected, n_cases=n, reason=ONE_CATEGORY)
    spread = p * (1 - p)
    inner = max(spread.sum() ** 2 - (spread * (1 - 2 * p)).sum(), 0.0)
    se = math.sqrt(2 / (n * raters * (raters - 1))) * math.sqrt(inner) / float(spread.sum())
    value = (observed - expected) / (1 - expected)
    return Coefficient(value, se, observed=observed, expected=expected, n_cases=n)


def krippendorff(categories: Categories, n_categories: int, *, level: str = "nominal") -> Coefficient:
    """Return Krippendorff's alpha; any answer may be missing.

    α = 1 − D_o/D_e from the coincidences o_kl = Σ_i n_ik(n_il − [k = l])/(m_i − 1) of cases with m_i ≥ 2 answers:
    D_o = Σ o_kl δ²_kl / n, D_e = Σ n_k n_l δ²_kl / (n(n − 1)).

    Parameters
    ----------
    categories : (cases, raters)
        In the order of the scale, where it has one.
    level : str
        `nominal` (δ² = [k ≠ l]) or `ordinal` (δ_kl = Σ_{g=k}^{l} n_g − (n_k + n_l)/2).

    Notes
    -----
    K. Krippendorff, Content Analysis, 2nd ed. (2004), chapter 11; Computing Krippendorff's Alpha-Reliability (2011).
    """
    counts = tally(categories, n_categories)
    counts = counts[counts.sum(axis=1) >= 2]
    if not len(counts):
        return Coefficient(reason=NO_SHARED_CASE)
    weights = 1 / (counts.sum(axis=1) - 1)
    coincidence = (counts * weights[:, np.newaxis]).T @ counts - np.diag(weights @ counts)
    totals = coincidence.sum(axis=1)
    n = totals.sum()
    distance = _distance(totals, level)
    observed = float((coincidence * distance).sum() / n)
    expected = float(totals @ distance @ totals / (n * (n - 1)))
    if expected == 0:
        return Coefficient(observed=1.0 - observed, n_cases=len(counts), reason=ONE_CATEGORY)
    return Coefficient(1 - observed / expected, n_cases=len(counts))


def gwet_ac1(counts: FloatArray, *, alpha: float) -> Coefficient:
    """Return Gwet's AC1, which stays defined where nearly all answers are alike; answers may be missing.

    With r_i answers of case i, of which r_ik in category k: π_k = mean of r_ik/r_i, p_e = Σπ_k(1 − π_k)/(q − 1), p_o =
    mean share of agreeing pairs over the n′ cases with r_i ≥ 2, AC1 = (p_o − p_e)/(1 − p_e).

    Parameters
    ----------
    counts : (cases, q)
        From `tally`; q ≥ 2, also categories that could have been given and were not.
    alpha : float
        The interval (t with n − 1 df) covers 1 − `alpha`; its SE is that over a sample of cases.

    Notes
    -----
    K. L. Gwet, Br. J. Math. Stat. Psychol. 61 (2008) 29; variance with missing answers as in K. L. Gwet, Handbook
    of Inter-Rater Reliability, 4th ed. (2014), chapter 5.
    """
    counts = counts[counts.sum(axis=1) > 0]
    n, q = counts.shape
    agreement, several = _agreeing_pairs(counts)
    if not agreement.size:
        return Coefficient(reason=NO_SHARED_CASE)
    shares = counts / counts.sum(axis=1, keepdims=True)
    pi = shares.mean(axis=0)
    observed, expected = float(agreement.mean()), float((pi * (1 - pi)).sum() / (q - 1))
    value = (observed - expected) / (1 - expected)
    if n < 2:
        return Coefficient(value, observed=observed, expected=expected, n_cases=agreement.size)
    of_case = np.zeros(n)
    of_case[several] = (agreement - expected) / (1 - expected) * n / agreement.size
    chance_of_case = (shares * (1 - pi)).sum(axis=1) / (q - 1)
    of_case -= 2 * (1 - value) * (chance_of_case - expected) / (1 - expected)
    se = math.sqrt(float(((of_case - value) ** 2).sum()) / (n * (n - 1)))
    half_width = float(stats.t.ppf(1 - alpha / 2, n - 1)) * se
    found = Coefficient(value, observed=observed, expected=expected, n_cases=agreement.size)
    return found.within(se, half_width)


def _agreeing_pairs(counts: FloatArray) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
    """Return the share of agreeing pairs of raters of each case that has pairs, and which cases those are."""
    answers = counts.sum(axis=1)
    several = answers >= 2
    pairs = (counts * (counts - 1)).sum(axis=1)[several]
    return pairs / (answers * (answers - 1))[several], several


def _distance(totals: FloatArray, level: str) -> FloatArray:
    """Return δ², (q, q), of the categories' totals."""
    if level == "nominal":
        return 1.0 - np.eye(totals.size)
    cumulative = np.cumsum(totals) - totals / 2
    return np.asarray(np.subtract.outer(cumulative, cumulative) ** 2)
