"""What leaves a closed study: the files that a statistician works with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from readerstudy.analysis.analysis import write_analysis
from readerstudy.analysis.readings_csv import escape_text
from readerstudy.analysis.whole_folder import whole_folder
from readerstudy.domain import audit
from readerstudy.domain.errors import DomainError
from readerstudy.domain.results import STAND_IN_NOTICE, StudyResults, study_results
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.study import Study

FILES = """
Positive = real tumour, negative = synthetic tumour.

readings.csv   one row per answer; practice cases are not among them
metrics.csv    counts, sensitivity, specificity and accuracy with Wilson intervals, per reader, organ and
               generator, and pooled ("all"); fractions of 1, empty where not estimable; unsure answers are left
               out of the denominators and counted beside
analysis.json  the pooled tests (Obuchowski-Rockette), definitions, software versions, warnings
cases.csv      what each case was, and the row of the imported list that it came from
design.json    the study's design, whole (not where the readings were made elsewhere)

Cells that begin with = + - @ are preceded by an apostrophe, so that no spreadsheet takes them for formulas.
"""


def export_study(*, study: Study, folder: Path, actor: str) -> None:
    """Write the export into a new folder: whole, or not at all.

    Raises
    ------
    DomainError
        While the study is not closed, or where the folder holds something already.
    """
    results = study_results(study)
    try:
        with whole_folder(folder) as draft:
            _write(study, results, draft)
    except OSError as error:
        raise DomainError(f"The export could not be written: {error}") from None
    audit.record(actor=actor, action="export study", study=study)


def _write(study: Study, results: StudyResults, folder: Path) -> None:
    write_analysis(replace(results.analysis, document=_document(study, results)), results.readings, folder)
    _cases(study).to_csv(folder / "cases.csv", index=False, lineterminator="\n")
    if not study.read_elsewhere:  # whose design nobody told us
        _write_json(folder / "design.json", study.design)
    notice = f"\n{STAND_IN_NOTICE}\n" if results.stand_in else ""
    (folder / "README.txt").write_text(f"{study.title} ({study.slug})\n{notice}{FILES}", encoding="utf-8")


def _document(study: Study, results: StudyResults) -> dict[str, Any]:
    """Put the study's name, and the warning about stand-ins first, beside its figures."""
    document = results.analysis.document
    return {
        "study": {
            "slug": study.slug,
            "title": study.title,
            "design_sha256": study.design_sha256,
            "stand_in": results.stand_in,
            "read_elsewhere": study.read_elsewhere,
        },
        **document,
        "warnings": [*([STAND_IN_NOTICE] if results.stand_in else []), *document["warnings"]],
    }


def _cases(study: Study) -> pd.DataFrame:
    truths = GroundTruth.objects.filter(case__study=study, case__practice=False).select_related(
        "case", "source__volume__dataset", "synthesis_run"
    )
    columns = ["case_id", "organ", "truth", "generator", "stand_in", "diameter_mm", "dataset", "row"]
    rows = [
        {
            "case_id": escape_text(truth.case.code),
            "organ": truth.case.organ,
            "truth": truth.truth,
            "generator": escape_text(truth.generator),
            "stand_in": str(truth.stand_in).lower(),
            "diameter_mm": _diameter_mm(truth),
            "dataset": truth.source.volume.dataset.name if truth.source else "",
            "row": truth.source.row if truth.source else None,
        }
        for truth in truths.order_by("case__code")
    ]
    return pd.DataFrame(rows, columns=columns).astype({"row": "Int64"})


def _diameter_mm(truth: GroundTruth) -> float | None:
    if truth.synthesis_run:
        return truth.synthesis_run.diameter_mm
    return truth.source.diameter_mm if truth.source else None


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
