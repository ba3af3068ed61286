"""The report of a closed study: one HTML file that needs nothing else, to read or to print."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from readerstudy.analysis.figures.collection import Material
from readerstudy.analysis.figures.drawing import Drawing
from readerstudy.analysis.reporting.checklists import checklists
from readerstudy.analysis.reporting.findings import Findings
from readerstudy.analysis.reporting.methods import methods, organ_methods
from readerstudy.analysis.reporting.realism import RealismRow
from readerstudy.domain.canonical import in_order
from readerstudy.domain.design import parse_design
from readerstudy.domain.errors import DomainError
from readerstudy.domain.organ_results import OrganResults
from readerstudy.domain.protocol import protocol_record
from readerstudy.domain.results import StudyResults
from readerstudy.models.study import Study

STYLE_SHEETS = ("readerstudy/css/results.css", "readerstudy/css/report.css")
SECTIONS = ("limits", "flow", "readers", "table", "pooled", "unsure", "counts", "hardest")  # of the template
PDF_LIBRARY = "weasyprint"
HOW_TO_GET_PDF = (
    "The server makes a PDF of the report once WeasyPrint is installed beside it (pip install weasyprint; it needs "
    "Pango: apt install libpango-1.0-0 libpangoft2-1.0-0). Without it, open the report and print it to a PDF."
)


@dataclass(frozen=True)
class Subject:
    """What a report is about.

    Attributes
    ----------
    title, origin
        Its heading, and a line of where and when it was read.
    notices
        What must be read first.
    gallery
        What was rejected before opening, in sentences.
    realism
        How real readers found each attribute; empty where they were not asked.
    design, design_sha256
        The protocol; None and empty where the readings were made elsewhere.
    audits
        What was recorded of audits of the case set; None where there is no case set to audit.
    protocol
        What was frozen on opening, and amended after (`protocol.protocol_record`); None where nothing was.
    """

    title: str
    origin: str
    material: Material
    findings: Findings
    drawings: Mapping[str, Drawing]
    notices: Sequence[str] = ()
    gallery: Sequence[str] = ()
    realism: Sequence[RealismRow] = ()
    design: dict[str, Any] | None = None
    design_sha256: str = ""
    audits: Sequence[Mapping[str, Any]] | None = None
    protocol: Mapping[str, Any] | None = None


def render_report(results: StudyResults | OrganResults) -> str:
    """Return the report of a study as HTML."""
    if isinstance(results, OrganResults):
        return _render_organs(results)
    study = results.study
    opened, closed = _days(study)
    origin = f"readings imported {opened}" if study.read_elsewhere else f"opened {opened}, closed {closed}"
    own = {} if study.read_elsewhere else {"design": in_order(study.design), "design_sha256": study.design_sha256}
    return render(
        Subject(
            title=study.title,
            origin=f"{study.slug} · {origin}",
            material=results.material,
            findings=results.findings,
            drawings=results.drawings,
            notices=results.notices,
            gallery=results.gallery,
            realism=results.realism_rows,
            audits=None if study.read_elsewhere else _audits(study),
            protocol=protocol_record(study),
            **own,
        )
    )


def _render_organs(results: OrganResults) -> str:
    study, readers = results.study, results.readers
    design = in_order(parse_design(study.design).model_dump(mode="json"))
    opened, closed = _days(study)
    context = {
        "study": study,
        "results": results,
        "origin": f"{study.slug} · opened {opened}, closed {closed}",
        "findings": results.findings,
        "drawings": results.drawings,
        "methods": organ_methods(results.document, design, design_sha256=study.design_sha256),
        "audits": _audits(study),
        "protocol": protocol_record(study),
        "readers": readers.astype(object).where(readers.notna(), "").to_dict("records"),
        "definitions": results.document["definitions"],
        "written_at": timezone.now(),
        "style": style_sheet(),
    }
    return render_to_string("readerstudy/report/organ_report.html", context)


def _days(study: Study) -> tuple[str, str]:
    """Return the days on which a study was opened and closed."""
    opened, closed = (f"{day:%-d %b %Y}" if day else "" for day in (study.opened_at, study.closed_at))
    return opened, closed


def _audits(study: Study) -> list[dict[str, Any]]:
    return [{"at": event.at, **event.detail} for event in study.audit_events.filter(action="audit blinding")]


def render(subject: Subject) -> str:
    """Return a report as HTML."""
    document, readers = subject.material.analysis.document, subject.material.readers
    told = methods(document, subject.design, design_sha256=subject.design_sha256)
    context = {
        "subject": subject,
        "findings": subject.findings,
        "drawings": subject.drawings,
        "methods": told,
        "readers": readers.astype(object).where(readers.notna(), "").to_dict("records"),
        "checklists": checklists({*SECTIONS, *(section.anchor for section in told)}),
        "definitions": document["definitions"],
        "written_at": timezone.now(),
        "style": style_sheet(),
        "opened": True,
    }
    return render_to_string("readerstudy/report/report.html", context)


def render_pdf(results: StudyResults | OrganResults) -> bytes:
    """Return the report as PDF.

    Raises
    ------
    DomainError
        Where the library that makes it is not installed.
    """
    if not can_make_pdf():
        raise DomainError(HOW_TO_GET_PDF)
    library = importlib.import_module(PDF_LIBRARY)
    return bytes(library.HTML(string=render_report(results)).write_pdf())


def can_make_pdf() -> bool:
    return importlib.util.find_spec(PDF_LIBRARY) is not None


def style_sheet() -> SafeString:
    return mark_safe("\n".join(_read_static(name) for name in STYLE_SHEETS))  # noqa: S308  our own style sheets


def content_security_policy() -> str:
    """Return the policy under which the report is shown: nothing but its own style sheet."""
    digest = base64.b64encode(hashlib.sha256(style_sheet().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _read_static(name: str) -> str:
    path = finders.find(name)
    if not isinstance(path, str):
        raise FileNotFoundError(f"The style sheet {name} is not among the static files.")
    with open(path, encoding="utf-8") as file:  # noqa: PTH123  finders give strings
        return file.read()
