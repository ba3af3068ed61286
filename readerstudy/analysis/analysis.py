"""The analysis of a study's readings: what `analyse` and `export_study` write."""

import json
import math
import platform
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from readerstudy.analysis import __version__
from readerstudy.analysis.bootstrap import REPLICATES, SEED
from readerstudy.analysis.caveats import caveats
from readerstudy.analysis.clustered_metrics import widen_for_patients
from readerstudy.analysis.clusters import patients_with_several_cases
from readerstudy.analysis.counts import KEYS
from readerstudy.analysis.frame import NOT_SEEN, counted
from readerstudy.analysis.headline import Protocol
from readerstudy.analysis.metrics import metrics
from readerstudy.analysis.mrmc import GeneratorDifference, GeneratorTest, pooled_tests
from readerstudy.analysis.readings_csv import escape_text, write_readings_csv
from readerstudy.analysis.records import records
from readerstudy.analysis.tables import made_tables

DEFINITIONS = {
    "positive": "real tumour",
    "negative": "synthetic tumour",
    "tp": "real called real",
    "fn": "real called synthetic",
    "tn": "synthetic called synthetic",
    "fp": "synthetic called real",
    "sensitivity": "tp / (tp + fn)",
    "specificity": "tn / (tn + fp)",
    "accuracy": "(tp + tn) / (tp + fn + tn + fp)",
    "balanced_accuracy": "(sensitivity + specificity) / 2; .5 is chance",
    "unsure": "counted, and left out of the denominators of sensitivity, specificity and accuracy",
    "generator": "a real case counts against every generator of its organ that its reader read",
    "intervals": (
        "as `interval` says, Wilson's score or Clopper-Pearson's; those of pooled rows treat readings as independent; "
        "where cases share a patient, each limit moved out to that of a bootstrap over patients"
    ),
    "hidden_repeats": "left out; the first reading of a case counts",
    "not_seen": "no tumour seen: in no denominator, counted apart",
    "controls": "deliberately poor synthetic cases: counted apart, in no other figure",
    "host_only": (
        "cases of both arms with the tumour hidden behind a ball: counted apart, in no other figure; ci_ and "
        "p_value exact, of `all` by exchanging the truth between cases, each counted once; p_holm over readers"
    ),
    "mrmc": "Obuchowski-Rockette, random readers and random cases, mean of the readers' areas against .5",
    "anchors": "where each reader read a part of the cases: those that all read, on which the pooled tests rest alone",
    "mrmc_differences": (
        "Obuchowski-Rockette, a - b, readers who read both; the real readings are shared, so it is "
        "specificities that are compared"
    ),
    "endpoint": "auc: of the ratings; balanced_accuracy: the area of the labels as scores",
    "unsure_policy": "exclude: left out; middle: synthetic < unsure < real; wrong: as an error, not tested",
    "tost": (
        "two one-sided tests that the area lies within .5 ± margin; equivalent alone does not show "
        "indistinguishable tumours: a reader who calls everything real passes too"
    ),
    "multiplicity": "p values are not corrected, but for p_holm of headlines: Holm over the protocol's family",
    "bootstrap": (
        "of the readers' mean area: ci_ percentiles over resampled readers and patients; test_ Obuchowski-Rockette "
        "with the covariance over resampled patients, which headlines take where cases share a patient"
    ),
    "indistinguishable": (
        "only where equivalence holds at the margin, every reader's H and F lie within .1 to .9, and the positive "
        "controls were found"
    ),
}


@dataclass(frozen=True)
class Analysis:
    """What was computed.

    Attributes
    ----------
    metrics
        The rows of metrics.csv.
    document
        The content of analysis.json, without NaN.
    tables
        The tables of `readerstudy.analysis.tables`, by the names that they have in the document.
    """

    metrics: pd.DataFrame
    document: dict[str, Any]
    tables: dict[str, pd.DataFrame]


def analyse(
    readings: pd.DataFrame,
    *,
    alpha: float = 0.05,
    margins: Sequence[float] = (0.10,),
    unsure_policy: str = "middle",
    holm_family: Sequence[str] = ("organ", "generator"),
    replicates: int = REPLICATES,
    interval: str = "wilson",
    years: Mapping[str, float] | None = None,
    anchors: Collection[str] = (),
) -> Analysis:
    """Analyse a readings frame; positive = real tumour.

    Parameters
    ----------
    readings : DataFrame
        From `read_readings_csv` or `readings_frame`.
    alpha : float
        Level of the tests; intervals cover 1 − `alpha`.
    margins : sequence of float
        Equivalence margins around .5, fixed before the study; the first is the headline's.
    unsure_policy : str
        Of the headline test, `middle` or `exclude`.
    holm_family : sequence of str
        What tests of the family tell apart: `organ`, `generator`.
    replicates : int
        Of each bootstrap.
    interval : str
        Of sensitivity, specificity and accuracy: `wilson` or `clopper-pearson`.
    years : mapping, optional
        Reader → years of experience.
    anchors : collection of str
        Where each reader was asked to read a part of the cases: those that all were. The pooled tests, which need
        every reader to have read every case, rest on these alone.
    """
    protocol = Protocol(alpha, margins[0], unsure_policy, tuple(holm_family))
    crossed = readings[readings["case_id"].isin(anchors)] if anchors else readings
    tests, differences = pooled_tests(crossed, alpha=alpha, margins=margins)
    several = patients_with_several_cases(readings)
    tables = made_tables(
        readings,
        crossed,
        tests,
        protocol,
        margins=margins,
        replicates=replicates,
        clustered=several > 0,
        years=years or {},
    )
    table = metrics(readings, alpha=alpha, interval=interval)
    if several:
        table = widen_for_patients(table, readings, alpha=alpha, replicates=replicates)
    first = counted(readings)
    cases = first.drop_duplicates("case_id")["truth"]
    document = {
        "positive": DEFINITIONS["positive"],
        "software": software(),
        "alpha": alpha,
        "margins": list(margins),
        "unsure_policy": unsure_policy,
        "holm_family": list(holm_family),
        "interval": interval,
        "bootstrap_replicates": replicates,
        "bootstrap_seed": SEED,
        "n_readings": len(first),
        "n_hidden_repeats": int((readings["repeat_index"] > 0).sum()),
        "n_not_seen": int((first["label"] == NOT_SEEN).sum()),
        "n_controls": int(((readings["control"] == 1) & (readings["repeat_index"] == 0)).sum()),
        "n_host_only": int(((readings["host_only"] == 1) & (readings["repeat_index"] == 0)).sum()),
        "n_readers": int(first["reader_id"].nunique()),
        "n_cases": {truth: int((cases == truth).sum()) for truth in ("real", "synthetic")},
        "n_patients_with_several_cases": several,
        "definitions": DEFINITIONS,
        "anchors": sorted(anchors),
        "warnings": caveats(readings, tests, anchors),
        "mrmc": [_test_row(test) for test in tests],
        "mrmc_differences": [_difference_row(difference) for difference in differences],
        **{name: records(made) for name, made in tables.items()},
    }
    return Analysis(table, document, tables)


def write_analysis(analysis: Analysis, readings: pd.DataFrame, folder: Path) -> list[Path]:
    """Write readings.csv, metrics.csv and analysis.json into an existing folder; return their paths."""
    paths = [folder / name for name in ("readings.csv", "metrics.csv", "analysis.json")]
    write_readings_csv(readings, paths[0])
    escaped = analysis.metrics.assign(**{key: analysis.metrics[key].map(escape_text) for key in KEYS})
    escaped.to_csv(paths[1], index=False, lineterminator="\n")
    text = json.dumps(analysis.document, indent=2, ensure_ascii=False, allow_nan=False)
    paths[2].write_text(text + "\n", encoding="utf-8")
    return paths


def _test_row(test: GeneratorTest) -> dict[str, Any]:
    return {
        **asdict(test.question),
        "generator": test.generator,
        "covariance": test.covariance,
        "n_readers": test.n_readers,
        **_finite(asdict(test.test)),
        "tost": [asdict(equivalence) for equivalence in test.tost],
    }


def _difference_row(difference: GeneratorDifference) -> dict[str, Any]:
    values = _finite(asdict(difference.test))
    return {
        **asdict(difference.question),
        "generator_a": difference.generator_a,
        "generator_b": difference.generator_b,
        "covariance": difference.covariance,
        "difference": values.pop("estimate"),
        **values,
    }


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """Replace infinite degrees of freedom, which JSON lacks, by None and say so."""
    if values["df"] == math.inf:
        return {**values, "df": None, "reason": values["reason"] or INFINITE_DF}
    return values


INFINITE_DF = "df is infinite, since the readers' values do not differ: the test is normal."


def software() -> dict[str, str]:
    """Return the versions that figures were worked out with."""
    packages = ("numpy", "pandas", "scipy", "statsmodels")
    return {
        "readerstudy": __version__,
        "python": platform.python_version(),
        **{package: version(package) for package in packages},
    }
