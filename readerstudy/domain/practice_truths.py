"""Copying the truth of practice cases to where the reading room finds it: once, on opening, if the design says so."""

from __future__ import annotations

from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.practice_truth import PracticeTruth
from readerstudy.models.study import Study


def copy_practice_truths(study: Study) -> None:
    if not study.design["reading"]["practice_feedback"]:
        return
    truths = GroundTruth.objects.filter(case__study=study, case__practice=True)
    PracticeTruth.objects.bulk_create(
        PracticeTruth(case_id=truth.case_id, is_real=truth.truth == GroundTruth.Truth.REAL) for truth in truths
    )
