"""Joining readings with the truth: for staff, and for closed studies only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID

from readerstudy.domain.errors import DomainError
from readerstudy.domain.participation import left_out_readers
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import Sequence
from readerstudy.models.study import Study

ROWS_AT_ONCE = 5_000
ACTIVE_MS, ELAPSED_MS = 7, 8  # places in the rows that are joined


@dataclass(frozen=True, slots=True)
class UnblindedCase:
    """A counted case, and what it was."""

    case_id: str
    organ: str
    truth: str
    generator: str
    patient_id: str
    control: int
    host_only: int


@dataclass(frozen=True, slots=True)
class UnblindedReading:
    """A counted answer, the last revision of it, and its case. `order` and `time_s`: None where not recorded."""

    reader_id: str
    case: UnblindedCase
    label: str
    rating: float | None
    order: int | None
    time_s: float | None
    session: str
    repeat_index: int


def unblind(study: Study) -> Iterator[UnblindedReading]:
    """Return the study's counted readings (see `participation`), by reader and place in the order.

    They are read from the database as they are used.

    Raises
    ------
    DomainError
        While readers may still read.
    """
    return _join(study, unblinded_cases(study))


def unblinded_cases(study: Study) -> dict[UUID, UnblindedCase]:
    """Return the study's counted cases by their key.

    Patients (hosts, for synthetic cases) are numbered as they come in the order of the cases' random codes; of a case
    read elsewhere the patient is called as its file did.

    Raises
    ------
    DomainError
        While readers may still read.
    """
    require_closed(study)
    truths = GroundTruth.objects.filter(case__study=study, case__practice=False, case__exclusion=None)
    rows = truths.values_list(
        "case_id",
        "case__code",
        "case__organ",
        "truth",
        "generator",
        "source__volume__patient_key",
        "patient_code",
        "control",
        "case__host_only",
    )
    patients: dict[str, str] = {}
    cases: dict[UUID, UnblindedCase] = {}
    for key, code, organ, truth, generator, patient, patient_code, control, hidden in rows.order_by(
        "case__code"
    ).iterator(ROWS_AT_ONCE):
        number = patients.setdefault(patient, f"P{len(patients) + 1:04}") if patient else patient_code
        cases[key] = UnblindedCase(code, organ, truth, generator, number, int(control), int(hidden))
    return cases


def require_closed(study: Study) -> None:
    """Refuse to go on while readers may still read.

    Raises
    ------
    DomainError
    """
    if study.state != Study.State.CLOSED:
        raise DomainError(f"Study {study.slug} is not closed; figures are shown once reading has ended.")


def _join(study: Study, cases: dict[UUID, UnblindedCase]) -> Iterator[UnblindedReading]:
    readings = (
        Reading.objects.filter(
            item__sequence__reader__study=study, item__case__practice=False, item__case__exclusion=None
        )
        .exclude(item__sequence__reader__in=left_out_readers(study))
        .order_by("item__sequence__reader__code", "item__position", "revision")
    )
    rows = readings.values_list(
        "item_id",
        "item__sequence__reader__code",
        "item__case_id",
        "label",
        "rating",
        "item__position",
        "item__sequence__algorithm",
        "active_ms",
        "elapsed_ms",
        "item__sitting",
        "item__repeat_index",
    )
    for _, revisions in groupby(rows.iterator(ROWS_AT_ONCE), key=lambda row: row[0]):
        *earlier, last = revisions
        _, reader, case, label, rating, position, algorithm, _, _, sitting, repeat_index = last
        order = None if algorithm == Sequence.ORDER_NOT_RECORDED else position
        yield UnblindedReading(
            reader, cases[case], label, rating, order, _time_s([*earlier, last]), sitting, repeat_index
        )


def _time_s(revisions: list[tuple[Any, ...]]) -> float | None:
    """Return the active time of all visits, which pauses do not lengthen; the time to answer where none was counted."""
    active = [row[ACTIVE_MS] for row in revisions if row[ACTIVE_MS] is not None]
    milliseconds = sum(active) if active else revisions[0][ELAPSED_MS]
    return None if milliseconds is None else milliseconds / 1000
