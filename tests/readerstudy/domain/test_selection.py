"""Which cases a study gets: seeded, each a patient of its own, or a refusal with the numbers."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from readerstudy.domain.design import parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.selection import plan_case_set
from readerstudy.models.vocabulary import Origin
from readerstudy.models.volume import OrganScan, Volume
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def plan(**changes):
    return plan_case_set(parse_design(factories.design_data(**changes)))


def patients(planned):
    return [one.scan.volume.patient_key for one in planned]


def drawn(planned):
    return [(one.slot.generator, one.slot.practice, one.scan.pk, one.diameter_mm, one.seed) for one in planned]


def refusal(**changes):
    with pytest.raises(DomainError) as caught:
        plan(**changes)
    return str(caught.value)


def test_the_same_seed_draws_the_same_set_and_another_seed_another():
    factories.make_patients(real=6, hosts=6)

    assert drawn(plan(seed=7)) == drawn(plan(seed=7))
    assert drawn(plan(seed=7)) != drawn(plan(seed=8))


def test_every_slot_of_the_design_is_filled_from_its_own_arm():
    factories.make_patients(real=4, hosts=4)
    factories.make_patients(real=4, hosts=4, organ="kidney")
    organs = [factories.organ_data(real=3), factories.organ_data(name="kidney", synthetic={"hand-crafted": 1})]

    planned = plan(organs=organs)

    assert Counter((one.scan.organ, one.scan.origin, one.slot.generator) for one in planned) == {
        ("liver", "real", ""): 3,
        ("liver", "healthy", "hand-crafted"): 2,
        ("kidney", "real", ""): 2,
        ("kidney", "healthy", "hand-crafted"): 1,
    }


def test_a_patient_stands_in_one_case_only_though_their_scans_would_do_for_several():
    dataset = factories.make_patients(real=1, hosts=1)
    for organ in ("liver", "kidney"):
        factories.make_scan(dataset, organ=organ, origin=Origin.REAL, patient="twice")
        factories.make_scan(dataset, organ=organ, patient="twice")
    organs = [factories.organ_data(real=1), factories.organ_data(name="kidney", real=0, synthetic={"hand-crafted": 1})]
    factories.make_scan(dataset)

    planned = plan(organs=organs)

    assert len(set(patients(planned))) == len(planned) == 4


def test_the_only_way_to_fill_all_slots_is_found():
    """Patient `both` could be real or host; only one of the two leaves enough for the other arm."""
    dataset = factories.make_patients(real=2, hosts=0)
    factories.make_scan(dataset, origin=Origin.REAL, patient="both")
    factories.make_scan(dataset, patient="both")
    factories.make_scan(dataset)

    for seed in range(8):
        planned = plan(seed=seed)
        assert [one.scan.origin for one in planned if one.scan.volume.patient_key == "both"] == [Origin.HEALTHY]


def test_a_shortage_says_the_numbers_and_what_to_do():
    factories.make_patients(real=3, hosts=5)

    assert refusal(organs=[factories.organ_data(real=25)]) == (
        "Too few patients, one case each: "
        "liver real: 25 asked for, 3 can be had (3 patients with a tumour of 5–20 mm). "
        "Ask for fewer cases, widen diameter_mm, or import more."
    )


def test_a_shortage_where_nothing_was_imported():
    assert refusal() == (
        "Too few patients, one case each: "
        "liver real: 2 asked for, 0 can be had (0 patients with a tumour of 5–20 mm); "
        "liver synthetic (hand-crafted): 2 asked for, 0 can be had (0 patients whose liver holds a tumour of 5 mm). "
        "Ask for fewer cases, widen diameter_mm, or import more."
    )


def test_real_tumours_outside_the_diameter_range_are_not_drawn():
    dataset = factories.make_patients(real=1, hosts=2)
    factories.make_scan(dataset, origin=Origin.REAL, tumor_mm=22)

    assert "liver real: 2 asked for, 1 can be had" in refusal()


def test_a_generator_that_nobody_has_is_refused_by_name():
    factories.make_patients(real=2, hosts=2)

    assert refusal(organs=[factories.organ_data(synthetic={"dreams": 2})]) == (
        "liver: no generator 'dreams' here; there are cellular-automaton, hand-crafted, latent-diffusion. "
        "Name one of these, or import cases made by yours."
    )


def test_cases_made_elsewhere_are_drawn_by_their_generators_name():
    dataset = factories.make_patients(real=2, hosts=2)
    made_elsewhere = [factories.make_scan(dataset, origin=Origin.SYNTHETIC).pk for _ in range(2)]

    planned = plan(organs=[factories.organ_data(synthetic={"gan": 2})])

    assert sorted(one.scan.pk for one in planned if one.slot.generator == "gan") == made_elsewhere
    assert all(one.seed is None and one.diameter_mm is None for one in planned)


@pytest.mark.parametrize("key", ["real_from", "hosts_from"])
def test_data_sets_are_drawn_from_as_named_and_an_unknown_one_is_refused(key):
    named = factories.make_patients(real=2, hosts=2, dataset=factories.make_dataset("named"))
    factories.make_patients(real=9, hosts=9)
    origin = Origin.REAL if key == "real_from" else Origin.HEALTHY

    planned = plan(organs=[factories.organ_data(**{key: ["named"]})])

    assert {one.scan.volume.dataset for one in planned if one.scan.origin == origin} == {named}
    assert refusal(organs=[factories.organ_data(**{key: ["nmaed"]})]) == (
        f"liver: {key} names a data set 'nmaed' that was not imported; correct it, or import it first."
    )


def test_stand_ins_are_left_out_unless_they_are_allowed():
    dataset = factories.make_patients(real=1, hosts=2)
    stand_in = factories.make_scan(dataset, origin=Origin.REAL, stand_in=True)

    assert "liver real: 2 asked for, 1 can be had" in refusal()
    assert refusal().endswith("1 stand-ins were left out; stand_ins_allowed = true takes them, for a demonstration.")
    assert stand_in in [one.scan for one in plan(stand_ins_allowed=True)]


def test_a_host_without_the_mask_of_its_organ_is_never_drawn():
    factories.make_patients(real=2, hosts=2)
    OrganScan.objects.filter(pk=OrganScan.objects.filter(origin=Origin.HEALTHY).first().pk).update(
        organ_mask=None, largest_sphere_mm=None
    )

    assert (
        "liver synthetic (hand-crafted): 2 asked for, 1 can be had (1 patient whose liver holds a tumour of 5 mm"
        in refusal()
    )


def test_a_host_whose_organ_holds_no_tumour_of_the_smallest_diameter_is_never_drawn():
    dataset = factories.make_patients(real=2, hosts=1)
    factories.make_scan(dataset, organ_radius_mm=5)

    assert "synthetic (hand-crafted): 2 asked for, 1 can be had" in refusal(
        organs=[factories.organ_data(diameter_mm=[8.9, 20])]
    )


def test_organs_too_small_for_the_diameter_are_said_with_the_largest_that_fits():
    factories.make_patients(real=0, hosts=2)
    room = max(OrganScan.objects.values_list("largest_sphere_mm", flat=True))

    assert (
        f"0 can be had (0 patients whose liver holds a tumour of 150 mm, the largest here holds {room:.1f} mm)"
        in refusal(organs=[factories.organ_data(real=0, diameter_mm=[150, 160])])
    )


def test_synthetic_tumours_get_the_diameters_of_the_real_ones():
    dataset = factories.make_dataset()
    for tumor_mm in (6, 9, 12, 15):
        factories.make_scan(dataset, origin=Origin.REAL, tumor_mm=tumor_mm)
        factories.make_scan(dataset)

    planned = plan(organs=[factories.organ_data(real=4, synthetic={"hand-crafted": 4})])

    real = sorted(one.scan.diameter_mm for one in planned if not one.slot.generator)
    assert sorted(one.diameter_mm for one in planned if one.slot.generator) == real


def test_a_synthetic_tumour_is_never_wider_than_its_host_holds():
    """The larger diameter goes to the roomier host, and what still does not fit is cut to what fits exactly."""
    dataset = factories.make_dataset()
    for tumor_mm in (15, 19):
        factories.make_scan(dataset, origin=Origin.REAL, tumor_mm=tumor_mm)
    narrow = factories.make_scan(dataset, organ_radius_mm=6)
    wide = factories.make_scan(dataset)
    OrganScan.objects.filter(pk=narrow.pk).update(largest_sphere_mm=12.3456789)

    planned = {one.scan.pk: one.diameter_mm for one in plan() if one.slot.generator}

    assert planned[narrow.pk] == 12.3456789
    assert planned[wide.pk] == max(OrganScan.objects.filter(origin=Origin.REAL).values_list("diameter_mm", flat=True))


def test_without_real_cases_diameters_are_drawn_from_the_range():
    factories.make_patients(real=0, hosts=6)

    planned = plan(organs=[factories.organ_data(real=0, synthetic={"hand-crafted": 6}, diameter_mm=[6, 9])])

    assert all(6 <= one.diameter_mm <= 9 for one in planned)
    assert len({one.diameter_mm for one in planned}) == 6


def test_practice_shares_no_patient_with_the_cases_and_prefers_other_data_sets():
    used = factories.make_patients(real=4, hosts=4, dataset=factories.make_dataset("used"))
    other = factories.make_patients(real=1, hosts=1, dataset=factories.make_dataset("other"))
    sources = {"real_from": ["used"], "hosts_from": ["used"]}

    planned = plan(organs=[factories.organ_data(**sources)], reading={"practice": 3})

    practice = [one for one in planned if one.slot.practice]
    assert len(set(patients(planned))) == len(planned) == 7
    assert [one.scan.volume.dataset for one in practice] == [other, other, used]


def test_too_few_patients_for_practice_says_the_numbers():
    factories.make_patients(real=3, hosts=2)

    assert refusal(reading={"practice": 3}) == (
        "Practice cases: 3 asked for, 1 can be had of patients that no case uses. "
        "Ask for fewer, or import more data sets."
    )


@pytest.mark.django_db(False)
def test_the_draw_does_not_depend_on_how_python_hashes_text():
    """Sets of names are walked in an order that differs from process to process."""
    program = """
import django; django.setup()
import numpy as np
from readerstudy.domain.assignment import Assignment
from readerstudy.domain.case_plan import Slot
from readerstudy.domain.design import OrganDesign
from readerstudy.models.volume import OrganScan, Volume
people = [f"person {n}" for n in range(12)]
scans = [OrganScan(volume=Volume(patient_key=one)) for one in people]
organs = [OrganDesign(name=name, real=1, synthetic={}, diameter_mm=(5, 20)) for name in ("liver", "pancreas", "kidney")]
slots = [Slot(organ, generator) for organ in organs for generator in ("", "gan", "hand-crafted")]
drawn = Assignment(slots, {slot.wants: scans for slot in slots}, dict(zip(people, people)), seats=1,
                   rng=np.random.default_rng(1)).cheapest(lambda row: np.zeros(12))
print([scan.volume.patient_key for scan in drawn])
"""
    root = Path(__file__).parents[3]
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env=os.environ | {"PYTHONHASHSEED": seed, "DJANGO_SETTINGS_MODULE": "readerstudy.settings"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "2")
    }

    assert len(outputs) == 1


def test_a_person_is_known_by_the_ct_too():
    """The same CT in two data sets, under two patients' names, is one person's."""
    dataset = factories.make_patients(real=1, hosts=0)
    host = factories.make_scan(dataset)
    twin = factories.make_scan(factories.make_dataset(), origin=Origin.REAL)
    organs = [factories.organ_data(real=2, synthetic={"hand-crafted": 1})]
    assert len(plan(organs=organs)) == 3

    Volume.objects.filter(pk=twin.volume_id).update(voxels_sha256=host.volume.voxels_sha256)

    assert "can be had" in refusal(organs=organs)


def test_the_draw_does_not_depend_on_the_key_of_the_pseudonyms():
    factories.make_patients(real=6, hosts=6)
    before = drawn(plan(seed=7))
    for volume in Volume.objects.all():
        Volume.objects.filter(pk=volume.pk).update(patient_key=f"{volume.pk * 7919 % 1000:032d}")

    assert drawn(plan(seed=7)) == before


def test_diameters_do_not_follow_the_size_of_the_hosts_organ():
    dataset = factories.make_dataset()
    for n in range(6):
        factories.make_scan(dataset, origin=Origin.REAL, tumor_mm=7 + n)
        host = factories.make_scan(dataset)
        OrganScan.objects.filter(pk=host.pk).update(largest_sphere_mm=50 + n)
    organs = [factories.organ_data(real=6, synthetic={"hand-crafted": 6})]

    orders = set()
    for seed in range(8):
        ours = [one for one in plan(seed=seed, organs=organs) if one.seed is not None]
        orders.add(tuple(one.scan.pk for one in sorted(ours, key=lambda one: one.diameter_mm)))
    assert len(orders) == 8


def test_an_arm_without_cases_is_not_practised_on():
    factories.make_patients(real=2, hosts=5)
    organs = [factories.organ_data(real=0, synthetic={"hand-crafted": 2})]

    planned = plan(organs=organs, reading={"practice": 2})

    assert [one.slot.generator for one in planned if one.slot.practice] == ["hand-crafted"] * 2


def test_several_generators_of_others_and_ours_stand_side_by_side():
    dataset = factories.make_patients(real=2, hosts=2)
    for generator in ("gan", "gan", "diffusion"):
        factories.make_scan(dataset, origin=Origin.SYNTHETIC, generator=generator)
    arms = {"hand-crafted": 1, "cellular-automaton": 1, "gan": 2, "diffusion": 1}

    planned = plan(organs=[factories.organ_data(real=2, synthetic=arms)])

    assert Counter(one.slot.generator for one in planned) == {"": 2, **arms}
    for one in planned:
        imported = one.slot.generator in ("gan", "diffusion")
        assert one.scan.generator == (one.slot.generator if imported else "")
        assert (one.seed is not None) == (one.slot.origin == Origin.HEALTHY)
    assert len(set(patients(planned))) == len(planned)
