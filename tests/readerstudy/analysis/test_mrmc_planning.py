"""Against RJafroc 2.1.3 and the formula written out in R; golden/g10d_mrmc_power.json."""

import json

import numpy as np
import pytest

from readerstudy.analysis.auc import jackknife_covariance, pair_sums
from readerstudy.analysis.binomial_planning import what_a_margin_needs
from readerstudy.analysis.mrmc_planning import (
    AreaComponents,
    DifferenceComponents,
    assumed_components,
    cases_for_equivalence,
    cases_for_power,
    chance_power,
    difference_power,
    pilot_components,
    pilot_difference_components,
    pooled_equivalence_power,
    pooled_power_curve,
)

from . import van_dyke

EXACT = {"rel": 1e-6}  # the precision that golden/README.md states
PILOT = AreaComponents(var_reader=0.004, var_error=0.006, cov2=0.0012, n_cases=60)


def van_dyke_components() -> DifferenceComponents:
    sums = pair_sums(*van_dyke.scores((1, 2)))
    return pilot_difference_components(sums.auc[:5], sums.auc[5:], jackknife_covariance(sums), n_cases=114)


def test_the_components_equal_the_published_iowa_output():
    """OR-DBM MRMC 2.51: Var(T*R), Var(Error), Cov1, Cov2, Cov3, to the printed digits."""
    found = van_dyke_components()
    assert round(found.var_interaction, 7) == 0.0002004
    assert [round(value, 8) for value in (found.var_error, found.cov1, found.cov2, found.cov3)] == [
        0.00080229, 0.00034661, 0.00034407, 0.00023903
    ]  # fmt: skip


# RJafroc 2.1.3, SsPowerGivenJK(dataset02, FOM = "Wilcoxon", J, K, effectSize, method = "OR", "RRRC"):
# J, K, effect → power, noncentrality, df
RJAFROC = [
    (6, 251, 0.05, 0.892281989392, 11.6114529279, 16.1270372073),
    (10, 165, 0.05, 0.896227577456, 10.6981145185, 62.707279715),
    (5, 100, 0.05, 0.573335977768, 5.21318434947, 15.9639276177),
    (3, 60, 0.05, 0.267813154588, 2.55909684729, 5.71854861436),
]


@pytest.mark.parametrize(("readers", "cases", "effect", "power", "noncentrality", "df"), RJAFROC)
def test_power_of_a_difference_equals_rjafroc(readers, cases, effect, power, noncentrality, df):
    found = difference_power(van_dyke_components(), n_readers=readers, n_cases=cases, difference=effect)
    assert (found.power, found.noncentrality, found.df) == pytest.approx((power, noncentrality, df), **EXACT)


def test_power_of_a_difference_equals_the_published_one():
    """RJafroc's own tests: SsPowerGivenJK(effectSize = -.043800322, J = 10, K = 165, OR, RRRC) = 0.80541995."""
    found = difference_power(van_dyke_components(), n_readers=10, n_cases=165, difference=-0.043800322)
    assert round(found.power, 8) == 0.80541995


# golden/g10d_mrmc_power.json, single_modality_vs_chance: J, K → SE, df, power at .10, power of equivalence at ±.10
SINGLE = [
    (3, 60, 0.0642910050733, 3.97107438017, 0.224870413472, 0),
    (5, 60, 0.0544058820349, 11.3140495868, 0.390829470083, 0.0364354881703),
    (10, 60, 0.045607017004, 50.2809917355, 0.575631797181, 0.392519339902),
    (5, 240, 0.0366060104354, 6.64053254438, 0.643468463391, 0.56023578039),
    (10, 240, 0.0286356421266, 22.3801775148, 0.916026462765, 0.910715834175),
]


@pytest.mark.parametrize(("readers", "cases", "se", "df", "superiority", "equivalence"), SINGLE)
def test_power_against_chance_equals_r(readers, cases, se, df, superiority, equivalence):
    found = chance_power(PILOT, n_readers=readers, n_cases=cases, difference=0.1)
    assert (found.se, found.df, found.power) == pytest.approx((se, df, superiority), **EXACT)
    passing = pooled_equivalence_power(PILOT, n_readers=readers, n_cases=cases, margin=0.1)
    assert passing.power == pytest.approx(equivalence, **EXACT)


def test_every_golden_row(golden):
    document = json.loads((golden / "g10d_mrmc_power.json").read_text())
    single = document["single_modality_vs_chance"]
    for row in single["superiority_delta_.10"]:
        found = chance_power(PILOT, n_readers=row["J"], n_cases=row["K"], difference=row["delta"])
        assert (found.se, found.df, found.power) == pytest.approx(
            (row["se"], row["df"], row["power_two_sided"]), **EXACT
        )
    for row in single["tost_margin_.10_at_true_.5"]:
        found = pooled_equivalence_power(PILOT, n_readers=row["J"], n_cases=row["K"], margin=row["margin"])
        assert found.power == pytest.approx(row["tost_power_approx_at_delta"], **EXACT)
    for rows in document["rerun_van_dyke"]:
        row = next(row for row in rows if row["option"] == "RRRC")
        found = difference_power(van_dyke_components(), n_readers=row["J"], n_cases=row["K"], difference=row["effect"])
        assert (found.power, found.df) == pytest.approx((row["power"], row["df2"]), **EXACT)


def test_the_cases_found_are_the_fewest():
    cases = cases_for_power(PILOT, n_readers=10, difference=0.1)
    before, enough = (chance_power(PILOT, n_readers=10, n_cases=k, difference=0.1).power for k in (cases - 1, cases))
    assert before < 0.8 <= enough
    cases = cases_for_equivalence(PILOT, n_readers=10, margin=0.1)
    before, enough = (
        pooled_equivalence_power(PILOT, n_readers=10, n_cases=k, margin=0.1).power for k in (cases - 1, cases)
    )
    assert before < 0.8 <= enough


def test_no_cases_make_up_for_too_few_readers():
    assert cases_for_power(PILOT, n_readers=3, difference=0.1) is None
    assert cases_for_equivalence(PILOT, n_readers=3, margin=0.1) is None


def test_the_fewest_cases_are_found_where_more_would_spoil_them():
    """Two readers, much of the variance shared: power passes its peak as df falls towards 1."""
    shared = AreaComponents(var_reader=0.0005, var_error=0.006, cov2=0.0054, n_cases=60)

    def power(cases: int) -> float:
        return chance_power(shared, n_readers=2, n_cases=cases, difference=0.1).power

    cases = cases_for_power(shared, n_readers=2, difference=0.1)
    assert power(cases - 1) < 0.8 <= power(cases)
    assert power(20_000) < 0.5


def test_power_is_a_chance_even_where_it_is_all_but_certain():
    for cases in (10, 1280, 20_000):
        sure = AreaComponents(var_reader=0.0005, var_error=0.006, cov2=0.0036, n_cases=60)
        assert 0 <= chance_power(sure, n_readers=2, n_cases=cases, difference=0.15).power <= 1


def test_one_reader_is_refused():
    with pytest.raises(ValueError, match="at least two readers"):
        chance_power(PILOT, n_readers=1, n_cases=60, difference=0.1)


def test_assumed_components_are_those_of_two_binomial_shares():
    found = assumed_components(n_real=25, n_synthetic=50, accuracy=0.6, reader_sd=0.05, correlation=0.3)
    rng = np.random.default_rng(1)
    shares = (rng.binomial(25, 0.6, 200_000) / 25 + rng.binomial(50, 0.6, 200_000) / 50) / 2
    assert found.var_error == pytest.approx(shares.var(), rel=0.02)
    assert (found.var_reader, found.n_cases) == (0.05**2, 75)
    assert found.cov2 == 0.3 * found.var_error


def test_components_of_a_study_give_back_its_test():
    """Planned with the study's own readers and cases, SE and df are those of its test (see MRMCaov's)."""
    sums = pair_sums(*van_dyke.scores((1,)))
    found = pilot_components(sums.auc, jackknife_covariance(sums), n_cases=114)
    planned = chance_power(found, n_readers=5, n_cases=114, difference=0.1)
    assert (planned.se, planned.df) == pytest.approx((0.0331735969592, 12.7446475981), **EXACT)


def test_the_curve_has_a_row_for_each_number_of_readers_and_cases():
    curve = pooled_power_curve(PILOT, n_readers=(3, 5), n_cases=(60, 120), difference=0.1, margin=0.1)
    assert curve[["n_readers", "n_cases"]].to_numpy().tolist() == [[3, 60], [3, 120], [5, 60], [5, 120]]
    assert curve["superiority"].iloc[2] == pytest.approx(0.390829470083, **EXACT)
    assert curve["superiority"].is_monotonic_increasing


def test_a_margin_says_what_it_needs():
    assert what_a_margin_needs(0.1) == (
        "At ±0.1 one reader's equivalence test cannot pass with fewer than 76 answers, and needs 227 to pass with 80 % "
        "where the reader guesses."
    )
