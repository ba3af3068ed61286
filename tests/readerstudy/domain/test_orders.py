"""The rules of an order, as properties: of every design, seed and reader."""

from collections import Counter, defaultdict

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from readerstudy.domain.errors import DomainError
from readerstudy.domain.orders import OrderedCase, Rules, draw_order, most_repeats
from readerstudy.domain.shares import n_blocks, sizes_that_fit
from tests.readerstudy.domain.order_checks import (
    check_counterbalance,
    check_every_case_once,
    check_halves,
    check_nobody_twice,
    check_order,
    check_practice_first,
    check_runs,
    check_sittings_share,
    sittings_of,
)

ORGANS = ("kidney", "liver", "pancreas")
MOST_BLOCKS = 6
BEFORE = (
    "practice 0/1 practice 1/1 16/1 13/1 9/1 3/1 0/1 17/1 1/1 12/1 "
    "5/1 4/2 10/2 5/2 15/2 14/2 7/2 8/2 0/2 17/2 6/2 11/2 2/2"
)
seeds = st.integers(0, 2**63 - 1)
counts = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=3)


def make_cases(counts, *, practice=0, controls=0, hidden=0):
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
    cases += [OrderedCase(f"ball {n}", "liver", n % 2 == 0, f"ball {n}", host_only=True) for n in range(hidden)]
    return cases


def draw(cases, rules=None, *, seed=1, code="R1", rotation=0):
    return draw_order(cases, rules or Rules(), seed=seed, reader_code=code, rotation=rotation)


@st.composite
def designs(draw):
    few = st.integers(0, 3)
    cases = make_cases(draw(counts), practice=draw(few), controls=draw(few), hidden=2 * draw(few))
    n_cases = sum(not (case.practice or case.is_apart) for case in cases)
    sittings = draw(st.integers(1, 4))
    assume(n_cases >= sittings)
    return cases, Rules(sittings=sittings, repeats=draw(st.integers(0, most_repeats(n_cases, sittings))))


@given(designs(), seeds, st.integers(0, 9))
def test_every_case_is_read_once_and_repeats_once_more_later(design, seed, rotation):
    cases, rules = design

    check_every_case_once(draw(cases, rules, seed=seed, rotation=rotation), cases, rules)


@given(designs(), seeds)
def test_practice_comes_first_and_sittings_in_turn(design, seed):
    cases, rules = design

    check_practice_first(draw(cases, rules, seed=seed), cases, rules)


@given(designs(), seeds)
def test_the_halves_of_a_sitting_hold_as_many_of_every_organ_and_of_every_truth(design, seed):
    cases, rules = design

    check_halves(draw(cases, rules, seed=seed))


@given(designs(), seeds)
def test_sittings_share_the_first_readings_of_every_organ_and_truth(design, seed):
    cases, rules = design

    check_sittings_share(draw(cases, rules, seed=seed), rules)


@given(designs(), seeds)
def test_nobody_is_shown_twice_in_a_sitting(design, seed):
    cases, rules = design

    check_nobody_twice(draw(cases, rules, seed=seed))


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

    check_counterbalance(
        [draw(cases, rules, seed=seed, code=f"R{n}", rotation=n) for n in range(rules.sittings)], rules
    )


@given(st.integers(4, 20), st.integers(2, 5), seeds)
def test_a_run_limit_is_kept_through_each_sitting(n, limit, seed):
    rules = Rules(sittings=2, repeats=n // 3, max_run=limit)

    check_runs(draw(make_cases([(n, n)]), rules, seed=seed), limit)


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

    check_nobody_twice(draw(cases, rules, seed=seed, rotation=rotation))


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


@st.composite
def shared_designs(draw):
    """Cases of which each reader reads a part: anchors and one block."""
    cases = make_cases(draw(counts), practice=draw(st.integers(0, 2)), controls=draw(st.integers(0, 3)))
    n_cases = sum(not (case.practice or case.control) for case in cases)
    assume(n_cases >= 4)
    anchors = draw(st.integers(1, n_cases - 2))
    fits = [size for size in sizes_that_fit(n_cases, anchors) if n_blocks(n_cases, size, anchors) <= MOST_BLOCKS]
    assume(fits)
    per_reader = draw(st.sampled_from(fits))
    sittings = draw(st.integers(1, min(3, per_reader)))
    repeats = draw(st.integers(0, most_repeats(per_reader, sittings)))
    rules = Rules(sittings=sittings, cases_per_reader=per_reader, anchors=anchors, repeats=repeats)
    return cases, rules, n_blocks(n_cases, per_reader, anchors)


def counted_keys(order):
    return {place.case.key for place in order if not (place.case.practice or place.case.control)}


@settings(deadline=None)
@given(shared_designs(), seeds)
def test_readers_share_the_anchors_and_take_the_blocks_in_turn(design, seed):
    cases, rules, blocks = design
    read = [counted_keys(draw(cases, rules, seed=seed, code=f"R{n}", rotation=n)) for n in range(blocks)]

    anchors = set.intersection(*read)
    assert len(anchors) == rules.anchors
    assert all(len(keys) == rules.cases_per_reader for keys in read)
    assert set.union(*read) == {case.key for case in cases if not (case.practice or case.control)}
    assert sum(len(keys - anchors) for keys in read) == len(set.union(*read)) - rules.anchors
    assert counted_keys(draw(cases, rules, seed=seed, code="later", rotation=blocks)) == read[0]


@settings(deadline=None)
@given(shared_designs(), seeds)
def test_anchors_and_blocks_hold_every_organ_and_truth_evenly(design, seed):
    cases, rules, blocks = design
    of_key = {case.key: case for case in cases}
    read = [counted_keys(draw(cases, rules, seed=seed, code=f"R{n}", rotation=n)) for n in range(blocks)]
    anchors = set.intersection(*read)

    shares = [Counter(of_key[key].stratum for key in keys - anchors) for keys in read]
    for stratum in {case.stratum for case in cases}:
        numbers = [share[stratum] for share in shares]
        assert max(numbers) - min(numbers) <= 1
        of_all = sum(case.stratum == stratum for case in cases if not (case.practice or case.control))
        n_cases = sum(not (case.practice or case.control) for case in cases)
        exact = rules.anchors * of_all / n_cases
        assert abs(sum(of_key[key].stratum == stratum for key in anchors) - exact) < 1.01


@given(shared_designs(), seeds, st.integers(0, 9))
def test_a_part_keeps_the_rules_of_the_whole(design, seed, rotation):
    cases, rules, _ = design
    order = draw(cases, rules, seed=seed, rotation=rotation)

    read = {place.case.key for place in order}
    assert {case.key for case in cases if case.control} <= read
    check_order(order, [case for case in cases if case.key in read], rules)


@settings(deadline=None)
@given(shared_designs(), seeds)
def test_over_blocks_and_sittings_every_case_comes_as_often_in_each_sitting(design, seed):
    cases, rules, blocks = design
    seen = defaultdict(Counter)
    for rotation in range(blocks * rules.sittings):
        for place in draw(cases, rules, seed=seed, code=f"R{rotation}", rotation=rotation):
            if not (place.repeat_index or place.case.practice or place.case.control):
                seen[place.case.key][place.sitting] += 1

    anchors = max(sum(times.values()) for times in seen.values())
    assert anchors == blocks * rules.sittings
    for times in seen.values():
        if sum(times.values()) < anchors:  # of one block
            assert set(times.values()) == {1}


def test_orders_of_whole_readings_are_those_of_before():
    """Drawn by the code before shares were added."""
    order = draw(make_cases([(5, 5), (4, 4)], practice=2), Rules(sittings=2, repeats=3), seed=11, rotation=1)

    assert " ".join(f"{place.case.key}/{place.sitting}" for place in order) == BEFORE


@settings(deadline=None)
@given(st.integers(3, 8), st.integers(1, 3), seeds)
def test_a_person_who_may_meet_themselves_is_kept_in_other_sittings_or_far_apart(n, pairs, seed):
    cases = twins(make_cases([(n, n)]), pairs)

    (alone,) = sittings_of(draw(cases, Rules(may_meet=True), seed=seed))
    for places in sittings_of(draw(cases, Rules(sittings=2, may_meet=True), seed=seed)):
        assert max(Counter(place.case.person for place in places).values()) == 1

    places = defaultdict(list)
    for at, place in enumerate(alone):
        places[place.case.person].append(at)
    gaps = [second - first for first, second in (pair for pair in places.values() if len(pair) == 2)]
    assert min(gaps) >= n / 3


def test_whoever_must_meet_themselves_in_a_sitting_does():
    cases = [OrderedCase(str(n), "liver", n < 4, "the same") for n in range(8)]

    order = draw(cases, Rules(sittings=2, may_meet=True))

    assert len(order) == 8
