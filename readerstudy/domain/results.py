"""A closed study's figures, from the readings joined with the truth."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import pandas as pd

from readerstudy.analysis.analysis import Analysis, analyse
from readerstudy.analysis.frame import COLUMNS, readings_frame
from readerstudy.domain.unblinding import UnblindedCase, UnblindedReading, unblind
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study

STAND_IN_NOTICE = (
    "The “real” cases of this study are, in part or all, stand-ins made by a phantom's lesion model, not patients' "
    "tumours: its figures say nothing about real tumours."
)
OF_THE_CASE = {field.name for field in fields(UnblindedCase)}
OF_THE_READING = {field.name for field in fields(UnblindedReading)}


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
    analysis = analyse(
        readings,
        alpha=design["alpha"],
        margins=[design["equivalence_margin"]],
        unsure_policy=design["unsure_policy"],
        holm_family=design["holm_family"],
        years={reader.code: reader.years for reader in Reader.objects.filter(study=study) if reader.years is not None},
    )
    return StudyResults(readings, analysis, has_stand_ins(study))


def has_stand_ins(study: Study) -> bool:
    return GroundTruth.objects.filter(case__study=study, case__practice=False, stand_in=True).exists()


def build_readings(study: Study) -> pd.DataFrame:
    """Return the study's readings frame: the one place that builds it from the database."""
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS if name in OF_THE_CASE | OF_THE_READING}
    for reading in unblind(study):
        for name, values in columns.items():
            values.append(getattr(reading.case if name in OF_THE_CASE else reading, name))
    return readings_frame(pd.DataFrame(columns))
