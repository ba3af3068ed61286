"""How often the pooled test finds what is not there, over simulated studies in which readers cannot tell.

    python -m benchmarks.type1 [--studies 1000] [--seed 1] [--golden ../shared/golden/mc_type1.json]

The model: case i scores N(0, vc), shared by all readers; reader j adds noise N(0, 1 - vc) to each case, a bias
N(0, 0.5^2) to all, and a skill N(0, s^2) of mean 0 to the real cases. Labels cut the score at 0, ratings at -1,
-.3, .3 and 1. The table gives the share of studies in which the Obuchowski-Rockette test (unbiased covariance) rejects
chance at 5 %, those without variance counted as not rejected. With the file of golden values, which is itself of
1,000 studies a cell, each share is compared within three Monte Carlo standard errors of the difference.
"""

import argparse
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from readerstudy.analysis.auc import pair_sums, unbiased_covariance
from readerstudy.analysis.obuchowski_rockette import area_test

FloatArray = npt.NDArray[np.float64]

ALPHA = 0.05
BIAS_SD = 0.5
RATING_CUTS = (-1.0, -0.3, 0.3, 1.0)
DESIGNS = ((2, 30), (3, 25), (5, 30), (8, 50))
MODELS = ((0.3, 0.0), (0.3, 0.3), (0.0, 0.0))
GOLDEN_STUDIES = 1000


@dataclass(frozen=True)
class Cell:
    """`n` real and `n` synthetic cases, variance `case_variance` of them shared by the readers."""

    readers: int
    n: int
    case_variance: float
    skill_sd: float
    answers: str

    @property
    def golden_name(self) -> str:
        vc, skill = (f"{v:g}" if self.case_variance == 0 else f"{v:.1f}" for v in (self.case_variance, self.skill_sd))
        return f"R{self.readers} n{self.n}+{self.n} vc{vc} skill_sd{skill} {self.answers}"


def cells() -> Iterator[Cell]:
    for readers, n in DESIGNS:
        for case_variance, skill_sd in MODELS:
            for answers in ("rating", "binary"):
                yield Cell(readers, n, case_variance, skill_sd, answers)


def simulated(cell: Cell, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return the answers about real and about synthetic cases of one study, (readers, cases) each."""
    shape = (cell.readers, 2 * cell.n)
    score = rng.normal(0, math.sqrt(cell.case_variance), 2 * cell.n) + rng.normal(
        0, math.sqrt(1 - cell.case_variance), shape
    )
    score += rng.normal(0, BIAS_SD, (cell.readers, 1))
    score[:, : cell.n] += rng.normal(0, cell.skill_sd, (cell.readers, 1))
    cuts = RATING_CUTS if cell.answers == "rating" else (0.0,)
    answers = np.digitize(score, cuts).astype(np.float64)
    return answers[:, : cell.n], answers[:, cell.n :]


def rejections(cell: Cell, *, studies: int, rng: np.random.Generator) -> tuple[float, int]:
    """Return the share of studies that reject chance, and how many had no variance to test with."""
    rejected = undefined = 0
    for _ in range(studies):
        sums = pair_sums(*simulated(cell, rng))
        test = area_test(sums.auc, unbiased_covariance(sums), alpha=ALPHA)
        if test.p_value is None:
            undefined += 1
        elif test.p_value < ALPHA:
            rejected += 1
    return rejected / studies, undefined


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--golden", type=Path, default=Path("../shared/golden/mc_type1.json"))
    options = parser.parse_args()
    golden = json.loads(options.golden.read_text()) if options.golden.is_file() else {}
    rng = np.random.default_rng(options.seed)
    start, outside = time.perf_counter(), 0
    print(f"{'cell':45} {'rejected':>9} {'undefined':>9} {'golden':>7} {'difference':>11}")
    for cell in cells():
        share, undefined = rejections(cell, studies=options.studies, rng=rng)
        line = f"{cell.golden_name:45} {share:9.3f} {undefined:9}"
        if golden:
            expected = golden[cell.golden_name]["OR_RRRC"]
            pooled = (share * options.studies + expected * GOLDEN_STUDIES) / (options.studies + GOLDEN_STUDIES)
            se = math.sqrt(pooled * (1 - pooled) * (1 / options.studies + 1 / GOLDEN_STUDIES))
            outside += abs(share - expected) > 3 * se
            line += f" {expected:7.3f} {(share - expected) / se:+8.1f} SE"
        print(line, flush=True)
    print(f"{options.studies} studies a cell, {time.perf_counter() - start:.0f} s", end="")
    print(f"; {outside} of {len(list(cells()))} cells outside 3 SE" if golden else "")


if __name__ == "__main__":
    main()
