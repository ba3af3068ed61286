"""Whether readers cannot tell: equivalence to chance, and when the word "indistinguishable" may be printed.

Positive = real tumour. A p above .05 against chance shows nothing, and a reader who calls everything real
scores ½ and passes an equivalence test. So "indistinguishable" needs all of

1. an equivalence test that passes at the margin fixed beforehand,
2. H (share of real cases called real) and F (share of synthetic cases called real) both within .1–.9,
3. the study's positive controls found (`controls`).

Where a reader answered unequally many real and synthetic cases, accuracy can be ½ for one who tells them well;
then the interval of the balanced accuracy must lie within the margin too.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import pandas as pd

from readerstudy.analysis.binomial_planning import CHANCE, SampleSizes, equivalence_sample_sizes
from readerstudy.analysis.counts import KEYS, Cell, cells, lacks_a_class, of_readers
from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.obuchowski_rockette import Equivalence
from readerstudy.analysis.proportions import newcombe_difference

LEAST_RATE, GREATEST_RATE = 0.1, 0.9
POWER = 0.8
EQUIVALENCE_COLUMNS = (
    *KEYS,
    "margin",
    "n_answered",
    "n_right",
    "p_lower",
    "p_upper",
    "p_tost",
    "equivalent",
    "smallest_n",
    "n_for_power",
    "hit_rate",
    "false_alarm_rate",
    "rates_within",
    "controls_found",
    "indistinguishable",
    "verdict",
    "reason",
)


@dataclass(frozen=True)
class Rates:
    """One reader's H and F; NaN where the class has no answer."""

    reader: str
    hit_rate: float
    false_alarm_rate: float

    @property
    def within(self) -> bool:
        return all(LEAST_RATE <= rate <= GREATEST_RATE for rate in (self.hit_rate, self.false_alarm_rate))

    def outside(self) -> Iterator[str]:
        for rate, name in ((self.hit_rate, "real"), (self.false_alarm_rate, "synthetic")):
            if not LEAST_RATE <= rate <= GREATEST_RATE:
                share = "answered no" if math.isnan(rate) else f"called {100 * rate:.0f} % of the"
                yield f"reader {self.reader} {share} {name} cases{'' if math.isnan(rate) else ' real, outside 10–90 %'}"


def tost_against_chance(right: int, answered: int, *, margin: float, alpha: float) -> Equivalence:
    """Return the exact equivalence test of one reader's right answers to ½ ± `margin`.

    p_lower = P(X ≥ right | ½ − margin), p_upper = P(X ≤ right | ½ + margin); equivalent where both are below
    `alpha`. All None without an answer.
    """
    from statsmodels.stats.proportion import binom_tost

    if not answered:
        return Equivalence(margin)
    p_tost, p_lower, p_upper = (float(p) for p in binom_tost(right, answered, CHANCE - margin, CHANCE + margin))
    return Equivalence(margin, p_lower, p_upper, p_tost, p_tost < alpha)


def reader_equivalence(table: pd.DataFrame, controls: pd.DataFrame, *, margin: float, alpha: float) -> pd.DataFrame:
    """Return `EQUIVALENCE_COLUMNS` for each single reader's row of `counts`.

    Parameters
    ----------
    table : DataFrame
        From `counts`.
    controls : DataFrame
        From `positive_controls`.
    margin : float
        Around ½, fixed before the study.
    alpha : float
        Level of each one-sided test.

    Returns
    -------
    DataFrame
        `smallest_n`: answers with which the test can pass at all; `n_for_power`: from which on it passes with 80 %
        for a reader who guesses. `controls_found` is NA where the reader read none. `verdict` says in one
        sentence what is and is not shown.
    """
    rows = of_readers(table)
    found = dict(zip(controls["reader_id"], controls["found"], strict=True))
    context = _Context(margin, alpha, equivalence_sample_sizes(margin=margin, power=POWER, alpha=alpha))
    records = [
        context.row(cell, str(reader), found.get(reader))
        for cell, reader in zip(cells(rows), rows["reader_id"], strict=True)
    ]
    out = rows[KEYS].join(pd.DataFrame(records, columns=list(EQUIVALENCE_COLUMNS[len(KEYS) : -1])))
    booleans = dict.fromkeys(("equivalent", "rates_within", "controls_found", "indistinguishable"), "boolean")
    out = out.astype({**booleans, "smallest_n": "Int64", "n_for_power": "Int64"})
    return out.assign(reason=lacks_a_class(rows))


@dataclass(frozen=True)
class _Context:
    """What all rows of one table share."""

    margin: float
    alpha: float
    sizes: SampleSizes

    def row(self, cell: Cell, reader: str, found: object) -> dict[str, object]:
        test = tost_against_chance(cell.right, cell.answered, margin=self.margin, alpha=self.alpha)
        rates = Rates(reader, cell.hit_rate, cell.false_alarm_rate)
        conditions = [
            *not_equivalent(test),
            *self._never_could(cell),
            *self._unbalanced(cell),
            *rates.outside(),
            *not_found(found),
        ]
        return {
            **asdict(test),
            "n_answered": cell.answered,
            "n_right": cell.right,
            "smallest_n": self.sizes.smallest,
            "n_for_power": self.sizes.always_with_power,
            "hit_rate": rates.hit_rate,
            "false_alarm_rate": rates.false_alarm_rate,
            "rates_within": rates.within,
            "controls_found": found,
            "indistinguishable": not conditions,
            "verdict": verdict(self.margin, conditions),
        }

    def _never_could(self, cell: Cell) -> Iterator[str]:
        if self.sizes.smallest and cell.answered < self.sizes.smallest:
            yield (
                f"with {cell.answered} answers it never could: {self.sizes.smallest} make it possible, "
                f"{self.sizes.always_with_power or 'more than anyone can read'} give {100 * POWER:.0f} % power"
            )

    def _unbalanced(self, cell: Cell) -> Iterator[str]:
        if cell.n_real == cell.n_synthetic or not (cell.n_real and cell.n_synthetic):
            return
        _, low, high = newcombe_difference(
            [cell.tp], [cell.n_real], [cell.fp], [cell.n_synthetic], alpha=2 * self.alpha
        )
        low, high = (1 + low[0]) / 2, (1 + high[0]) / 2
        if low <= CHANCE - self.margin or high >= CHANCE + self.margin:
            yield f"the {100 - 200 * self.alpha:g} % interval of the balanced accuracy is {low:.2f}–{high:.2f}"


def verdict(margin: float, conditions: list[str]) -> str:
    """Return the one sentence that says whether readers were shown to be unable to tell; why not, where not."""
    if not conditions:
        return f"Indistinguishable at ±{margin:.2f}."
    return f"Not shown to be indistinguishable at ±{margin:.2f}: {'; '.join(conditions)}."


def not_equivalent(test: Equivalence) -> Iterator[str]:
    """Yield what keeps an equivalence test from passing."""
    if test.p_tost is None:
        yield "the equivalence test is not estimable"
    elif not test.equivalent:
        yield f"the equivalence test does not pass (p = {test.p_tost:.2g})"


def not_found(found: object) -> Iterator[str]:
    """Yield what is wrong with the positive controls."""
    if found is None:
        yield "no positive controls were read"
    elif not found:
        yield "the positive controls were not found"


def rates_of(table: pd.DataFrame, *, organ: str, generator: str) -> list[Rates]:
    """Return H and F of each reader who read both classes of one organ and generator, from `counts`."""
    rows = of_readers(table)
    rows = rows[(rows["organ"] == organ) & (rows["generator"] == generator)]
    rows = rows[(rows["n_real"] > 0) & (rows["n_synthetic"] > 0)]
    return [
        Rates(str(reader), cell.hit_rate, cell.false_alarm_rate)
        for reader, cell in zip(rows["reader_id"], cells(rows), strict=True)
    ]


def found_by_all(controls: pd.DataFrame) -> bool | None:
    """Return whether the readers together found the positive controls; None where there were none."""
    pooled = controls.loc[controls["reader_id"] == POOLED, "found"]
    return bool(pooled.iloc[0]) if len(pooled) else None
