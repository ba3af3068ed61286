"""Count how often the leak audit finds planted tells, and how often it raises an alarm where the arms are alike.

    python -m benchmarks.leak_audit                          # 200 clean sets, 10 sets of each tell; half an hour
    python -m benchmarks.leak_audit --clean 20 --planted 2   # a quick look
    python -m benchmarks.leak_audit --first-clean 20000      # clean sets that nobody chose anything by

CTs of both arms are drawn (`leak_audit_cases`), written as every case is written, measured by the audit's own
measures, and weighed with its own settings, 30 real and 30 synthetic cases in each set. Each set is weighed twice:
as one organ with one generator (3 tests), and as three organs with two generators (18 tests).
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy is imported: sets run side by side
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "readerstudy.settings")

import argparse
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import django
import pandas as pd

django.setup()

from benchmarks.leak_audit_cases import NO_TELL, TELLS, Tell, draw_cases  # noqa: E402  after Django is set up
from readerstudy.analysis.leak_audit import Feature, audit_leaks  # noqa: E402
from readerstudy.domain.leak_audit.features import FEATURES, data_set_features  # noqa: E402

PER_ARM = 30
PLANTED_FROM = 10_000  # seeds: no planted set shares its patients with a clean one
LAYOUTS = {
    "one organ": (("liver",), ("gan",)),
    "three organs": (("liver", "pancreas", "kidney"), ("gan", "diffusion")),
}


@dataclass(frozen=True)
class Outcome:
    """What the audit said of one set: the least family-wise p, which planted features it named, their AUC, time."""

    found: bool
    p_value: float
    named: bool
    planted_auc: float
    detectable_auc: float
    seconds: float


def audit_set(tell_name: str, seed: int) -> dict[str, Outcome]:
    """Draw one set and audit it in every layout."""
    tell = next(one for one in [NO_TELL, *TELLS] if one.name == tell_name)
    drawn = pd.DataFrame(draw_cases(tell, per_arm=PER_ARM, seed=seed))
    sources = data_set_features(drawn)
    drawn = drawn.join(sources.columns)
    return {
        name: _audit(_laid_out(drawn, organs, generators), [*FEATURES, *sources.features], tell, seed)
        for name, (organs, generators) in LAYOUTS.items()
    }


def _laid_out(drawn: pd.DataFrame, organs: Sequence[str], generators: Sequence[str]) -> pd.DataFrame:
    number = drawn["case_id"].astype(int)
    synthetic = drawn["truth"] == "synthetic"
    return drawn.assign(
        organ=[organs[n % len(organs)] for n in number],
        generator=[
            generators[n // len(organs) % len(generators)] if made else ""
            for n, made in zip(number, synthetic, strict=True)
        ],
    )


def _audit(cases: pd.DataFrame, features: Sequence[Feature], tell: Tell, seed: int) -> Outcome:
    began = time.perf_counter()
    result = audit_leaks(cases, features, seed=seed)
    named = {one.feature: one.auc for part in result.results for one in part.tells}
    return Outcome(
        found=result.found,
        p_value=min(part.p_value for part in result.results),
        named=any(feature in named for feature in tell.features),
        planted_auc=_alone(cases, tell),
        detectable_auc=max(part.detectable_auc or 1.0 for part in result.results[:3]),
        seconds=time.perf_counter() - began,
    )


def _alone(cases: pd.DataFrame, tell: Tell) -> float:
    """Return the AUC by which the planted feature separates all cases by itself."""
    if not tell.features:
        return 0.5
    real = cases["truth"] == "real"
    ranks = cases[tell.features[0]].rank()
    n_real, n_synthetic = int(real.sum()), int((~real).sum())
    auc = (ranks[real].sum() - n_real * (n_real + 1) / 2) / (n_real * n_synthetic)
    return float(max(auc, 1 - auc))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clean", type=int, default=200, metavar="SETS")
    parser.add_argument("--first-clean", type=int, default=0, metavar="SEED", help="of the clean sets' seeds")
    parser.add_argument("--planted", type=int, default=10, metavar="SETS", help="of each tell")
    parser.add_argument("--tell", action="append", choices=[tell.name for tell in TELLS], help="only these")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    options = parser.parse_args()
    with ProcessPoolExecutor(options.jobs) as pool:
        seeds = range(options.first_clean, options.first_clean + options.clean)
        clean = list(pool.map(audit_set, repeat(NO_TELL.name, len(seeds)), seeds, chunksize=5))
        if clean:
            _print_clean(clean)
        seeds = range(PLANTED_FROM, PLANTED_FROM + options.planted)
        print(f"\n{'planted tell':36} {'its AUC':>15}  " + "  ".join(f"{name:>22}" for name in LAYOUTS))
        print(f"{'':36} {'least  mean':>15}  " + "  ".join(f"{'found  named   worst p':>22}" for _ in LAYOUTS))
        for tell in [one for one in TELLS if options.planted and one.name in (options.tell or [one.name])]:
            _print_tell(tell, list(pool.map(audit_set, repeat(tell.name, len(seeds)), seeds)))


def _print_clean(clean: list[dict[str, Outcome]]) -> None:
    for name in LAYOUTS:
        outcomes = [one[name] for one in clean]
        alarms = sum(one.found for one in outcomes)
        detectable = sorted(one.detectable_auc for one in outcomes)[len(outcomes) // 2]
        seconds = sum(one.seconds for one in outcomes) / len(outcomes)
        print(
            f"{name}: {alarms} alarms in {len(outcomes)} clean sets of {PER_ARM}+{PER_ARM} "
            f"({alarms / len(outcomes):.1%}); finds a tell from AUC {detectable:.2f} four times in five (median); "
            f"{seconds:.1f} s to weigh",
            flush=True,
        )


def _print_tell(tell: Tell, sets: list[dict[str, Outcome]]) -> None:
    aucs = [next(iter(one.values())).planted_auc for one in sets]
    line = f"{tell.name:36} {min(aucs):>8.3f}  {sum(aucs) / len(aucs):.3f}"
    for name in LAYOUTS:
        outcomes = [one[name] for one in sets]
        found, named = sum(one.found for one in outcomes), sum(one.named for one in outcomes)
        worst = max(one.p_value for one in outcomes)
        counts = f"{found}/{len(outcomes)}  {named}/{len(outcomes)}  {worst:.4f}"
        line += f"  {counts:>22}"
    print(line, flush=True)


if __name__ == "__main__":
    main()
