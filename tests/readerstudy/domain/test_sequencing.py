"""A reader's order: every case once, practice first, fixed by seed and code, stored."""

import re
from collections import Counter

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readerstudy.domain.sequencing import draw_sequence
from readerstudy.models.case import Case
from readerstudy.models.reader import Reader
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.study import Study

pytestmark = [pytest.mark.django_db, pytest.mark.database]

codes = st.text("ABCdef0123456789.-_", min_size=1, max_size=8)


def make_study(*, practice=0, counted=0, slug="s"):
    study = Study.objects.create(slug=slug, design={}, design_sha256="")
    for n in range(practice + counted):
        Case.objects.create(study=study, code=f"C{n:03}", organ="liver", practice=n < practice)
    return study


def draw(study, code="R1", seed=1):
    return draw_sequence(reader=Reader.objects.create(study=study, code=code), seed=seed)


def order(sequence):
    return [item.case.code for item in sequence.items.order_by("position")]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(practice=st.integers(0, 4), counted=st.integers(0, 12), code=codes, seed=st.integers(0, 2**63 - 1))
def test_an_order_is_a_permutation_with_practice_first(practice, counted, code, seed):
    with transaction.atomic():
        sequence = draw(make_study(practice=practice, counted=counted), code, seed)

        items = list(sequence.items.order_by("position").select_related("case"))
        transaction.set_rollback(True)

    assert [item.position for item in items] == list(range(1, practice + counted + 1))
    assert sorted(item.case.code for item in items) == [f"C{n:03}" for n in range(practice + counted)]
    assert [item.case.practice for item in items] == [True] * practice + [False] * counted


def test_an_order_follows_from_the_seed_and_the_readers_code():
    study, twin = make_study(counted=20), make_study(counted=20, slug="twin")

    first = order(draw(study, "R1", 1))

    assert order(draw(twin, "R1", 1)) == first
    assert order(draw(study, "R2", 1)) != first
    assert order(draw(twin, "R3", 2)) != order(draw(study, "R3", 1))


def test_every_order_of_three_cases_comes_up_about_as_often():
    study = make_study(counted=3)

    orders = Counter(tuple(order(draw(study, f"R{n}"))) for n in range(240))

    assert len(orders) == 6
    assert 20 <= min(orders.values()) <= max(orders.values()) <= 65  # 40 expected, 5.8 standard deviation


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
