"""How much a reader gains who counts: orders drawn by several rules, read by somebody who knows the rule.

    python -m benchmarks.counting_reader [--studies 400]

Two readers. *Told*: sees nothing in the images, but learns the truth of every case after answering it, which no
study lets a reader do: the upper bound. *Sees*: tells 70 % of cases rightly from the image, is told nothing, and
weighs each impression by what is left of each truth, as far as earlier impressions say. Both know how many cases of
each truth there are and the rule, count in the whole sitting, in its halves (or the rule's blocks), and each organ
apart, and look out for the end of a run. The best of these ways is printed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from readerstudy.domain.orders import OrderedCase, Rules, draw_order

ORGANS = ("liver", "pancreas", "kidney")
PER_ARM = 25
SEES = 0.7
LEAST_LEFT = 0.05  # of a case: a count that was off by one says nothing for certain

Order = list[tuple[str, bool]]
"""(organ, is real) of each case of a sitting."""


def cases() -> list[OrderedCase]:
    truths = [(organ, is_real) for organ in ORGANS for is_real in (True, False) for _ in range(PER_ARM)]
    return [OrderedCase(str(n), organ, is_real, str(n)) for n, (organ, is_real) in enumerate(truths)]


def drawn(rules: Rules) -> Callable[[int], list[Order]]:
    def draw(seed: int) -> list[Order]:
        sittings: dict[int, Order] = {}
        for place in draw_order(cases(), rules, seed=seed, reader_code="R1"):
            sittings.setdefault(place.sitting, []).append((place.case.organ, place.case.is_real))
        return list(sittings.values())

    return draw


def shuffled(seed: int) -> list[Order]:
    everything = cases()
    order = np.random.default_rng(seed).permutation(len(everything))
    return [[(everything[n].organ, everything[n].is_real) for n in order]]


def in_blocks_of_four(seed: int) -> list[Order]:
    """Two real and two synthetic cases in every four, whatever their organs."""
    rng = np.random.default_rng(seed)
    arms = [[case for case in cases() if case.is_real == truth] for truth in (True, False)]
    shuffles = [[arm[n] for n in rng.permutation(len(arm))] for arm in arms]
    order: Order = []
    while shuffles[0]:
        block = [arm.pop() for arm in shuffles for _ in range(min(2, len(arm)))]
        order += [(block[n].organ, block[n].is_real) for n in rng.permutation(len(block))]
    return [order]


@dataclass(frozen=True)
class Counter:
    """One way to count: anew every `size` cases, each organ by itself or not, minding runs of `max_run` or not."""

    size: int
    by_organ: bool
    max_run: int

    def answer(self, order: Order, *, sees: float | None, rng: np.random.Generator) -> list[bool]:
        """Return which answers are right; `sees` None is the reader who is told."""
        right: list[bool] = []
        for start in range(0, len(order), self.size):
            right += self._answer(order[start : start + self.size], sees, rng)
        return right

    def _answer(self, window: Order, sees: float | None, rng: np.random.Generator) -> list[bool]:
        groups = [organ if self.by_organ else "" for organ, _ in window]
        left = {group: [groups.count(group) / 2, groups.count(group) / 2] for group in groups}
        right: list[bool] = []
        last, run = False, 0
        for group, (_, is_real) in zip(groups, window, strict=True):
            impression = is_real if sees and rng.random() < sees else not is_real
            synthetic, real = (max(number, LEAST_LEFT) for number in left[group])
            odds = real / synthetic * (1.0 if sees is None else (sees / (1 - sees)) ** (1 if impression else -1))
            guess = rng.random() < 0.5 if odds == 1 else odds > 1
            if sees is None and self.max_run and run == self.max_run:
                guess = not last
            right.append(bool(guess == is_real))
            last, run = is_real, run + 1 if is_real == last else 1
            left[group][is_real if sees is None else impression] -= 1 if sees is None else sees
            if sees is not None:
                left[group][not impression] -= 1 - sees
        return right


def best_accuracy(draw: Callable[[int], list[Order]], studies: int, sees: float | None, block: int, run: int) -> float:
    rng = np.random.default_rng(1)
    accuracies: dict[tuple[bool, int], list[float]] = {}
    for seed in range(studies):
        orders = draw(seed)
        for by_organ in (False, True):
            for parts in (1, 2):
                right = []
                for order in orders:
                    size = block if block and parts == 2 else -(-len(order) // parts)
                    right += Counter(size, by_organ, run).answer(order, sees=sees, rng=rng)
                accuracies.setdefault((by_organ, parts), []).append(float(np.mean(right)))
    return max(float(np.mean(values)) for values in accuracies.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=400, help="orders drawn by each rule")
    studies = parser.parse_args().studies
    rules = [
        ("shuffled, nothing balanced", shuffled, 0, 0),
        ("even halves, one sitting (halves-1)", drawn(Rules()), 0, 0),
        ("even halves, two sittings (halves-1)", drawn(Rules(sittings=2)), 0, 0),
        ("even halves, max_run = 3", drawn(Rules(max_run=3)), 0, 3),
        ("blocks of four", in_blocks_of_four, 4, 0),
    ]
    print(f"{len(ORGANS)} organs, {PER_ARM} real and {PER_ARM} synthetic cases each; {studies} orders a rule")
    print(f"{'rule':40}{'told':>8}{'sees .70':>10}")
    for name, draw, block, run in rules:
        told, sees = (best_accuracy(draw, studies, level, block, run) for level in (None, SEES))
        print(f"{name:40}{told:8.3f}{sees:10.3f}")


if __name__ == "__main__":
    main()
