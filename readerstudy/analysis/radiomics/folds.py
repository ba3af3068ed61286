"""Parting tumours in folds, and exchanging their labels, without ever parting a patient."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]


def patient_folds(classes: IntArray, patients: IntArray, count: int, rng: np.random.Generator) -> IntArray:
    """Return the fold, 0 … `count` − 1, of each tumour: patients stay whole, classes are spread evenly.

    Patients are dealt to the folds one after the other, in random order, class by class; of a patient with several
    classes the first in `classes` counts.

    Parameters
    ----------
    classes, patients : ndarray of int, shape (tumours,)
    count : int
    rng : Generator
    """
    names, first, place = np.unique(patients, return_index=True, return_inverse=True)
    shuffled = rng.permutation(names.size)
    dealt = shuffled[np.argsort(classes[first][shuffled], kind="stable")]
    fold = np.empty(names.size, dtype=np.intp)
    fold[dealt] = (np.arange(names.size) + rng.integers(count)) % count
    return np.asarray(fold[place], dtype=np.intp)


def splits(folds: IntArray) -> Iterator[tuple[IntArray, IntArray]]:
    """Yield the training and the test tumours of each fold."""
    for fold in np.unique(folds):
        yield np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)


def exchanged(classes: IntArray, patients: IntArray, rng: np.random.Generator) -> IntArray:
    """Return the classes exchanged at random, as they may be if they have nothing to do with the features.

    Patients all of whose tumours are of one class exchange it with each other, whole; a patient with several classes
    exchanges them among his own tumours, as a host in both arms does.
    """
    result = classes.copy()
    names, first, place = np.unique(patients, return_index=True, return_inverse=True)
    mixed = np.zeros(names.size, dtype=bool)
    np.logical_or.at(mixed, place, classes != classes[first][place])
    class_of_patient = classes[first].copy()
    class_of_patient[~mixed] = rng.permutation(class_of_patient[~mixed])
    result[~mixed[place]] = class_of_patient[place][~mixed[place]]
    for patient in np.flatnonzero(mixed):
        own = np.flatnonzero(place == patient)
        result[own] = rng.permutation(classes[own])
    return result
