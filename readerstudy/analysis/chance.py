"""One reader against chance, by exact tests of the labels; unsure answers are left out.

Positive = real tumour. Accuracy has the chance value .5 only where as many real as synthetic cases were
answered; elsewhere a reader who gives one answer only scores something else, and Fisher's test stands.
"""

import math

import numpy as np
import pandas as pd
from scipy.stats import binomtest, fisher_exact

from readerstudy.analysis.counts import KEYS, cells, lacks_a_class, of_readers

CHANCE_COLUMNS = (
    *KEYS,
    "n_answered",
    "n_right",
    "classes_equal",
    "binomial_p",
    "fisher_p",
    "test",
    "p_value",
    "reason",
)
BINOMIAL, FISHER = "exact binomial", "Fisher's exact"


def against_chance(table: pd.DataFrame) -> pd.DataFrame:
    """Return `CHANCE_COLUMNS` for each single reader's row of `counts`.

    `binomial_p`: two-sided exact binomial test of right answers against ½. `fisher_p`: two-sided Fisher test that
    real and synthetic cases are called real equally often. `p_value` is the one to use and `test` its name:
    binomial where the classes are equal, else Fisher's. NaN with a `reason` where a class has no answer; the
    binomial test is still described then, but never the one to use.

    Parameters
    ----------
    table : DataFrame
        From `counts`.

    Notes
    -----
    `scipy.stats.binomtest` and `fisher_exact`: two-sided p adds up the tables that are no likelier.
    """
    rows = of_readers(table)
    of_cells = list(cells(rows))
    out = rows[KEYS].assign(
        n_answered=[cell.answered for cell in of_cells],
        n_right=[cell.right for cell in of_cells],
        classes_equal=[cell.n_real == cell.n_synthetic for cell in of_cells],
        binomial_p=[binomial_p(cell.right, cell.answered) for cell in of_cells],
        fisher_p=[fisher_p(cell.tp, cell.fn, cell.fp, cell.tn) for cell in of_cells],
        reason=lacks_a_class(rows),
    )
    test = pd.Series(FISHER, index=out.index, dtype="str").mask(out["classes_equal"], BINOMIAL)
    out["test"] = test.mask(out["reason"] != "", "")
    out["p_value"] = out["fisher_p"].mask(out["classes_equal"], out["binomial_p"])
    return out[list(CHANCE_COLUMNS)]


def binomial_p(right: int, answered: int) -> float:
    """Return the two-sided p of the exact binomial test against ½; NaN without an answer."""
    return float(binomtest(right, answered, 0.5).pvalue) if answered else math.nan


def fisher_p(a: int, b: int, c: int, d: int) -> float:
    """Return the two-sided p of Fisher's exact test of the table [[a, b], [c, d]]; NaN where a row is empty."""
    return float(fisher_exact(np.array([[a, b], [c, d]])).pvalue) if a + b and c + d else math.nan
