"""The machine: a support vector machine on scaled features, tuned within its training set, or with fixed settings.

Kernels are worked out here and shared by all settings of one training set, which is several times as fast as leaving
them to the library.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn import config_context
from sklearn.svm import SVC

from readerstudy.analysis.radiomics.folds import patient_folds, splits

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

INNER_FOLDS = 3
FIXED_C = 1e6


@dataclass(frozen=True)
class Setting:
    """Of a machine with a radial basis function: K(a, b) = exp(−`width` · |a − b|² / number of features)."""

    c: float
    width: float


GRID = [Setting(c, width) for width in (0.1, 0.3) for c in (10.0, 100.0)]
"""With smaller C, nearly every tumour is a support vector at its bound, and what is learnt of noise is to name one
class more often than the others."""
FIXED = Setting(FIXED_C, 1.0)
"""So large a C that training tumours are hardly ever taken wrongly, whether or not there is anything to learn."""


@dataclass(frozen=True)
class Scaler:
    """What makes features comparable: the training set's median, mean and standard deviation of each."""

    median: FloatArray
    mean: FloatArray
    deviation: FloatArray

    @classmethod
    def of(cls, features: FloatArray) -> "Scaler":
        median = np.nan_to_num(np.nanmedian(features, axis=0))
        filled = np.where(np.isnan(features), median, features)
        deviation = filled.std(axis=0)
        return cls(median, filled.mean(axis=0), np.where(deviation > 0, deviation, 1.0))

    def __call__(self, features: FloatArray) -> FloatArray:
        """Return features (tumours, features) scaled; those that are missing take the training set's median."""
        filled = np.where(np.isnan(features), self.median, features)
        return np.asarray((filled - self.mean) / self.deviation)


@dataclass(frozen=True)
class Machine:
    """A machine that was trained."""

    scaler: Scaler
    setting: Setting
    training: FloatArray
    svc: SVC

    def answers(self, features: FloatArray) -> IntArray:
        """Return the class that it takes each tumour for."""
        distance = _squared_distance(self.scaler(features), self.training)
        return _predicted(self.svc, _kernel(distance, self.setting.width))


def train(features: FloatArray, classes: IntArray, setting: Setting) -> Machine:
    """Train a machine with fixed settings; classes weigh alike, however many tumours each has."""
    scaler = Scaler.of(features)
    training = scaler(features)
    svc = _fitted(_kernel(_squared_distance(training, training), setting.width), classes, setting)
    return Machine(scaler, setting, training, svc)


def train_tuned(features: FloatArray, classes: IntArray, patients: IntArray, rng: np.random.Generator) -> Machine:
    """Train a machine whose settings did best within the training set, in folds that keep patients together.

    Parameters
    ----------
    features : ndarray, shape (tumours, features)
        NaN where a feature is not estimable.
    classes, patients : ndarray of int, shape (tumours,)
    rng : Generator
        Draws the folds.
    """
    return train(features, classes, best_setting(features, classes, patients, rng))


@dataclass(frozen=True)
class Chosen:
    """The setting that did best, and its balanced accuracy over all test folds."""

    setting: Setting
    score: float


def best_setting(features: FloatArray, classes: IntArray, patients: IntArray, rng: np.random.Generator) -> Setting:
    """Return the setting of `GRID` that does best in three folds of patients."""
    return best_of_grid(features, classes, patient_folds(classes, patients, INNER_FOLDS, rng)).setting


def best_of_grid(features: FloatArray, classes: IntArray, folds: IntArray) -> Chosen:
    """Return the setting of `GRID` with the highest cross-validated balanced accuracy; the first of equals."""
    answers = np.empty((len(GRID), classes.size), dtype=np.intp)
    for training, test in splits(folds):
        scaler = Scaler.of(features[training])
        seen, unseen = scaler(features[training]), scaler(features[test])
        among, across = _squared_distance(seen, seen), _squared_distance(unseen, seen)
        kernels = {width: (_kernel(among, width), _kernel(across, width)) for width in {one.width for one in GRID}}
        for place, setting in enumerate(GRID):
            known, asked = kernels[setting.width]
            answers[place, test] = _predicted(_fitted(known, classes[training], setting), asked)
    scores = [balanced_accuracy(classes, one) for one in answers]
    best = int(np.argmax(scores))
    return Chosen(GRID[best], scores[best])


def balanced_accuracy(classes: IntArray, answers: IntArray) -> float:
    """Return the mean over the classes of the share of their tumours that was told rightly: macro recall."""
    n = np.bincount(classes)
    right = np.bincount(classes[classes == answers], minlength=n.size)
    return float((right[n > 0] / n[n > 0]).mean())


def _fitted(kernel: FloatArray, classes: IntArray, setting: Setting) -> SVC:
    with config_context(assume_finite=True, skip_parameter_validation=True):
        return SVC(C=setting.c, kernel="precomputed", class_weight="balanced").fit(kernel, classes)


def _predicted(svc: SVC, kernel: FloatArray) -> IntArray:
    with config_context(assume_finite=True, skip_parameter_validation=True):
        return np.asarray(svc.predict(kernel), dtype=np.intp)


def _squared_distance(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return |a_i − b_j|² over the number of features."""
    squares = (a**2).sum(axis=1)[:, np.newaxis] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.asarray(np.maximum(squares, 0.0) / a.shape[1])


def _kernel(distance: FloatArray, width: float) -> FloatArray:
    return np.asarray(np.exp(-width * distance))
