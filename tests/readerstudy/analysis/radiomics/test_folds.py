import numpy as np
import pytest

from readerstudy.analysis.radiomics.folds import exchanged, patient_folds, splits

PATIENTS = np.repeat(np.arange(40), [1, 2, 3, 4] * 10)
CLASSES = (PATIENTS % 3).astype(np.intp)


@pytest.mark.parametrize("seed", range(20))
def test_no_patient_is_on_both_sides_and_every_tumour_is_tested_once(seed):
    folds = patient_folds(CLASSES, PATIENTS, 5, np.random.default_rng(seed))

    tested = []
    for training, test in splits(folds):
        assert not set(PATIENTS[training]) & set(PATIENTS[test])
        tested += list(test)
    assert sorted(tested) == list(range(PATIENTS.size))


def test_classes_are_spread_evenly():
    patients = np.arange(60)

    folds = patient_folds(patients % 3, patients, 5, np.random.default_rng(0))

    counts = np.array([np.bincount(patients[folds == fold] % 3, minlength=3) for fold in range(5)])
    assert (counts == 4).all()


def test_exchanged_labels_stay_with_the_patient():
    result = exchanged(CLASSES, PATIENTS, np.random.default_rng(1))

    for patient in np.unique(PATIENTS):
        assert np.unique(result[patient == PATIENTS]).size == 1
    assert (result != CLASSES).any()


def test_patient_with_several_classes_exchanges_them_with_himself():
    patients = np.repeat(np.arange(30), 2)
    classes = np.tile([0, 1], 30)

    result = exchanged(classes, patients, np.random.default_rng(1))

    assert (result.reshape(30, 2).sum(axis=1) == 1).all()
    assert 5 < (result.reshape(30, 2)[:, 0] == 1).sum() < 25
