"""The rules of an order, as properties: of every design, seed and reader."""

from collections import Counter, defaultdict
from itertools import groupby

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from readerstudy.domain.errors import DomainError
from readerstudy.domain.orders import OrderedCase, Rules, draw_order, most_repeats

ORGANS = ("kidney", "liver", "pancreas")
seeds = st.integers(0, 2**63 - 1)
counts = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=3)


def make_cases(counts, *, practice=0, controls=0):
    """Return cases of a person each: per organ, so many real and so many synthetic ones."""
    truths = [
        (organ, is_real)
        for organ, numbers in zip(ORGANS, counts, strict=False)
        for is_real, number in zip((True, False), numbers, strict=True)
        for _ in range(number)
    ]
    cases = [OrderedCase(str(n), organ, is_real, f"person {n}") for n, (organ, is_real) in enumerate(truths)]
    cases += [OrderedCase(f"practice {n}", "liver", n % 2 == 0, f"learner {n}", practice=True) for n in range(practice)]
    cases += [OrderedCase(f"poor {n}", "liver", False, f"poor {n}", control=True) for n in range(controls)]
    return cases


def draw(cases, rules=None, *, seed=1, code="R1", rotation=0):
    return draw_order(cases, rules or Rules(), seed=seed, reader_code=code, rotation=rotation)


def sittings_of(order):
    counted = [place for place in order if not place.case.practice]
    return [list(places) for _, places in groupby(counted, key=lambda place: place.sitting)]


def splits(places):
    """Return the two ways to halve a sitting whose number of cases may be odd."""
    middle = len(places) // 2
    return [(places[:cut], places[cut:]) for cut in {middle, len(places) - middle}]


def differ_by_one_at_most(first, second, kind):
    one, other = (Counter(kind(place.case) for place in half) for half in (first, second))
    return all(abs(one[key] - other[key]) <= 1 for key in one | other)


@st.composite
def designs(draw):
    cases = make_cases(draw(counts), practice=draw(st.integers(0, 3)), controls=draw(st.integers(0, 3)))
    n_cases = sum(not (case.practice or case.control) for case in cases)
    sittings = draw(st.integers(1, 4))
    assume(n_cases >= sittings)
    return cases, Rules(sittings=sittings, repeats=draw(st.integers(0, most_repeats(n_cases, sittings))))


@given(designs(), seeds, st.integers(0, 9))
def test_every_case_is_read_once_and_repeats_once_more_later(design, seed, rotation):
    cases, rules = design

    order = draw(cases, rules, seed=seed, rotation=rotation)

    first = [place for place in order if place.repeat_index == 0]
    again = [place for place in order if place.repeat_index]
    assert sorted(place.case.key for place in first) == sorted(case.key for case in cases)
    assert len(again) == rules.repeats == len({place.case.key for place in again})
    sitting = {place.case.key: place.sitting for place in first}
    assert all(place.repeat_index == 1 and place.sitting > sitting[place.case.key] for place in again)
    assert not any(place.case.control or place.case.practice for place in again)


@given(designs(), seeds)
def test_practice_comes_first_and_sittings_in_turn(design, seed):
    cases, rules = design

    order = draw(cases, rules, seed=seed)

    n_practice = sum(case.practice for case in cases)
    assert [place.case.practice for place in order] == [True] * n_practice + [False] * (len(order) - n_practice)
    assert [place.sitting for place in order] == sorted(place.sitting for place in order)
    assert {place.sitting for place in order} == set(range(1, rules.sittings + 1))


@given(designs(), seeds)
def test_the_halves_of_a_sitting_hold_as_many_of_every_organ_and_of_every_truth(design, seed):
    cases, rules = design

    for places in sittings_of(draw(cases, rules, seed=seed)):
        assert any(
            differ_by_one_at_most(*halves, lambda case: case.organ)
            and differ_by_one_at_most(*halves, lambda case: case.is_real)
            for halves in splits(places)
        )


@given(designs(), seeds)
def test_sittings_share_the_first_readings_of_every_organ_and_truth(design, seed):
    cases, rules = design
    per_stratum = defaultdict(Counter)

    for place in draw(cases, rules, seed=seed):
        if not place.case.practice and not place.repeat_index:
            per_stratum[place.case.stratum][place.sitting] += 1

    for sittings in per_stratum.values():
        numbers = [sittings[n] for n in range(1, rules.sittings + 1)]
        assert max(numbers) - min(numbers) <= 1


@given(designs(), seeds)
def test_nobody_is_shown_twice_in_a_sitting(design, seed):
    cases, rules = design

    for places in sittings_of(draw(cases, rules, seed=seed)):
        assert max(Counter(place.case.person for place in places).values()) == 1


@given(designs(), seeds)
def test_an_order_follows_from_seed_code_and_rotation(design, seed):
    cases, rules = design

    assert draw(cases, rules, seed=seed, rotation=1) == draw(cases, rules, seed=seed, rotation=1)


def test_another_seed_or_reader_has_another_order():
    cases = make_cases([(10, 10)])

    assert draw(cases) != draw(cases, seed=2)
    assert draw(cases) != draw(cases, code="R2")


@given(designs(), seeds)
def test_over_as_many_readers_as_sittings_every_case_comes_once_in_each(design, seed):
    cases, rules = design
    seen = defaultdict(list)

    for rotation in range(rules.sittings):
        for place in draw(cases, rules, seed=seed, code=f"R{rotation}", rotation=rotation):
            if not place.repeat_index and not place.case.practice:
                seen[place.case.key].append(place.sitting)

    assert all(sorted(sittings) == list(range(1, rules.sittings + 1)) for sittings in seen.values())


@given(st.integers(4, 20), st.integers(2, 5), seeds)
def test_a_run_limit_is_kept_through_each_sitting(n, limit, seed):
    rules = Rules(sittings=2, repeats=n // 3, max_run=limit)

    for places in sittings_of(draw(make_cases([(n, n)]), rules, seed=seed)):
        assert max(len(list(run)) for _, run in groupby(place.case.is_real for place in places)) <= limit


def test_a_run_limit_that_cannot_be_kept_is_refused_with_the_one_that_can():
    with pytest.raises(DomainError) as caught:
        draw(make_cases([(2, 16)]), Rules(max_run=3))

    assert str(caught.value) == (
        "max_run = 3 can't be kept in a sitting of 2 real and 16 synthetic cases; 6 or more can."
    )


def twins(cases, pairs):
    """Give the first so many cases the same persons as so many others."""
    persons = {cases[-1 - n].key: cases[n].person for n in range(pairs)}
    return [OrderedCase(case.key, case.organ, case.is_real, persons.get(case.key, case.person)) for case in cases]


@given(st.integers(2, 4), st.integers(1, 8), seeds, st.integers(0, 3))
def test_a_person_of_several_cases_comes_in_sittings_of_their_own(sittings, pairs, seed, rotation):
    cases = twins(make_cases([(8, 8)]), pairs)
    rules = Rules(sittings=sittings, repeats=2 if pairs <= 4 else 0)

    for places in sittings_of(draw(cases, rules, seed=seed, rotation=rotation)):
        assert max(Counter(place.case.person for place in places).values()) == 1


def test_a_person_of_more_cases_than_sittings_is_refused():
    cases = [OrderedCase(str(n), "liver", n < 2, "the same") for n in range(4)]

    with pytest.raises(DomainError, match="2 sittings are too few to keep the cases of one patient apart"):
        draw(cases, Rules(sittings=2))


def test_repeats_that_would_show_a_person_twice_in_a_sitting_are_refused():
    """Everybody stands in both sittings already."""
    cases = twins(make_cases([(2, 2)]), 2)

    with pytest.raises(DomainError, match="1 repeats can't all come in later sittings"):
        draw(cases, Rules(sittings=2, repeats=1))


def test_each_half_comes_in_any_order():
    cases = make_cases([(2, 2)])

    firsts = Counter(draw(cases, seed=seed)[0].case.key for seed in range(400))

    assert len(firsts) == 4
    assert all(70 < times < 130 for times in firsts.values())  # 100 expected, 8.7 standard deviation
