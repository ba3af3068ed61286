"""What is planted is found, what is not is not, and nothing of a patient leaks from training to test."""

import numpy as np
import pytest

from readerstudy.analysis.radiomics.classifier import classify, permutation_test, rates
from readerstudy.analysis.radiomics.question import questions
from readerstudy.analysis.radiomics.table import usable
from tests.readerstudy.analysis.radiomics.builders import FEATURES, feature_table

ALPHA = 0.05
QUICK = 3  # repeats


def ask(**planted):
    return next(questions(usable(feature_table(**planted))))


@pytest.mark.parametrize("seed", range(3))
def test_organs_with_like_tumours_are_not_told_apart(seed):
    question = ask(patients=120, seed=seed)

    found = classify(question, seed=seed, repeats=QUICK)

    test = rates(found.tuned.test, question, alpha=ALPHA)
    for name in ("precision", "recall"):
        assert (test[f"{name}_low"] < 1 / 3).all()
        assert (test[f"{name}_high"] > 1 / 3).all()
    assert rates(found.fixed.training, question, alpha=ALPHA)["recall"].min() > 0.97
    assert rates(found.fixed.test, question, alpha=ALPHA)["recall"].mean() == pytest.approx(1 / 3, abs=0.12)
    assert permutation_test(question, seed=seed, permutations=19) > 0.05


def test_organs_with_shifted_texture_are_told_apart():
    question = ask(patients=120, organ_shift=3.0)

    found = classify(question, seed=0, repeats=QUICK)

    test = rates(found.tuned.test, question, alpha=ALPHA)
    assert test["precision"].min() > 0.9
    assert test["recall"].min() > 0.9
    assert permutation_test(question, seed=0, permutations=19) == 1 / 20
    planted = {f"f{place}" for place in range(FEATURES // 4)}
    strongest = found.groups[int(found.importance.mean(axis=1).argmax())]
    assert {member.partition("_")[2] for member in strongest.members} & planted


def test_patient_as_the_only_signal_stays_at_chance():
    question = ask(patients=60, each=4, patient_shift=8.0)

    found = classify(question, seed=0, repeats=QUICK)

    test = rates(found.tuned.test, question, alpha=ALPHA)
    assert (test["recall_low"] < 1 / 3).all()
    assert (test["recall_high"] > 1 / 3).all()
    assert found.balanced_accuracies.mean() == pytest.approx(1 / 3, abs=0.1)
    assert permutation_test(question, seed=0, permutations=19) > 0.05


def test_the_same_signal_is_found_where_folds_part_patients():
    """The tumours of the test above are told apart at once when each counts as a patient: a leak would be seen."""
    table = feature_table(patients=60, each=4, patient_shift=8.0).assign(patient_id=lambda rows: rows["case_id"])
    question = next(questions(usable(table)))

    found = classify(question, seed=0, repeats=1)

    assert found.balanced_accuracies.mean() > 0.8


def test_equal_seeds_give_equal_results():
    question = ask()

    one, two = (classify(question, seed=4, repeats=2) for _ in range(2))

    assert np.array_equal(one.tuned.test, two.tuned.test)
    assert np.array_equal(one.importance, two.importance)


def test_missing_features_never_reach_the_machine_as_nan():
    table = feature_table(organ_shift=3.0, patients=90)
    holes = np.random.default_rng(0).random((len(table), FEATURES)) < 0.05
    columns = table.columns[-FEATURES:]
    table[columns] = table[columns].mask(holes)
    question = next(questions(usable(table)))

    found = classify(question, seed=0, repeats=1)

    assert np.isnan(question.features).any()
    assert rates(found.tuned.test, question, alpha=ALPHA)["recall"].min() > 0.8
