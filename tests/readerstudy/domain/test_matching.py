"""Synthetic cases like the real ones, and what could not be matched said in numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.domain.design import parse_design
from readerstudy.domain.matching import balance, standardised_difference
from readerstudy.domain.selection import plan_case_set
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import OrganScan, Volume
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def plan(*, on, seed=7, real=3, synthetic=None, **design):
    organs = [factories.organ_data(real=real, synthetic=synthetic or {"hand-crafted": real})]
    return plan_case_set(
        parse_design(
            factories.design_data(organs=organs, seed=seed, matching={"on": on} | design.pop("matching", {}), **design)
        )
    )


def set_volume(scan, **fields):
    Volume.objects.filter(pk=scan.volume_id).update(**fields)


def arms(planned, read):
    real = sorted(read(one.scan) for one in planned if not one.slot.generator)
    return real, sorted(read(one.scan) for one in planned if one.slot.generator)


def slice_spacing(scan):
    return scan.volume.spacing_mm[2]


SEEDS = range(4)


def test_hosts_are_drawn_with_the_spacing_of_the_real_cases():
    dataset = factories.make_dataset()
    for mm in (1.0, 2.5, 5.0):
        set_volume(factories.make_scan(dataset, origin=Origin.REAL), spacing_mm=[0.8, 0.8, mm])
        for _ in range(2):
            set_volume(factories.make_scan(dataset), spacing_mm=[0.8, 0.8, mm])

    for seed in SEEDS:
        real, synthetic = arms(plan(on=["spacing"], seed=seed), slice_spacing)
        assert synthetic == real == [1.0, 2.5, 5.0]
    unmatched = [arms(plan(on=["diameter"], seed=seed), slice_spacing) for seed in SEEDS]
    assert any(real != synthetic for real, synthetic in unmatched)


@pytest.mark.parametrize("attribute", ["phase", "dataset"])
def test_hosts_are_drawn_with_the_phase_and_from_the_data_sets_of_the_real_cases(attribute):
    for name, phase in (("one", "arterial"), ("two", "portal"), ("three", "none")):
        dataset = factories.make_dataset(name)
        factories.make_scan(dataset, origin=Origin.REAL, phase=phase)
        for _ in range(3):
            factories.make_scan(dataset, phase=phase)

    for seed in SEEDS:
        planned = plan(on=[attribute], seed=seed)
        for read in (lambda scan: scan.phase, lambda scan: scan.volume.dataset.name):
            real, synthetic = arms(planned, read)
            assert synthetic == real


def test_tumours_made_elsewhere_are_drawn_by_their_diameter_and_number():
    dataset = factories.make_dataset()
    for mm, lesions in ((7, 1), (13, 2), (19, 1)):
        factories.make_scan(dataset, origin=Origin.REAL, diameter_mm=mm, lesions=lesions)
        for off in (0.2, 6):
            factories.make_scan(dataset, origin=Origin.SYNTHETIC, diameter_mm=mm + off, lesions=lesions)
        factories.make_scan(dataset, origin=Origin.SYNTHETIC, diameter_mm=mm + 0.2, lesions=3)

    for seed in SEEDS:
        planned = plan(on=["diameter", "lesions"], seed=seed, synthetic={"gan": 3})
        made = {(one.scan.diameter_mm, one.scan.lesions) for one in planned if one.slot.generator}
        assert made == {(7.2, 1), (13.2, 2), (19.2, 1)}


def test_real_cases_of_one_lesion_are_preferred_where_ours_have_one_and_the_number_is_matched():
    dataset = factories.make_patients(real=2, hosts=2)
    for _ in range(4):
        factories.make_scan(dataset, origin=Origin.REAL, lesions=3)

    for seed in SEEDS:
        planned = plan(on=["diameter", "lesions"], seed=seed, real=2)
        assert [one.scan.lesions for one in planned if not one.slot.generator] == [1, 1]
    assert "lesions" not in str([row.attribute for row in balance(planned, ["diameter"]) if row.is_large])


def test_every_generator_gets_the_sizes_of_all_real_cases():
    dataset = factories.make_patients(real=0, hosts=6)
    for mm in (6, 9, 12):
        factories.make_scan(dataset, origin=Origin.REAL, diameter_mm=float(mm))

    planned = plan(on=["diameter"], synthetic={"hand-crafted": 3, "cellular-automaton": 3})

    for generator in ("hand-crafted", "cellular-automaton"):
        assert sorted(one.diameter_mm for one in planned if one.slot.generator == generator) == [6, 9, 12]


def test_without_matching_diameters_come_from_the_range():
    dataset = factories.make_patients(real=0, hosts=3)
    for _ in range(3):
        factories.make_scan(dataset, origin=Origin.REAL, diameter_mm=6.0)

    planned = plan(on=[])

    made = [one.diameter_mm for one in planned if one.slot.generator]
    assert 6.0 not in made
    assert all(5 <= mm <= 20 for mm in made)


# A patient in several cases


def test_a_patient_stands_in_two_cases_only_where_patients_are_too_few():
    dataset = factories.make_patients(real=2, hosts=1)
    factories.make_scan(dataset, origin=Origin.REAL, patient="both")
    factories.make_scan(dataset, patient="both")
    twice = {"same_patient": "other-sitting"}
    reading = {"sittings": 2, "washout_days": 7}

    few = plan(on=["diameter"], real=2, matching=twice, reading=reading)
    many = plan(on=["diameter"], real=3, synthetic={"hand-crafted": 2}, matching=twice, reading=reading)

    patients = [[one.scan.volume.patient_key for one in planned] for planned in (few, many)]
    assert len(set(patients[0])) == 4
    assert patients[1].count("both") == 2
    assert len(set(patients[1])) == 4


def test_a_real_case_never_stands_twice_and_a_host_may():
    dataset = factories.make_patients(real=1, hosts=1)
    reading = {"sittings": 2, "washout_days": 7}

    with pytest.raises(Exception, match=r"up to 2 cases each: liver real: 2 asked for, 1 can be had"):
        plan(on=[], real=2, matching={"same_patient": "other-sitting"}, reading=reading)

    factories.make_scan(dataset, origin=Origin.REAL)
    planned = plan(on=[], real=2, matching={"same_patient": "other-sitting"}, reading=reading)
    hosts = [one.scan.pk for one in planned if one.slot.generator]
    assert len(hosts) == 2
    assert len(set(hosts)) == 1


# What could not be matched


def rows(planned, on=("diameter",)):
    return {(row.attribute, row.level): row for row in balance(planned, on)}


def test_the_balance_compares_the_arms_of_each_generator():
    dataset = factories.make_dataset("clinic")
    hosts = factories.make_dataset("hosts")
    for mm in (1.0, 3.0):
        set_volume(factories.make_scan(dataset, origin=Origin.REAL, lesions=2, phase="portal"), spacing_mm=[1, 1, mm])
        set_volume(factories.make_scan(hosts, phase="portal"), spacing_mm=[1, 1, mm + 4])

    found = rows(plan(on=["diameter", "phase"], real=2), ["diameter", "phase"])

    assert {row.organ for row in found.values()} == {"liver"}
    assert {row.generator for row in found.values()} == {"hand-crafted"}
    spacing = found["slice spacing, mm", ""]
    assert (spacing.real, spacing.synthetic) == (2.0, 6.0)
    assert spacing.difference == pytest.approx(-4 / 2**0.5)
    assert spacing.is_large
    assert not spacing.matched
    lesions = found["lesions", ""]
    assert (lesions.real, lesions.synthetic, lesions.difference, lesions.is_large) == (2.0, 1.0, None, True)
    phase = found["phase", "portal venous"]
    assert (phase.real, phase.difference, phase.is_large, phase.matched) == (1.0, 0.0, False, True)
    assert (found["data set", "clinic"].real, found["data set", "clinic"].synthetic) == (1.0, 0.0)
    assert found["data set", "clinic"].is_large
    assert found["diameter, mm", ""].difference == pytest.approx(0.0)


def test_practice_is_not_in_the_balance_and_an_organ_without_real_cases_has_none():
    factories.make_patients(real=3, hosts=3)
    with_practice = plan(on=[], real=2, reading={"practice": 2})

    assert balance(with_practice, []) == balance([one for one in with_practice if not one.slot.practice], [])
    organs = [factories.organ_data(real=0, synthetic={"hand-crafted": 2})]
    assert balance(plan_case_set(parse_design(factories.design_data(organs=organs))), []) == []


@pytest.mark.django_db(False)
def test_a_standardised_difference_is_that_of_the_textbook():
    """By hand, from the formulas of Austin 2009."""
    assert standardised_difference([20, 40], [25, 25]) == pytest.approx(5 / (200 / 2) ** 0.5)
    shares = standardised_difference([1, 1, 1, 0, 0], [1, 1, 0, 0, 0], shares=True)
    assert shares == pytest.approx(0.2 / ((0.6 * 0.4 + 0.4 * 0.6) / 2) ** 0.5)


@given(st.lists(st.floats(0, 100), max_size=6), st.lists(st.floats(0, 100), max_size=6))
@pytest.mark.django_db(False)
def test_a_standardised_difference_changes_its_sign_with_the_arms(first, second):
    one, other = standardised_difference(first, second), standardised_difference(second, first)

    assert (one is None) == (other is None)
    assert one is None or one == pytest.approx(-other)


def test_a_tumour_of_ours_is_asked_for_in_the_part_of_the_organ_where_its_model_lies():
    dataset = factories.make_dataset()
    for region in ("right upper", "left lower", "left lower"):
        factories.make_scan(dataset, origin=Origin.REAL, region=region)
        factories.make_scan(dataset)

    planned = plan(on=["region"])

    ours = [one for one in planned if one.slot.generator]
    assert sorted(one.region for one in ours) == ["left lower", "left lower", "right upper"]
    rows = {row.level: row for row in balance(planned, ["region"]) if row.attribute == "part of the organ"}
    assert {level: (row.real, row.synthetic, row.difference) for level, row in rows.items()} == {
        "left lower": (pytest.approx(2 / 3), pytest.approx(2 / 3), 0.0),
        "right upper": (pytest.approx(1 / 3), pytest.approx(1 / 3), 0.0),
    }


def test_scans_that_were_imported_before_are_measured_when_it_is_asked_for():
    dataset = factories.make_patients(real=3, hosts=3)
    assert set(dataset.volumes.values_list("organ_scans__region", flat=True)) == {""}

    plan(on=["region"])

    known = set(OrganScan.objects.filter(origin=Origin.REAL).values_list("region", flat=True))
    assert known <= {"left middle", "right middle"}
    assert set(OrganScan.objects.filter(origin=Origin.HEALTHY).values_list("region", flat=True)) == {""}


def test_the_part_is_not_compared_where_it_is_not_matched():
    factories.make_patients(real=3, hosts=3)

    assert "part of the organ" not in {row.attribute for row in balance(plan(on=["diameter"]), ["diameter"])}
