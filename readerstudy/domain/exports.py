"""What leaves a closed study: the files that a statistician works with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from readerstudy.analysis.exports.folder import FILES, POSITIVE, Described, finish, write_drawings, write_tables
from readerstudy.analysis.exports.recognition import ORGAN_FILES, RIGHT, write_recognition
from readerstudy.analysis.exports.tables import escaped, write_csv
from readerstudy.analysis.records import records
from readerstudy.analysis.whole_folder import whole_folder
from readerstudy.domain import audit
from readerstudy.domain.canonical import in_order
from readerstudy.domain.errors import DomainError
from readerstudy.domain.export_tables import audit_log_table
from readerstudy.domain.gallery_rates import reviews_table
from readerstudy.domain.organ_results import OrganResults, results_of
from readerstudy.domain.protocol import protocol_record
from readerstudy.domain.reader_tables import reader_tables
from readerstudy.domain.report import render_report
from readerstudy.domain.results import StudyResults
from readerstudy.models.study import Study


def export_study(*, study: Study, folder: Path, actor: str) -> None:
    """Write the export into a new folder: whole, or not at all.

    Raises
    ------
    DomainError
        While the study is not closed, or where the folder holds something already.
    """
    results = results_of(study)
    try:
        with whole_folder(folder) as draft:
            _write(study, results, draft)
    except OSError as error:
        raise DomainError(f"The export could not be written: {error}") from None
    audit.record(actor=actor, action="export study", study=study)


def _write(study: Study, results: StudyResults | OrganResults, folder: Path) -> None:
    described = Described(
        title=f"{study.title} ({study.slug})",
        cases=results.cases,
        readers=results.readers,
        notice="\n".join(results.notices),
    )
    files, positive, tables = FILES, POSITIVE, reader_tables(study)
    if isinstance(results, OrganResults):
        files, positive = ORGAN_FILES, RIGHT
        del tables["realism.csv"]  # which is not asked
        document = _document(study, results, results.document)
        write_recognition(
            folder, readings=results.readings, found=results.recognition, document=document, described=described
        )
    else:
        analysis = replace(results.analysis, document=_document(study, results, results.analysis.document))
        write_tables(folder, readings=results.readings, analysis=analysis, described=described)
        if results.realism is not None:
            write_csv(escaped(results.realism), folder / "realism_summary.csv")
    if not study.read_elsewhere:  # whose design nobody told us
        _write_json(folder / "design.json", in_order(study.design))
        for name, table in tables.items():
            write_csv(escaped(table), folder / name)
    if results.rejections is not None:
        write_csv(escaped(results.rejections), folder / "gallery.csv")
        write_csv(escaped(reviews_table(study)), folder / "gallery_reviews.csv")
    protocol = protocol_record(study)
    if protocol:
        _write_json(folder / "protocol.json", protocol)
    write_csv(escaped(audit_log_table(study)), folder / "audit_log.csv")
    write_drawings(folder, results.drawings)
    (folder / "report.html").write_text(render_report(results), encoding="utf-8")
    finish(folder, described, files=files, positive=positive)


def _document(study: Study, results: StudyResults | OrganResults, document: dict[str, Any]) -> dict[str, Any]:
    """Put the study's name, and what must be said of it first, beside its figures."""
    return {
        "study": {
            "slug": study.slug,
            "title": study.title,
            "design_sha256": study.design_sha256,
            "stand_in": results.stand_in,
            "read_elsewhere": study.read_elsewhere,
            "gallery": None if results.rejections is None else records(results.rejections),
            "participation": results.participation.to_json(),
            "protocol": _in_brief(protocol_record(study)),
        },
        **document,
        "warnings": [*results.notices, *document["warnings"]],
    }


def _in_brief(protocol: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return a protocol as it stands in analysis.json: without the design, which has a file of its own."""
    if protocol is None:
        return None
    document = protocol["document"]
    kept = {name: value for name, value in protocol.items() if name != "document"}
    return {**kept, **{name: document[name] for name in ("cases", "versions", "leak_audit")}}


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
