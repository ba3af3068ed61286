"""A reader's order, stored: what `orders` drew, of this study's cases, under tokens of their own."""

import re

import pytest

from readerstudy.domain.design import parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.orders import draw_order
from readerstudy.domain.selection import plan_case_set
from readerstudy.domain.sequencing import draw_sequence, ordered_cases, rehearse, rules
from readerstudy.models.case import Case
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.reader import Reader
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.study import Study
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def make_study(*, practice=0, counted=0, slug="s", **reading):
    design = parse_design(factories.design_data(slug=slug, reading={"practice": practice, **reading}))
    study = Study.objects.create(slug=slug, design=design.to_json(), design_sha256="")
    for n in range(practice + counted):
        case = Case.objects.create(study=study, code=f"C{n:03}", organ="liver", practice=n < practice)
        truth = {"truth": "real"} if n % 2 else {"truth": "synthetic", "generator": "gan"}
        GroundTruth.objects.create(case=case, **truth)
    return study


def draw(study, code="R1"):
    return draw_sequence(reader=Reader.objects.create(study=study, code=code))


def stored(sequence):
    items = sequence.items.order_by("position").select_related("case")
    return [(item.position, item.case.code, item.sitting, item.repeat_index) for item in items]


def test_what_was_drawn_is_stored_and_can_be_drawn_again():
    study = make_study(practice=2, counted=12, sittings=2, washout_days=1, repeats=2)
    draw(study, "R1")

    second = draw(study, "R2")

    design = parse_design(study.design)
    again = draw_order(
        ordered_cases(study), rules(design), seed=design.seed, reader_code="R2", rotation=second.rotation
    )
    code = {str(key): code for key, code in Case.objects.values_list("pk", "code")}
    assert stored(second) == [
        (n, code[place.case.key], str(place.sitting), place.repeat_index) for n, place in enumerate(again, start=1)
    ]
    assert (second.algorithm, second.rotation) == ("halves-1", 1)
    assert len(again) == 16


def test_readers_have_orders_of_their_own():
    study = make_study(counted=20)

    assert stored(draw(study, "R1")) != stored(draw(study, "R2"))


def test_two_readers_take_the_blocks_in_turn():
    study = make_study(counted=12, sittings=2)

    def first_half(code):
        return set(draw(study, code).items.filter(sitting="1").values_list("case__code", flat=True))

    one, other, third = first_half("R1"), first_half("R2"), first_half("R3")
    assert one | other == set(Case.objects.values_list("code", flat=True))
    assert not one & other
    assert third == one


def test_a_repeat_has_a_token_of_its_own():
    items = draw(make_study(counted=4, sittings=2, washout_days=1, repeats=2)).items

    again = items.get(repeat_index=1, case=items.filter(repeat_index=1).first().case)
    first = items.get(repeat_index=0, case=again.case)
    assert first.token != again.token
    assert (first.sitting, again.sitting) == ("1", "2")


def test_tokens_are_random_and_a_readers_own():
    study = make_study(counted=6)

    draw(study, "R1")
    draw(study, "R2")

    tokens = list(SequenceItem.objects.values_list("token", flat=True))
    assert len(set(tokens)) == 12
    assert all(re.fullmatch("[0-9a-f]{32}", token) for token in tokens)


def test_cases_of_other_studies_stay_out():
    make_study(counted=3, slug="other")

    assert SequenceItem.objects.filter(sequence=draw(make_study(counted=2))).count() == 2


def test_a_persons_cases_come_in_different_sittings():
    dataset = factories.make_patients(real=1, hosts=1)
    factories.make_scan(dataset, origin="real", patient="twice")
    factories.make_scan(dataset, patient="twice")
    study = factories.make_open_study(
        matching={"same_patient": "other-sitting"}, reading={"sittings": 2, "washout_days": 7}
    )

    sequence = draw(study)

    twice = GroundTruth.objects.filter(source__volume__patient_key="twice").values("case")
    assert sorted(sequence.items.filter(case__in=twice).values_list("sitting", flat=True)) == ["1", "2"]


def test_a_design_whose_orders_cannot_be_drawn_is_refused_before_it_is_stored():
    dataset = factories.make_patients(real=0, hosts=0)
    for patient in ("a", "b"):
        factories.make_scan(dataset, origin="real", patient=patient)
        factories.make_scan(dataset, patient=patient)
    data = factories.design_data(
        matching={"same_patient": "other-sitting"}, reading={"sittings": 2, "washout_days": 7, "repeats": 1}
    )
    design = parse_design(data)

    with pytest.raises(DomainError, match="1 repeats can't all come in later sittings"):
        rehearse(design, plan_case_set(design))
