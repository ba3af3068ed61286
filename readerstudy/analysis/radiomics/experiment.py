"""The whole experiment on one table of features: every question that has enough tumours, and the map."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from readerstudy.analysis.confusion import macro_recall
from readerstudy.analysis.radiomics.classifier import (
    PERMUTATIONS,
    REPEATS,
    Classified,
    classify,
    permutation_test,
    rates,
)
from readerstudy.analysis.radiomics.embedding import map_frame, tumor_map
from readerstudy.analysis.radiomics.learning_curve import SHARES, learning_curve
from readerstudy.analysis.radiomics.question import Question, questions, too_few
from readerstudy.analysis.radiomics.table import usable

FloatArray = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]

ALPHA = 0.05
MACHINES = ("tuned", "fixed")
SIDES = ("test", "training")


def run_experiment(
    table: pd.DataFrame,
    *,
    seed: int = 0,
    permutations: int = PERMUTATIONS,
    progress: Progress = lambda _done, _total: None,
) -> dict[str, Any]:
    """Return what a table of features shows, as data that JSON holds; `analysis.radiomics.words` says it.

    Parameters
    ----------
    table : DataFrame
        As `usable` takes it.
    seed : int
        Equal seeds give equal results.
    permutations : int
        Exchanges of the labels behind each p-value.
    progress : callable
        Is told how many steps are done, and how many there are.

    Raises
    ------
    InvalidFeatures
        If no tumour is left to look at.
    """
    tumors = usable(table)
    asked = list(questions(tumors))
    steps = _Steps(progress, len(asked) * (REPEATS + permutations + len(SHARES)) + 1)
    answers = [_answer(question, seed, permutations, steps) for question in asked]
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
        "permutations": permutations,
        "alpha": ALPHA,
    }


class _Steps:
    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def __call__(self) -> None:
        self._done += 1
        self._progress(self._done, self._total)


def _answer(question: Question, seed: int, permutations: int, step: Callable[[], None]) -> dict[str, Any]:
    classified = classify(question, seed=seed, step=step)
    p_value = permutation_test(question, seed=seed, permutations=permutations, step=step)
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


def _side(matrix: FloatArray, question: Question) -> dict[str, Any]:
    by_class = rates(matrix, question, alpha=ALPHA)
    weight = np.unique(question.patients).size / question.classes.size
    right, cases = weight * np.diag(matrix), weight * matrix.sum(axis=1)
    macro, low, high = macro_recall(right, cases, alpha=ALPHA)
    return {
        "counts": matrix.round(3).tolist(),
        "classes": _columns(by_class),
        "macro_precision": float(np.nan_to_num(by_class["precision"]).mean()),
        "macro_recall": macro,
        "macro_recall_low": low,
        "macro_recall_high": high,
        "micro": float(np.trace(matrix) / matrix.sum()),
    }


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
