"""Time the analysis and its pooled test, and print the memory they take.

    python -m benchmarks.analysis                   # the whole analysis, and the pooled test with its covariances
    python -m benchmarks.analysis --million         # and a file of 1,000,000 readings, read and analysed

Readings are simulated: readers share each case's difficulty, differ in bias, and tell a little better than chance.
Each figure is the best of three runs, but for the million. Peak memory is that of a process of its own.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from readerstudy.analysis.analysis import analyse
from readerstudy.analysis.auc import pair_sums, unbiased_covariance
from readerstudy.analysis.frame import readings_frame
from readerstudy.analysis.obuchowski_rockette import area_test, difference_test
from readerstudy.analysis.readings_csv import read_readings_csv, write_readings_csv

RUNS = 3
MIB = 1024  # of the kibibytes that ru_maxrss counts
RATING_CUTS = {"labels": (0.0,), "six levels": (-1.5, -0.5, 0.0, 0.5, 1.5), "continuous": ()}


def simulate(*, readers: int, cases: int, seed: int = 0) -> pd.DataFrame:
    """Return a readings frame of three organs and two generators, half of the cases real, with times and ratings."""
    rng = np.random.default_rng(seed)
    number = np.arange(cases)
    real = number % 2 == 0
    difficulty = rng.normal(0, 0.5, cases)
    codes = np.array([f"case {n}" for n in number])
    frames = []
    for reader in range(readers):
        score = 0.4 * real + difficulty + rng.normal(0, 0.8, cases) + rng.normal(0, 0.5)
        frames.append(
            pd.DataFrame(
                {
                    "reader_id": f"R{reader}",
                    "case_id": codes,
                    "organ": np.array(["liver", "pancreas", "kidney"])[number % 3],
                    "generator": np.where(real, "", np.array(["G", "H"])[number // 2 % 2]),
                    "truth": np.where(real, "real", "synthetic"),
                    "label": np.select([score > 0.3, score < 0.1], ["real", "synthetic"], "unsure"),
                    "rating": np.digitize(score, (-1, -0.3, 0.3, 1)) + 1.0,
                    "order": rng.permutation(cases) + 1,
                    "time_s": np.round(rng.lognormal(3, 0.5, cases), 2),
                }
            )
        )
    return readings_frame(pd.concat(frames))


def whole_analysis() -> Callable[[], object]:
    readings = simulate(readers=10, cases=300)
    return lambda: analyse(readings, replicates=2000)


def pooled_test(kind: str) -> Callable[[], object]:
    """Return 20 readers' two tests against chance and their difference, 500 real and 2 x 250 synthetic cases."""
    rng = np.random.default_rng(0)
    readers, n_real, n_synthetic = 20, 500, 250
    positive = np.tile(rng.normal(0.3, 1, (readers, n_real)), (2, 1))
    negative = np.full((2 * readers, 2 * n_synthetic), np.nan)
    negative[:readers, :n_synthetic] = rng.normal(0, 1, (readers, n_synthetic))
    negative[readers:, n_synthetic:] = rng.normal(0, 1, (readers, n_synthetic))
    if cuts := RATING_CUTS[kind]:
        missing = np.isnan(negative)
        positive, negative = (np.digitize(scores, cuts).astype(float) for scores in (positive, negative))
        negative[missing] = np.nan

    def run() -> None:
        sums = pair_sums(positive, negative)
        covariance = unbiased_covariance(sums)
        area_test(sums.auc[:readers], covariance[:readers, :readers], alpha=0.05)
        area_test(sums.auc[readers:], covariance[readers:, readers:], alpha=0.05)
        difference_test(sums.auc[:readers], sums.auc[readers:], covariance, alpha=0.05)

    return run


def million(readers: int) -> None:
    """Print how long a file of 1,000,000 readings takes to be read and to be analysed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "READINGS.csv"
        write_readings_csv(simulate(readers=readers, cases=1_000_000 // readers), path)
        start = time.perf_counter()
        readings = read_readings_csv(path)
        read = time.perf_counter()
        analyse(readings)
        print(f"1,000,000 readings, {readers} readers: read {read - start:.0f} s, ", end="")
        print(f"analysed {time.perf_counter() - read:.0f} s", end="")


def in_a_process(task: Callable[..., None], *arguments: object) -> None:
    """Run a task that prints a figure, then print the peak memory of its process."""
    process = multiprocessing.get_context("spawn").Process(target=_with_peak, args=(task, *arguments))
    process.start()
    process.join()


def _with_peak(task: Callable[..., None], *arguments: object) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    task(*arguments)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"; peak memory {peak / MIB:.0f} MiB, {(peak - before) / MIB:.0f} of them beyond the libraries", flush=True)


def best(name: str, made: Callable[[], Callable[[], object]], goal_s: float) -> None:
    task = made()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    print(f"{name}: {min(times):.3f} s (goal {goal_s:g} s)", end="")


def analysis_figure() -> None:
    best("analysis of 10 readers x 300 cases, 2,000 resamples", whole_analysis, 10)


def test_figure(kind: str) -> None:
    best(f"pooled tests, 20 readers x 1,000 cases x 2 generators, {kind}", lambda: pooled_test(kind), 0.3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--million", action="store_true")
    options = parser.parse_args()
    in_a_process(analysis_figure)
    for kind in RATING_CUTS:
        in_a_process(test_figure, kind)
    if options.million:
        for readers in (20, 200):
            in_a_process(million, readers)


if __name__ == "__main__":
    main()
