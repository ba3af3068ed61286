"""The report: one file that needs nothing else, whole, and said by rule."""

import re

import pytest

from readerstudy.domain import audit, report
from readerstudy.domain.errors import DomainError
from readerstudy.domain.protocol import protocol_of
from readerstudy.domain.report import content_security_policy, render_pdf, render_report
from readerstudy.domain.results import study_results
from tests import factories
from tests.readerstudy.domain.test_exports import make_closed_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def html() -> str:
    return render_report(study_results(make_closed_study()))


def test_it_needs_nothing_from_elsewhere(html: str):
    assert not re.findall(r"<(?:link|script|img|iframe|object)\b", html)
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"', html)
    assert "url(http" not in html
    assert "@import" not in html


def test_every_place_that_a_checklist_points_to_is_there(html: str):
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(set(ids)) == len(ids)
    links = set(re.findall(r'href="#([^"]+)"', html)) - {""}
    assert {"design", "cases", "blinding", "statistics", "flow", "limits", "counts"} <= links
    assert links <= set(ids)


def test_a_study_read_elsewhere_has_those_places_too(table_3):
    html = render_report(study_results(table_3))
    ids = set(re.findall(r'\sid="([^"]+)"', html))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= ids
    assert "The readings were made elsewhere and imported." in html
    assert "SHA-256:" not in html


def test_the_methods_are_those_of_the_design(html: str):
    assert "Liver: 2 real cases from all data sets that have them; synthetic ones: 2 by hand-crafted" in html
    assert "tumours of 5–20 mm" in html
    assert "follow from the seed 7" in html
    assert "two one-sided tests at ±0.10" in html


def test_the_protocol_is_named_by_its_hash():
    study = make_closed_study()
    html = render_report(study_results(study))
    assert f"<code>{study.design_sha256}</code>" in html
    assert f"<code>{protocol_of(study).sha256}</code>" in html
    assert "Acknowledged on opening: “It is a test.”" in html
    assert "It was not amended." in html


def test_every_audit_is_told():
    study = make_closed_study()
    assert "are too few to audit" in render_report(study_results(study))
    detail = {"conclusion": "The arms can be told apart.", "findings": ["tumour, liver: larger."]}
    audit.record(study=study, actor="ann", action="audit blinding", **detail)
    html = render_report(study_results(study))
    assert "The arms can be told apart." in html
    assert "<li>tumour, liver: larger.</li>" in html


def test_stand_ins_are_said():
    html = render_report(study_results(make_closed_study(stand_ins=True)))
    assert "stand-ins made by a phantom" in html


def test_markup_in_names_is_text():
    study = factories.make_study_of_patients(real=2, hosts=2, title="<script>alert(1)</script>")
    assert "<script>" not in render_report(study_results(factories.close(study)))


def test_nobodys_readings_make_a_report():
    html = render_report(study_results(make_closed_study(readers=(), idle=("R1",))))
    assert "0 readers, 0 cases" in html
    assert "4 of 4 readings that were asked for were not made." in html


def test_the_policy_allows_the_style_sheet_of_the_report_and_nothing_else(html: str):
    assert report.style_sheet() in html
    assert "default-src 'none'; style-src 'sha256-" in content_security_policy()
    assert 'style="' not in html


@pytest.mark.skipif(report.can_make_pdf(), reason="WeasyPrint is here")
def test_without_the_library_the_error_says_how_to_get_it():
    results = study_results(make_closed_study())
    with pytest.raises(DomainError, match="pip install weasyprint"):
        render_pdf(results)


@pytest.mark.skipif(not report.can_make_pdf(), reason="WeasyPrint is an extra")
def test_with_the_library_there_is_a_pdf():
    assert render_pdf(study_results(make_closed_study())).startswith(b"%PDF")
