"""Whether more tumours would help: balanced accuracy on unseen tumours by the number of patients trained on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from readerstudy.analysis.radiomics.classifier import FOLDS
from readerstudy.analysis.radiomics.folds import patient_folds, splits
from readerstudy.analysis.radiomics.machine import INNER_FOLDS, balanced_accuracy, train_tuned
from readerstudy.analysis.radiomics.question import Question

IntArray = npt.NDArray[np.intp]

SHARES = (0.2, 0.4, 0.6, 0.8, 1.0)
REPEATS = 4
FEWEST_PATIENTS = 2 * INNER_FOLDS  # of a class


@dataclass(frozen=True)
class CurvePoint:
    """Balanced accuracies of machines trained on so many patients; the range of the repeats beside the test mean."""

    patients: int
    training: float
    test: float
    test_low: float
    test_high: float


def learning_curve(
    question: Question, *, seed: int, repeats: int = REPEATS, step: Callable[[], None] = lambda: None
) -> list[CurvePoint]:
    """Return a point for each share of the training patients that leaves six of each class; `step` after each."""
    points = []
    for share in SHARES:
        point = _point(question, share, seed, repeats)
        if point is not None:
            points.append(point)
        step()
    return points


def _point(question: Question, share: float, seed: int, repeats: int) -> CurvePoint | None:
    features, classes, patients = question.features, question.classes, question.patients
    known, test_scores, sizes = [], [], []
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat, round(100 * share)])
        answers = np.empty(classes.size, dtype=np.intp)
        for training, test in splits(patient_folds(classes, patients, FOLDS, rng)):
            chosen = training[_subset(classes[training], patients[training], share, rng)]
            if _fewest(classes[chosen], patients[chosen], len(question.names)) < FEWEST_PATIENTS:
                return None
            machine = train_tuned(features[chosen], classes[chosen], patients[chosen], rng)
            answers[test] = machine.answers(features[test])
            known.append(balanced_accuracy(classes[chosen], machine.answers(features[chosen])))
            sizes.append(np.unique(patients[chosen]).size)
        test_scores.append(balanced_accuracy(classes, answers))
    mean = float(np.mean(test_scores))
    return CurvePoint(round(float(np.mean(sizes))), float(np.mean(known)), mean, min(test_scores), max(test_scores))


def _subset(classes: IntArray, patients: IntArray, share: float, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Choose a share of the patients, of each class alike."""
    if share == 1:
        return np.ones(classes.size, dtype=bool)
    tenths = patient_folds(classes, patients, 20, rng)
    return np.asarray(tenths < round(20 * share))


def _fewest(classes: IntArray, patients: IntArray, count: int) -> int:
    return min(np.unique(patients[classes == place]).size for place in range(count))
