"""The audit's statistics on simulated features: quiet where arms are alike, alarmed by every planted tell."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from readerstudy.analysis.auc_interval import auc_interval
from readerstudy.analysis.leak_audit import MIN_PATIENTS, Feature, Part, TooFewCases, audit_leaks
from readerstudy.analysis.leak_audit.comparisons import comparisons
from readerstudy.analysis.leak_audit.evidence import classifier_aucs, feature_views, rank_aucs

PER_PART = 8
FEATURES = [Feature(f"{part.name} {n}", part, f"{part} {n}") for part in Part for n in range(PER_PART)]
NAMES = [feature.name for feature in FEATURES]
ORGANS = ("liver", "pancreas", "kidney")
PERMUTATIONS = 999


def alike(*, arm: int = 30, organs=ORGANS, generators=("gan",), cases_per_host: int = 1, seed: int = 0) -> pd.DataFrame:
    """Draw cases whose features do not depend on the arm: most belong to the patient, some to the case."""
    rng = np.random.default_rng(seed)
    rows = []
    for truth, per_patient in (("real", 1), ("synthetic", cases_per_host)):
        for number in range(arm):
            patient = f"{truth} {number // per_patient}"
            rows.append(
                {
                    "case_id": f"{truth} {number}",
                    "patient": patient,
                    "organ": organs[number // per_patient % len(organs)],
                    "truth": truth,
                    "generator": "" if truth == "real" else generators[number % len(generators)],
                }
            )
    cases = pd.DataFrame(rows)
    of_patient = pd.DataFrame(
        rng.normal(size=(cases["patient"].nunique(), len(NAMES))), index=cases["patient"].unique(), columns=NAMES
    )
    cases[NAMES] = of_patient.loc[cases["patient"]].to_numpy()
    cases["NON_PIXEL 0"] = cases["NON_PIXEL 0"] > 1  # a property that few have
    cases["NON_PIXEL 1"] = 2.5  # one that all share
    of_case = [name for name in NAMES if name.startswith("TUMOR")]
    cases[of_case] = rng.normal(size=(len(cases), len(of_case)))
    return cases.astype(dict.fromkeys(NAMES, float))


def shift(values: pd.Series, synthetic: pd.Series) -> pd.Series:
    return values + 2.33 * synthetic  # AUC 0.95


def narrow(values: pd.Series, synthetic: pd.Series) -> pd.Series:
    return values.where(~synthetic, 0.03 * values)


def replace_by_truth(values: pd.Series, synthetic: pd.Series) -> pd.Series:
    return synthetic.astype(float)


def audit(cases: pd.DataFrame, **options):
    return audit_leaks(cases, FEATURES, permutations=PERMUTATIONS, **options)


@pytest.mark.parametrize("part", Part, ids=lambda part: part.name)
@pytest.mark.parametrize("plant", [shift, narrow, replace_by_truth])
def test_a_feature_that_tells_is_found_and_named(part, plant):
    cases = alike()
    name = f"{part.name} 3"
    cases[name] = plant(cases[name], cases["truth"] == "synthetic")

    result = audit(cases)

    assert {one.part for one in result.results if one.found} == {part}
    assert result.results[list(Part).index(part)].found  # over all organs
    [first, *_] = result.findings
    assert first.startswith(f"{part}, all organs: {part} 3: ")


def test_words_say_which_arm_and_how_far():
    cases = alike()
    synthetic = cases["truth"] == "synthetic"
    cases["NON_PIXEL 3"] = np.where(synthetic, 1.25, 5.0)
    cases["NON_PIXEL 4"] = synthetic.astype(float)
    cases["NON_PIXEL 5"] = np.where(synthetic, 0.0, np.where(np.arange(60) % 2, -3.0, 3.0))

    findings = audit(cases).findings

    assert (
        "non-pixel, all organs: non-pixel 3: higher in real cases "
        "(median of real 5, of synthetic 1.25); AUC 1.00 by itself." in findings
    )
    assert (
        "non-pixel, all organs: non-pixel 4: 0% of the real and 100% of the synthetic cases; AUC 1.00 by itself."
        in findings
    )
    assert (
        "non-pixel, all organs: non-pixel 5: farther from the middle in real cases "
        "(real -3 to 3, synthetic 0 to 0); AUC 1.00 by itself." in findings
    )


def test_features_that_tell_together_are_found_though_none_tells_by_itself():
    cases = alike(arm=60, organs=("liver",), seed=9)  # a draw in which none tells by itself
    names = [f"SURROUNDINGS {n}" for n in range(PER_PART)]
    cases[names] += 0.4 * (cases["truth"] == "synthetic").to_numpy()[:, np.newaxis]

    result = audit(cases)

    [found] = [one for one in result.results if one.found]
    assert (found.part, found.tells) == (Part.SURROUNDINGS, [])
    assert result.findings == [
        "outside the tumour, all organs: no single feature tells the arms apart, all together do "
        f"(AUC {found.auc:.2f})."
    ]


def test_a_tell_in_one_organ_is_found_there():
    cases = alike(arm=45)
    in_kidney = (cases["organ"] == "kidney") & (cases["truth"] == "synthetic")
    cases["TUMOR 2"] = shift(cases["TUMOR 2"], 2 * in_kidney)

    found = [one for one in audit(cases).results if one.found]

    assert ("kidney", Part.TUMOR) in {(one.organ, one.part) for one in found}
    assert {one.organ for one in found} <= {"kidney", "all"}


def test_a_tell_of_one_generator_is_found_there():
    cases = alike(arm=40, organs=("liver",), generators=("gan", "other"))
    cases["TUMOR 2"] = shift(cases["TUMOR 2"], 2 * (cases["generator"] == "gan"))

    found = [one for one in audit(cases).results if one.found]

    assert ("gan", Part.TUMOR) in {(one.generator, one.part) for one in found}
    assert "other" not in {one.generator for one in found}


@pytest.mark.parametrize("cases_per_host", [1, 3])
def test_alarms_are_rare_where_arms_are_alike(cases_per_host):
    """At 5 %, more than 4 alarms in 20 come by chance once in 400 times; ungrouped, most sets would alarm."""
    alarms = sum(
        audit_leaks(
            alike(organs=("liver",), cases_per_host=cases_per_host, seed=seed), FEATURES, permutations=299
        ).found
        for seed in range(20)
    )
    assert alarms <= 4


def test_organs_that_differ_and_are_balanced_tell_nothing():
    cases = alike()
    for number, organ in enumerate(ORGANS):
        cases.loc[cases["organ"] == organ, NAMES] += 100 * number
    assert not audit(cases).found


def test_more_real_cases_in_one_organ_tell_nothing():
    cases = alike(arm=60)
    cases.loc[cases["organ"] == "liver", NAMES] += 100
    fewer = cases[(cases["organ"] != "liver") | (cases["truth"] == "real") | (cases.index % 2 == 0)]
    assert not audit(fewer).found


def test_nothing_found_is_said_with_what_could_have_been_missed():
    result = audit(alike())

    assert not result.found
    widest = result.results[0]
    assert f"non-pixel: a tell below AUC {widest.detectable_auc:.2f} may have been missed" in result.conclusion
    assert f"the upper bound is AUC {widest.auc_high:.2f}" in result.conclusion
    assert "clean" not in json.dumps(result.to_json())


def test_a_tell_of_the_detectable_auc_is_found_most_of_the_time():
    detectable = audit(alike(organs=("liver",))).results[0].detectable_auc
    found = 0
    for seed in range(12):
        cases = alike(organs=("liver",), seed=seed)
        distance = np.sqrt(2) * norm.ppf(detectable)  # between normal arms of that AUC
        cases["SURROUNDINGS 1"] += distance * (cases["truth"] == "synthetic")
        found += audit_leaks(cases, FEATURES, permutations=499).found
    assert found >= 6  # of 12; 9.6 are expected, and fewer than 6 would come once in 250 times


def test_few_cases_say_that_even_a_perfect_tell_may_be_missed():
    cases = alike(arm=MIN_PATIENTS, organs=("liver",))
    cases["TUMOR 1"] = (cases["truth"] == "real").astype(float)

    result = audit_leaks(cases, [feature for feature in FEATURES if feature.part != Part.NON_PIXEL], permutations=200)

    assert all(one.detectable_auc is None or one.detectable_auc > 0.95 for one in result.results)


def test_matched_arms_do_not_pull_the_upper_bound_below_chance():
    cases = alike(organs=("liver",))
    for name in NAMES:
        cases.loc[cases["truth"] == "synthetic", name] = cases.loc[cases["truth"] == "real", name].to_numpy()

    results = audit(cases).results

    assert min(one.auc for one in results) < 0.4
    assert min(one.auc_high for one in results) > 0.6


def test_too_few_patients_are_refused():
    cases = alike(arm=30, organs=("liver",), cases_per_host=6)
    with pytest.raises(TooFewCases, match="30 real and 30 synthetic cases are too few to audit: 8 patients"):
        audit(cases)


def test_what_some_case_lacks_is_left_out_and_named():
    cases = alike()
    cases.loc[3, "TUMOR 2"] = np.nan

    result = audit(cases)

    assert result.not_measured == ["tumour size, place and number 2"]
    assert "Not judged, since some cases lack it: tumour size, place and number 2." in result.notes


def test_what_has_too_few_patients_by_itself_is_named():
    cases = alike(arm=30, generators=("gan", "gan", "gan", "gan", "rare"))
    fewer = cases[(cases["organ"] != "liver") | (cases.index % 30 < 15)]

    result = audit(fewer)

    assert result.not_compared == ["liver", "rare"]
    assert "Not compared by itself, since an arm has too few patients: liver." in result.notes
    assert audit(alike()).not_compared == []


def test_a_part_in_which_nothing_varies_is_said_to():
    cases = alike()
    cases[[name for name in NAMES if name.startswith("NON_PIXEL")]] = 1.0

    result = audit(cases)

    assert Part.NON_PIXEL not in {one.part for one in result.results}
    assert "non-pixel: nothing measured varies" in result.conclusion


def test_equal_seeds_give_equal_audits():
    assert audit(alike(), seed=3) == audit(alike(), seed=3)


def test_comparisons_are_all_organs_and_generators_apart_and_none_twice():
    cases = alike(arm=60, organs=("liver", "kidney"), generators=("a", "b", "b"))
    named = [(one.organ, one.generator, len(one.cases)) for one in comparisons(cases)]
    assert named == [
        ("all", "all", 120),
        ("all", "a", 80),
        ("all", "b", 100),
        ("kidney", "all", 60),
        ("kidney", "a", 40),
        ("kidney", "b", 50),
        ("liver", "all", 60),
        ("liver", "a", 40),
        ("liver", "b", 50),
    ]
    assert len(comparisons(alike(organs=("liver",)))) == 1


def test_a_host_stands_in_a_comparison_once():
    [comparison] = comparisons(alike(organs=("liver",), cases_per_host=3))
    assert comparison.is_real.sum() == 30
    assert (~comparison.is_real).sum() == 10


def test_labels_are_exchanged_within_organs():
    cases = alike(arm=60)
    fewer = cases[(cases["organ"] != "liver") | (cases["truth"] == "real") | (cases.index % 2 == 0)]
    comparison = comparisons(fewer)[0]

    labels = comparison.arrangements(50, np.random.default_rng(1))

    assert (labels[:, 0] == comparison.is_real).all()
    assert len(np.unique(labels, axis=1).T) > 40
    for organ in ORGANS:
        rows = np.asarray(comparison.cases["organ"] == organ)
        assert set(labels[rows].sum(axis=0)) == {int(comparison.is_real[rows].sum())}


def test_a_patient_of_both_arms_exchanges_labels_with_himself_alone():
    cases = alike(organs=("liver",))
    cases.loc[cases["truth"] == "synthetic", "patient"] = [f"real {n}" for n in range(10)] + [
        f"s {n}" for n in range(20)
    ]
    [comparison] = comparisons(cases)

    labels = comparison.arrangements(200, np.random.default_rng(1))

    for number in range(10):
        pair = labels[np.asarray(comparison.cases["patient"] == f"real {number}")]
        assert (pair.sum(axis=0) == 1).all()
        assert 60 < pair[0].sum() < 140
    assert set(labels.sum(axis=0)) == {30}


def test_aucs_are_scikit_learns():
    rng = np.random.default_rng(1)
    scores, labels = rng.integers(5, size=(20, 3)).astype(float), rng.permuted(np.arange(20) % 2 == 0).reshape(20, 1)
    expected = [roc_auc_score(labels[:, 0], column) for column in scores.T]
    assert rank_aucs(scores, labels)[:, 0] == pytest.approx(expected)


@pytest.mark.parametrize("organs", [("liver",), ORGANS])
def test_the_classifier_learns_nothing_from_labels_at_random(organs):
    """Ranks and balance are shared between training and test cases: neither may raise the mean over labels."""
    cases = alike(arm=18, organs=organs)
    comparison = comparisons(cases)[0]
    labels = comparison.arrangements(999, np.random.default_rng(1))
    aucs = [
        classifier_aucs(feature_views(alike(arm=18, organs=organs, seed=seed), NAMES).to_numpy(), labels, cases, seed=1)
        for seed in range(5)
    ]
    assert np.mean(aucs) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("auc", [0.0, 0.1, 0.5, 0.8, 1.0])
def test_an_interval_holds_its_auc_and_narrows_with_the_cases(auc):
    low, high = auc_interval(auc, n_real=30, n_synthetic=30, z=1.96)
    lower, higher = auc_interval(auc, n_real=10, n_synthetic=10, z=1.96)
    assert 0 <= lower <= low <= auc <= high <= higher <= 1
    assert high - low > 0.05
    assert auc_interval(1 - auc, n_real=30, n_synthetic=30, z=1.96) == pytest.approx((1 - high, 1 - low))


def test_an_intervals_limits_solve_its_equation():
    """V(θ) of Hanley and McNeil as they print it: Q1 = θ/(2 − θ), Q2 = 2θ²/(1 + θ), equal arms."""
    n, z = 25, 1.96
    for theta in auc_interval(0.8, n_real=n, n_synthetic=n, z=z):
        q1, q2 = theta / (2 - theta), 2 * theta**2 / (1 + theta)
        variance = (theta * (1 - theta) + (n - 1) * (q1 - theta**2) + (n - 1) * (q2 - theta**2)) / n**2
        assert abs(0.8 - theta) == pytest.approx(z * np.sqrt(variance))
