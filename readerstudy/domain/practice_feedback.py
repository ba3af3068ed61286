"""What a reader is told after a practice case, where the study tells it. Of a case that counts, never anything."""

from __future__ import annotations

from readerstudy.domain.organ_task import is_organ_task
from readerstudy.models.practice_truth import PracticeTruth
from readerstudy.models.reading import Reading

TOLD = {True: "The tumour of this practice case is real.", False: "The tumour of this practice case is synthetic."}


def feedback_on(reading: Reading) -> str | None:
    """Return what to say of the case of a stored reading; None where nothing is told."""
    if not reading.item.case.practice:
        return None
    case = reading.item.case
    truth = PracticeTruth.objects.filter(case=case).first()
    if truth is None:
        return None
    if is_organ_task(case.study.design):
        return f"The tumour of this practice case is in the {case.organ}."
    return TOLD[truth.is_real]
