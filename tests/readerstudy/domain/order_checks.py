"""What every order must keep, checked without the code that draws orders; each raises AssertionError."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from itertools import groupby

from readerstudy.domain.orders import OrderedCase, Place, Rules

Order = Sequence[Place]


def check_order(order: Order, cases: Sequence[OrderedCase], rules: Rules) -> None:
    """Check one reader's order against every rule, apart from those that only several readers show."""
    check_every_case_once(order, cases, rules)
    check_practice_first(order, cases, rules)
    check_halves(order)
    check_sittings_share(order, rules)
    check_nobody_twice(order)
    if rules.max_run:
        check_runs(order, rules.max_run)


def sittings_of(order: Order) -> list[list[Place]]:
    counted = [place for place in order if not place.case.practice]
    return [list(places) for _, places in groupby(counted, key=lambda place: place.sitting)]


def check_every_case_once(order: Order, cases: Sequence[OrderedCase], rules: Rules) -> None:
    """Every case is read once, and as many as the rules say once more in a later sitting."""
    first = [place for place in order if place.repeat_index == 0]
    again = [place for place in order if place.repeat_index]
    assert sorted(place.case.key for place in first) == sorted(case.key for case in cases)
    assert len(again) == rules.repeats == len({place.case.key for place in again})
    sitting = {place.case.key: place.sitting for place in first}
    assert all(place.repeat_index == 1 and place.sitting > sitting[place.case.key] for place in again)
    assert not any(place.case.is_apart or place.case.practice for place in again)


def check_practice_first(order: Order, cases: Sequence[OrderedCase], rules: Rules) -> None:
    """Practice comes first, and the sittings in turn."""
    n_practice = sum(case.practice for case in cases)
    assert [place.case.practice for place in order] == [True] * n_practice + [False] * (len(order) - n_practice)
    assert [place.sitting for place in order] == sorted(place.sitting for place in order)
    assert {place.sitting for place in order} == set(range(1, rules.sittings + 1))


def check_halves(order: Order) -> None:
    """The halves of a sitting hold as many of every organ, and of every truth, give or take one."""
    for places in sittings_of(order):
        assert any(
            _differ_by_one_at_most(*halves, lambda case: case.organ)
            and _differ_by_one_at_most(*halves, lambda case: case.is_real)
            for halves in _splits(places)
        )


def check_sittings_share(order: Order, rules: Rules) -> None:
    """Sittings share the first readings of every organ and truth, give or take one."""
    per_stratum: dict[Hashable, Counter[int]] = defaultdict(Counter)
    for place in order:
        if not place.case.practice and not place.repeat_index:
            per_stratum[place.case.stratum][place.sitting] += 1
    for sittings in per_stratum.values():
        numbers = [sittings[n] for n in range(1, rules.sittings + 1)]
        assert max(numbers) - min(numbers) <= 1


def check_nobody_twice(order: Order) -> None:
    """Nobody is shown twice in a sitting."""
    for places in sittings_of(order):
        assert max(Counter(place.case.person for place in places).values()) == 1


def check_runs(order: Order, longest: int) -> None:
    for places in sittings_of(order):
        assert max(len(list(run)) for _, run in groupby(place.case.is_real for place in places)) <= longest


def check_counterbalance(orders: Sequence[Order], rules: Rules) -> None:
    """Over as many readers, one after the other, as there are sittings, every case comes once in each sitting."""
    seen: dict[str, list[int]] = defaultdict(list)
    for order in orders[: rules.sittings]:
        for place in order:
            if not place.repeat_index and not place.case.practice:
                seen[place.case.key].append(place.sitting)
    assert all(sorted(sittings) == list(range(1, rules.sittings + 1)) for sittings in seen.values())


def _splits(places: list[Place]) -> list[tuple[list[Place], list[Place]]]:
    """Return the two ways to halve a sitting whose number of cases may be odd."""
    middle = len(places) // 2
    return [(places[:cut], places[cut:]) for cut in {middle, len(places) - middle}]


def _differ_by_one_at_most(first: list[Place], second: list[Place], kind: Callable[[OrderedCase], Hashable]) -> bool:
    one, other = (Counter(kind(place.case) for place in half) for half in (first, second))
    return all(abs(one[key] - other[key]) <= 1 for key in one | other)
