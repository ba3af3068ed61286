"""Joining readings with the truth: for staff, and for closed studies only."""

from __future__ import annotations

from readerstudy.domain.errors import DomainError
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.reading import Reading
from readerstudy.models.study import Study


def unblind(study: Study) -> list[tuple[Reading, GroundTruth]]:
    """Return the study's counted readings, the last revision of each, with what the case was.

    Raises
    ------
    DomainError
        While readers may still read.
    """
    if study.state != Study.State.CLOSED:
        raise DomainError(f"Study {study.slug} is not closed; figures are shown once reading has ended.")
    truths = {truth.case_id: truth for truth in GroundTruth.objects.filter(case__study=study)}
    last: dict[int, Reading] = {}
    readings = Reading.objects.filter(item__sequence__reader__study=study, item__case__practice=False)
    for reading in readings.select_related("item__case", "item__sequence__reader").order_by(
        "item__sequence__reader__code", "item__position", "revision"
    ):
        last[reading.item_id] = reading
    return [(reading, truths[reading.item.case_id]) for reading in last.values()]
