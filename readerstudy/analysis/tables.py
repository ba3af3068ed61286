"""Every table of the analysis beside `metrics` and the pooled tests, by the name that it has in analysis.json."""

from collections.abc import Mapping, Sequence

import pandas as pd

from readerstudy.analysis.bootstrap import bootstrap_areas
from readerstudy.analysis.chance import against_chance
from readerstudy.analysis.controls import positive_controls
from readerstudy.analysis.counts import counts
from readerstudy.analysis.detection import signal_detection
from readerstudy.analysis.difficulty import case_difficulty
from readerstudy.analysis.discrimination import discrimination
from readerstudy.analysis.drift import drift, halves
from readerstudy.analysis.equivalence import reader_equivalence
from readerstudy.analysis.experience import experience_groups
from readerstudy.analysis.headline import Protocol, headlines
from readerstudy.analysis.host_only import host_only
from readerstudy.analysis.mrmc import GeneratorTest
from readerstudy.analysis.ratings import operating_points, rating_areas, rating_distribution, roc_curves
from readerstudy.analysis.reader_agreement import agreement_summary, pairwise_agreement, repeat_agreement
from readerstudy.analysis.timing import reading_times, time_ratios
from readerstudy.analysis.unsure import unsure_policies, unsure_rates


def made_tables(
    readings: pd.DataFrame,
    crossed: pd.DataFrame,
    tests: Sequence[GeneratorTest],
    protocol: Protocol,
    *,
    margins: Sequence[float],
    replicates: int,
    clustered: bool,
    years: Mapping[str, float],
) -> dict[str, pd.DataFrame]:
    """Return the tables of a readings frame; each one's columns are declared where it is made.

    Parameters
    ----------
    readings : DataFrame
        A readings frame.
    crossed : DataFrame
        Those of them that tests over readers rest on: of cases that every reader was asked to read.
    tests : sequence of GeneratorTest
        From `pooled_tests`.
    protocol : Protocol
        What was fixed before the study.
    margins : sequence of float
        Equivalence margins around ½, the protocol's among them.
    replicates : int
        Of the bootstrap.
    clustered : bool
        Whether cases share a patient.
    years : mapping
        Reader → years of experience, where known.
    """
    alpha = protocol.alpha
    table = counts(readings)
    controls = positive_controls(readings, alpha=alpha)
    equivalence = [reader_equivalence(table, controls, margin=margin, alpha=alpha) for margin in margins]
    resampled = bootstrap_areas(crossed, alpha=alpha, margins=margins, replicates=replicates)
    return {
        "headlines": headlines(tests, table, controls, resampled, protocol, clustered=clustered),
        "bootstrap": resampled,
        "counts": table,
        "unsure_policies": unsure_policies(table, alpha=alpha),
        "unsure_rates": unsure_rates(table, alpha=alpha),
        "discrimination": discrimination(table, alpha=alpha),
        "signal_detection": signal_detection(table, alpha=alpha),
        "against_chance": against_chance(table),
        "positive_controls": controls,
        "host_only": host_only(readings, alpha=alpha),
        "equivalence": pd.concat(equivalence, ignore_index=True),
        "rating_areas": rating_areas(readings, alpha=alpha),
        "roc_curves": roc_curves(readings),
        "operating_points": operating_points(table),
        "rating_distribution": rating_distribution(readings),
        "agreement": agreement_summary(readings, alpha=alpha),
        "agreement_pairs": pairwise_agreement(readings, alpha=alpha),
        "agreement_repeats": repeat_agreement(readings, alpha=alpha),
        "reading_times": reading_times(readings),
        "time_ratios": time_ratios(readings, alpha=alpha),
        "drift": drift(readings, alpha=alpha),
        "halves": halves(readings, alpha=alpha),
        "experience": experience_groups(table, years, alpha=alpha, unsure_policy=protocol.unsure_policy),
        "case_difficulty": case_difficulty(readings, alpha=alpha),
    }
