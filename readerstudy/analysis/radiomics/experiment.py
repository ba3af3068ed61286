"""The whole experiment on one table of features: every question that has enough tumours, and the map."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from readerstudy.analysis.confusion import macro, micro
from readerstudy.analysis.radiomics.classifier import (
    PERMUTATIONS,
    REPEATS,
    Classified,
    classify,
    counts_frame,
    permutation_test,
    rates,
)
from readerstudy.analysis.radiomics.embedding import map_frame, tumor_map
from readerstudy.analysis.radiomics.learning_curve import SHARES, learning_curve
from readerstudy.analysis.radiomics.question import Question, questions, too_few
from readerstudy.analysis.radiomics.table import usable

Progress = Callable[[int, int], None]

ALPHA = 0.05
MACHINES = ("tuned", "fixed")
SIDES = ("test", "training")
STEPS = REPEATS + PERMUTATIONS + len(SHARES)


def run_experiment(table: pd.DataFrame, *, seed: int = 0, progress: Progress = lambda _done, _total: None) -> Any:
    """Return what a table of features shows, as data that JSON holds; `analysis.radiomics.words` says it.

    Parameters
    ----------
    table : DataFrame
        As `usable` takes it.
    seed : int
        Equal seeds give equal results.
    progress : callable
        Is told how many steps are done, and how many there are.

    Raises
    ------
    InvalidFeatures
        If no tumour is left to look at.
    """
    tumors = usable(table)
    asked = list(questions(tumors))
    steps = _Steps(progress, len(asked) * STEPS + 1)
    answers = [_answer(question, seed, steps) for question in asked]
    found = tumor_map(tumors, seed=seed)
    steps()
    return {
        "tumors": len(tumors.rows),
        "patients": int(tumors.rows["patient_id"].nunique()),
        "features": tumors.features.shape[1],
        "unused": tumors.unused,
        "left_out": tumors.left_out,
        "too_few": too_few(tumors),
        "questions": answers,
        "map": None if found is None else {"perplexity": found.perplexity, "rows": _columns(map_frame(tumors, found))},
        "seed": seed,
        "repeats": REPEATS,
        "permutations": PERMUTATIONS,
        "alpha": ALPHA,
    }


class _Steps:
    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def __call__(self) -> None:
        self._done += 1
        self._progress(self._done, self._total)


def _answer(question: Question, seed: int, step: Callable[[], None]) -> dict[str, Any]:
    classified = classify(question, seed=seed, step=step)
    p_value = permutation_test(question, seed=seed, step=step)
    curve = learning_curve(question, seed=seed, step=step)
    return {
        "about": question.about,
        "among": question.among,
        "names": question.names,
        "tumors": int(question.classes.size),
        "patients": int(np.unique(question.patients).size),
        "features": question.features.shape[1],
        "chance": question.chance,
        "p_value": p_value,
        "machines": {
            machine: {side: _side(getattr(getattr(classified, machine), side), question) for side in SIDES}
            for machine in MACHINES
        },
        "learning_curve": [vars(point) for point in curve],
        "importance": _importance(classified),
    }


def _side(matrix: Any, question: Question) -> dict[str, Any]:
    counts = counts_frame(matrix, question.names)
    by_class = rates(matrix, question, alpha=ALPHA)
    macro_precision, macro_recall = macro(counts)
    low, high = mean_interval(by_class["recall"], by_class["recall_low"], by_class["recall_high"])
    return {
        "counts": matrix.round(3).tolist(),
        "classes": _columns(by_class),
        "macro_precision": macro_precision,
        "macro_recall": macro_recall,
        "macro_recall_low": low,
        "macro_recall_high": high,
        "micro": micro(counts)[1],
    }


def mean_interval(
    estimates: "pd.Series[float]", lows: "pd.Series[float]", highs: "pd.Series[float]"
) -> tuple[float, float]:
    """Return the interval of the mean of independent estimates, from the interval of each.

    Notes
    -----
    The method of variance estimates recovery: G. Y. Zou, A. Donner, Stat. Med. 27 (2008) 1693; for two proportions it
    is Newcombe's.
    """
    mean, n = float(estimates.mean()), len(estimates)
    below = float(np.sqrt(((estimates - lows) ** 2).sum())) / n
    above = float(np.sqrt(((highs - estimates) ** 2).sum())) / n
    return mean - below, mean + above


def _importance(classified: Classified) -> list[dict[str, Any]]:
    """Return the groups of features, those that the machine loses most without first."""
    means = classified.importance.mean(axis=1)
    order = np.argsort(-means, kind="stable")
    return [
        {
            "feature": classified.groups[place].name,
            "members": classified.groups[place].members,
            "lost": float(means[place]),
            "sd": float(classified.importance[place].std(ddof=1)),
        }
        for place in order.tolist()
    ]


def _columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """Return a frame as columns that JSON holds: None where a number is not estimable."""
    return {
        str(name): [None if isinstance(value, float) and np.isnan(value) else value for value in frame[name].tolist()]
        for name in frame
    }
