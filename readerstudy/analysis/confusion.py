"""Several classes told apart: the confusion matrix, precision, recall, accuracy and kappa; of readers and of machines.

A confusion matrix has a row for each true class and a column for each answer, in the same order; further columns
after those hold answers that name no class (unsure). Those count neither as right nor as wrong: recall, precision,
accuracy and kappa leave them out, and how many they were stands beside. `of_all` counts them as not recognised.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import binomtest

from readerstudy.analysis.agreement import Coefficient, cohen
from readerstudy.analysis.proportions import wilson

Matrix = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

CLASS_COLUMNS = (
    "n_cases",
    "n_unsure",
    "n_called",
    "n_right",
    "recall",
    "recall_low",
    "recall_high",
    "recall_of_all",
    "precision",
    "precision_low",
    "precision_high",
)


@dataclass(frozen=True)
class Accuracy:
    """How often the class was named, all classes together; NaN where not estimable.

    Attributes
    ----------
    n_cases, n_unsure, n_right : int
    micro, micro_low, micro_high : float
        Right answers over answers that name a class, with Wilson's interval.
    macro, macro_low, macro_high : float
        The mean of the classes' recalls, with the interval of `macro_recall`.
    of_all : float
        Right answers over all, unsure counted as not recognised.
    chance : float
        One over the number of classes.
    binomial_p : float
        Two-sided exact binomial test of the right among the answers that name a class against `chance`. Its null is
        a reader who names each class as often as another, or classes that are equally many.
    """

    n_cases: int
    n_unsure: int
    n_right: int
    micro: float
    micro_low: float
    micro_high: float
    macro: float
    macro_low: float
    macro_high: float
    of_all: float
    chance: float
    binomial_p: float

    def row(self) -> dict[str, float]:
        return asdict(self)


ACCURACY_COLUMNS = tuple(Accuracy.__dataclass_fields__)


def confusion_matrix(
    truth: Sequence[str], answer: Sequence[str], *, classes: Sequence[str], others: Sequence[str] = ()
) -> Matrix:
    """Return how often each class (rows) got each answer (columns: the classes, then `others`).

    Raises
    ------
    ValueError
        If a truth is none of the classes, or an answer none of the columns.
    """
    columns = [*classes, *others]
    row = {name: n for n, name in enumerate(classes)}
    column = {name: n for n, name in enumerate(columns)}
    matrix = np.zeros((len(classes), len(columns)), dtype=np.int64)
    for true, given in zip(truth, answer, strict=True):
        if true not in row or given not in column:
            raise ValueError(f"{true!r} answered {given!r}: classes are {', '.join(classes)}.")
        matrix[row[true], column[given]] += 1
    return matrix


def class_metrics(matrix: Matrix | FloatArray, *, alpha: float) -> pd.DataFrame:
    """Return `CLASS_COLUMNS`, a row for each class in the matrix' order; intervals are Wilson's.

    The matrix may be a mean of several, whose counts need not be whole.

    recall = right / cases of the class with an answer that names a class; precision = right / answers that name it;
    `recall_of_all` = right / all cases of the class. NaN where a denominator is 0.
    """
    k = len(matrix)
    right, called = np.diag(matrix), matrix[:, :k].sum(axis=0)
    answered, cases = matrix[:, :k].sum(axis=1), matrix.sum(axis=1)
    recall, recall_low, recall_high = wilson(right, answered, alpha=alpha)
    precision, precision_low, precision_high = wilson(right, called, alpha=alpha)
    values = [
        cases,
        cases - answered,
        called,
        right,
        recall,
        recall_low,
        recall_high,
        shares(right, cases),
        precision,
        precision_low,
        precision_high,
    ]
    return pd.DataFrame(dict(zip(CLASS_COLUMNS, values, strict=True)))


def macro_recall(right: npt.ArrayLike, answered: npt.ArrayLike, *, alpha: float) -> tuple[float, float, float]:
    """Return the mean of the classes' recalls with its interval; NaN where a class has no answer.

    low = m − √Σ(p_i − l_i)² / k and high = m + √Σ(u_i − p_i)² / k, with l_i and u_i the Wilson limits of class i.

    Notes
    -----
    The method of variance estimates recovery: G. Y. Zou, A. Donner, Stat. Med. 27 (2008) 1693; for two classes and
    their difference it is Newcombe's.
    """
    p, low, high = wilson(right, answered, alpha=alpha)
    mean = float(p.mean()) if p.size else math.nan
    below, above = np.sqrt(((p - low) ** 2).sum()) / p.size, np.sqrt(((high - p) ** 2).sum()) / p.size
    return mean, mean - float(below), mean + float(above)


def accuracy(matrix: Matrix, *, alpha: float) -> Accuracy:
    """Return how often the class was named, with intervals and the test against chance."""
    k = len(matrix)
    answered, right = int(matrix[:, :k].sum()), int(np.trace(matrix))
    micro, micro_low, micro_high = (float(value) for value in wilson(right, answered, alpha=alpha))
    macro, macro_low, macro_high = macro_recall(np.diag(matrix), matrix[:, :k].sum(axis=1), alpha=alpha)
    total = int(matrix.sum())
    return Accuracy(
        n_cases=total,
        n_unsure=total - answered,
        n_right=right,
        micro=micro,
        micro_low=micro_low,
        micro_high=micro_high,
        macro=macro,
        macro_low=macro_low,
        macro_high=macro_high,
        of_all=right / total if total else math.nan,
        chance=1 / k,
        binomial_p=float(binomtest(right, answered, 1 / k).pvalue) if answered else math.nan,
    )


def kappa_with_truth(matrix: Matrix, *, alpha: float) -> Coefficient:
    """Return Cohen's kappa of the answers that name a class with the truth."""
    return cohen(matrix[:, : len(matrix)], alpha=alpha)


def shares(count: npt.ArrayLike, total: npt.ArrayLike) -> FloatArray:
    """Return `count` / `total`, NaN where `total` is 0."""
    numerator, denominator = np.asarray(count, dtype=np.float64), np.asarray(total, dtype=np.float64)
    whole = np.where(denominator > 0, denominator, np.nan)
    return np.asarray(numerator / whole)
