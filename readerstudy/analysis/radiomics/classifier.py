"""How well a machine tells tumours that it was not trained on: repeated nested cross-validation by patient.

In each of ten repeats the patients are parted in five folds anew. On four, the machine is tuned (in three inner folds)
and trained; it then names the fifth's tumours. Nothing of a patient is ever on both sides: neither the tumours, nor the
scale of the features, nor the tuning.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from readerstudy.analysis.confusion import class_metrics
from readerstudy.analysis.radiomics.folds import exchanged, patient_folds, splits
from readerstudy.analysis.radiomics.importance import FeatureGroup, feature_groups, shuffled_answers
from readerstudy.analysis.radiomics.machine import FIXED, balanced_accuracy, best_of_grid, train, train_tuned
from readerstudy.analysis.radiomics.question import Question

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Progress = Callable[[], None]

REPEATS = 10
FOLDS = 5
PERMUTATIONS = 199


@dataclass
class Counts:
    """Answers on test and on training tumours, as matrices of counts [class, answer] that add up over folds."""

    size: int
    test: FloatArray = field(init=False)
    training: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        self.test, self.training = np.zeros((self.size, self.size)), np.zeros((self.size, self.size))

    def add(self, classes: IntArray, test: IntArray, answers: IntArray, training: IntArray, known: IntArray) -> None:
        np.add.at(self.test, (classes[test], answers), 1.0)
        np.add.at(self.training, (classes[training], known), 1.0)


@dataclass(frozen=True)
class Classified:
    """What the machines made of one question.

    Attributes
    ----------
    tuned, fixed : Counts
        Of the machine tuned within its training set, and of the one with a fixed large C. Each tumour counts once:
        test counts are means over the repeats, training counts over the repeats and folds.
    balanced_accuracies : ndarray, shape (repeats,)
        Of the tuned machine, on test tumours.
    groups : list of FeatureGroup
    importance : ndarray, shape (groups, repeats)
        Balanced accuracy lost on test tumours when a group's features are shuffled among them.
    """

    tuned: Counts
    fixed: Counts
    balanced_accuracies: FloatArray
    groups: list[FeatureGroup]
    importance: FloatArray


def classify(question: Question, *, seed: int, repeats: int = REPEATS, step: Progress = lambda: None) -> Classified:
    """Train and test the machines; `step` is called after each repeat.

    Parameters
    ----------
    question : Question
    seed : int
        Equal seeds give equal results.
    repeats : int
    step : callable
    """
    features, classes, patients = question.features, question.classes, question.patients
    groups = feature_groups(question.tumors.features)
    tuned, fixed = Counts(len(question.names)), Counts(len(question.names))
    accuracies = np.empty(repeats)
    lost = np.empty((len(groups), repeats))
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        answers = np.empty(classes.size, dtype=np.intp)
        without = np.empty((len(groups), classes.size), dtype=np.intp)
        for training, test in splits(patient_folds(classes, patients, FOLDS, rng)):
            machine = train_tuned(features[training], classes[training], patients[training], rng)
            answers[test] = machine.answers(features[test])
            without[:, test] = shuffled_answers(machine, features[test], groups, rng)
            tuned.add(classes, test, answers[test], training, machine.answers(features[training]))
            plain = train(features[training], classes[training], FIXED)
            fixed.add(classes, test, plain.answers(features[test]), training, plain.answers(features[training]))
        accuracies[repeat] = balanced_accuracy(classes, answers)
        lost[:, repeat] = [accuracies[repeat] - balanced_accuracy(classes, one) for one in without]
        step()
    for counts in (tuned, fixed):
        counts.test /= repeats
        counts.training /= repeats * (FOLDS - 1)
    return Classified(tuned, fixed, accuracies, groups, lost)


def permutation_test(
    question: Question, *, seed: int, permutations: int = PERMUTATIONS, step: Progress = lambda: None
) -> float:
    """Return the p-value of "the classes have nothing to do with the features".

    The statistic is the highest cross-validated balanced accuracy over the machine's settings. Choosing the best on
    the test tumours flatters it, but it flatters every exchange of the labels alike, so that p holds; tuning anew in
    every exchange would take three times as long. Labels are exchanged by `folds.exchanged`.

    Returns
    -------
    float
        (1 + exchanges that do as well) / (1 + exchanges).
    """
    features, classes, patients = question.features, question.classes, question.patients
    observed = _best(features, classes, patients, np.random.default_rng([seed, 0]))
    as_good = 0
    for number in range(1, permutations + 1):
        rng = np.random.default_rng([seed, number])
        as_good += _best(features, exchanged(classes, patients, rng), patients, rng) >= observed - 1e-9
        step()
    return (1 + as_good) / (1 + permutations)


def rates(matrix: FloatArray, question: Question, *, alpha: float) -> pd.DataFrame:
    """Return `name` and `confusion.CLASS_COLUMNS` of each class, Wilson's intervals as if each patient counted once.

    Where patients have several tumours, counts are shrunk to the number of patients first: intervals are as wide as if
    tumours of one patient told nothing new.
    """
    weight = np.unique(question.patients).size / question.classes.size
    table = class_metrics(weight * matrix, alpha=alpha)
    numbers = [str(column) for column in table if str(column).startswith("n_")]
    return table.assign(**{column: table[column] / weight for column in numbers}, name=question.names)


def _best(features: FloatArray, classes: IntArray, patients: IntArray, rng: np.random.Generator) -> float:
    return best_of_grid(features, classes, patient_folds(classes, patients, FOLDS, rng)).score
