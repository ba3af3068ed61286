"""What readers said beside their answers, as tables for the export of a closed study."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from readerstudy.analysis.exports.dictionary import DISPLAYS, PROBLEMS, REMARKS
from readerstudy.models.display_check import DisplayCheck
from readerstudy.models.problem_report import ProblemReport
from readerstudy.models.reading import Reading
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.study import Study


def reader_tables(study: Study) -> dict[str, pd.DataFrame]:
    """Return each table by its file's name; practice cases are not among them."""
    return {
        "remarks.csv": pd.DataFrame(_remarks(study), columns=list(REMARKS)),
        "problems.csv": pd.DataFrame(_problems(study), columns=list(PROBLEMS)),
        "displays.csv": pd.DataFrame(_displays(study), columns=list(DISPLAYS)),
    }


def _remarks(study: Study) -> Iterator[dict[str, Any]]:
    readings = Reading.objects.filter(item__case__study=study, item__case__practice=False)
    remarked = readings.exclude(comment="", mark_mm=None).filter(item__sequence__superseded_at=None)
    for reading in remarked.select_related("item__case", "item__sequence__reader").order_by("pk"):
        x, y, z = reading.mark_mm or (None, None, None)
        yield _reading(reading.item) | {"comment": reading.comment, "mark_x_mm": x, "mark_y_mm": y, "mark_z_mm": z}


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
