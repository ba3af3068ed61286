"""What readers said beside their answers, as tables for the export of a closed study."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
from django.db.models import QuerySet

from readerstudy.analysis.exports.dictionary import DISPLAYS, PROBLEMS, REALISM, REMARKS, REVISIONS, SUPERSEDED
from readerstudy.models.display_check import DisplayCheck
from readerstudy.models.problem_report import ProblemReport
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.study import Study


def reader_tables(study: Study) -> dict[str, pd.DataFrame]:
    """Return each table by its file's name; practice cases are not among them."""
    return {
        "remarks.csv": pd.DataFrame(_remarks(study), columns=list(REMARKS)),
        "realism.csv": pd.DataFrame(_realism(study), columns=list(REALISM)),
        "revisions.csv": pd.DataFrame(_revisions(study), columns=list(REVISIONS)),
        "superseded.csv": pd.DataFrame(_superseded(study), columns=list(SUPERSEDED)),
        "problems.csv": pd.DataFrame(_problems(study), columns=list(PROBLEMS)),
        "displays.csv": pd.DataFrame(_displays(study), columns=list(DISPLAYS)),
    }


def _remarks(study: Study) -> Iterator[dict[str, Any]]:
    for reading in last_readings(study):
        if not reading.comment and reading.mark_mm is None:
            continue
        x, y, z = reading.mark_mm or (None, None, None)
        yield _reading(reading.item) | {"comment": reading.comment, "mark_x_mm": x, "mark_y_mm": y, "mark_z_mm": z}


def _realism(study: Study) -> Iterator[dict[str, Any]]:
    for reading in last_readings(study):
        if reading.attributes:
            yield _reading(reading.item) | reading.attributes


def _revisions(study: Study) -> Iterator[dict[str, Any]]:
    for reading in _readings(study):
        yield _reading(reading.item) | _answer(reading)


def _answer(reading: Reading) -> dict[str, Any]:
    return {
        "revision": reading.revision,
        "received_at": reading.received_at.isoformat(),
        "label": reading.label,
        "rating": reading.rating,
        "active_s": None if reading.active_ms is None else reading.active_ms / 1000,
    }


def _superseded(study: Study) -> Iterator[dict[str, Any]]:
    readings = Reading.objects.filter(item__case__practice=False, item__sequence__former_reader__study=study)
    for reading in readings.select_related("item__case", "item__sequence__former_reader").order_by("pk"):
        sequence = reading.item.sequence
        yield (
            _reading(reading.item)
            | _answer(reading)
            | {
                "draw": sequence.draw,
                "superseded_at": sequence.superseded_at.isoformat() if sequence.superseded_at else None,
                "order": reading.item.position,
                "session": reading.item.sitting,
            }
        )


def last_readings(study: Study) -> Iterator[Reading]:
    """Return the answers that count, in the order in which their cases were first answered."""
    last = {reading.item_id: reading for reading in _readings(study)}
    yield from last.values()


def _readings(study: Study) -> QuerySet[Reading]:
    readings = Reading.objects.filter(
        item__case__study=study, item__case__practice=False, item__sequence__superseded_at=None
    )
    return readings.select_related("item__case", "item__sequence__reader").order_by("pk")


def _problems(study: Study) -> Iterator[dict[str, Any]]:
    reports = ProblemReport.objects.filter(item__case__study=study, item__case__practice=False)
    for report in reports.select_related("item__case", "item__sequence__reader", "item__sequence__former_reader"):
        yield _reading(report.item) | {
            "reported_at": report.received_at.isoformat(),
            "text": report.text,
        }


def _displays(study: Study) -> Iterator[dict[str, Any]]:
    for check in DisplayCheck.objects.filter(reader__study=study).select_related("reader"):
        said = {"reader_id": check.reader.code, "checked_at": check.at.isoformat(), "passed": str(check.passed).lower()}
        yield said | {name: getattr(check, name) for name in DISPLAYS if name not in said}


def _reading(item: SequenceItem) -> dict[str, Any]:
    return {
        "reader_id": item.sequence.holder.code,
        "case_id": item.case.code,
        "repeat_index": item.repeat_index,
    }
