"""A closed study's figures, from the readings joined with the truth."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from readerstudy.analysis.analysis import Analysis, analyse
from readerstudy.analysis.frame import COLUMNS, readings_frame
from readerstudy.domain.unblinding import unblind
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import Sequence, SequenceItem
from readerstudy.models.study import Study

STAND_IN_NOTICE = (
    "The “real” cases of this study are, in part or all, stand-ins made by a phantom's lesion model, not patients' "
    "tumours: its figures say nothing about real tumours."
)


@dataclass(frozen=True)
class StudyResults:
    """`stand_in`: whether any counted real case is a stand-in."""

    readings: pd.DataFrame
    analysis: Analysis
    stand_in: bool


def study_results(study: Study) -> StudyResults:
    """Analyse a closed study.

    Raises
    ------
    DomainError
        While readers may still read.
    """
    readings = build_readings(study)
    design = study.design["analysis"]
    analysis = analyse(readings, alpha=design["alpha"], margins=[design["equivalence_margin"]])
    return StudyResults(readings, analysis, has_stand_ins(study))


def has_stand_ins(study: Study) -> bool:
    return GroundTruth.objects.filter(case__study=study, case__practice=False, stand_in=True).exists()


def build_readings(study: Study) -> pd.DataFrame:
    """Return the study's readings frame: the one place that builds it from the database."""
    rows = [
        {
            "reader_id": reading.item.sequence.reader.code,
            "case_id": reading.item.case.code,
            "organ": reading.item.case.organ,
            "generator": truth.generator,
            "truth": truth.truth,
            "label": reading.label,
            "rating": reading.rating,
            "order": _order(reading.item),
            "time_s": _time_s(reading),
            "session": reading.item.sitting,
            "repeat_index": reading.item.repeat_index,
        }
        for reading, truth in unblind(study)
    ]
    return readings_frame(pd.DataFrame(rows, columns=list(COLUMNS)))


def _time_s(reading: Reading) -> float | None:
    """Return the active time, which pauses do not lengthen; where it was not counted, the time that passed."""
    milliseconds = reading.elapsed_ms if reading.active_ms is None else reading.active_ms
    return None if milliseconds is None else milliseconds / 1000


def _order(item: SequenceItem) -> int | None:
    return None if item.sequence.algorithm == Sequence.ORDER_NOT_RECORDED else item.position
