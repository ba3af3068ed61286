"""Figures after closing, and the export."""

import io
import re
import zipfile

import pandas as pd
import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from readerstudy.analysis.frame import readings_frame
from readerstudy.domain.readings_import import import_readings
from readerstudy.domain.report import can_make_pdf
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.study import Study
from tests import factories

from . import builders

CALLED = {"R": "real", "S": "synthetic", "U": "unsure"}
NO_FIGURES = "No figures before the study is closed."


def results(client: Client, slug: str):
    return client.get(reverse("study-results", args=[slug]))


@pytest.mark.parametrize("build", [builders.draft, builders.preparing, builders.opened])
def test_no_figure_is_shown_before_the_study_is_closed(build, staff_client):
    response = results(staff_client, build().slug)
    assert NO_FIGURES in response.text
    assert "findings" not in response.context


def test_the_closed_study_shows_each_readers_figures(staff_client: Client):
    response = results(staff_client, builders.closed().slug)
    [reader] = response.context["findings"].readers
    [row] = reader.rows
    assert (reader.reader, row.organ, row.generator) == ("R1", "liver", "hand-crafted")
    assert (row.sensitivity.percent, row.sensitivity.correct, row.sensitivity.total) == ("50.0 %", 1, 2)
    assert (row.specificity.percent, row.specificity.correct, row.specificity.total) == ("100.0 %", 1, 1)
    assert (row.accuracy.percent, row.accuracy.correct, row.accuracy.total) == ("66.7 %", 2, 3)
    assert (row.unsure_real, row.unsure_synthetic) == (0, 1)
    assert "Positive = real tumour." in response.text
    assert '50.0 %<span class="interval">' in response.text
    assert "stand-ins" not in response.text


def test_the_table_is_laid_out_as_the_published_one(staff_client: Client):
    page = results(staff_client, three_readers().slug).text
    assert '<th scope="colgroup" colspan="3" class="organ-head">Liver</th>' in page
    assert page.index(">Liver<") < page.index(">Kidney<")
    assert "50 % is chance for balanced accuracy, and for accuracy only where" in page


def test_the_counts_are_the_three_by_two_table(staff_client: Client):
    page = results(staff_client, builders.closed().slug).text
    row = re.search(r"<td>hand-crafted</td>\s*((?:<td class=\"number\">[^<]*</td>\s*){7})", page)
    assert re.findall(r">([^<]+)</td>", row[1]) == ["1", "1", "0", "0", "1", "1", "75.0 %"]


def test_the_headline_says_what_was_found(staff_client: Client):
    page = results(staff_client, three_readers().slug).text
    assert "Readers told real from synthetic better than chance: balanced accuracy 0." in page
    assert "3 readers" in page
    assert "not shown to be indistinguishable at ±0.10." in page
    assert "no positive controls were read." in page


@pytest.mark.parametrize(("alpha", "level"), [(0.05, "95 %"), (0.025, "97.5 %")])
def test_intervals_are_named_by_the_level_of_the_analysis(alpha: float, level: str, staff_client: Client):
    study = builders.closed(analysis={"alpha": alpha})
    assert f"percentages, {level} Wilson intervals, counts" in results(staff_client, study.slug).text


@factories.made_once
def three_readers() -> Study:
    """Three readers of two organs and one generator, each with the same answers about both organs."""
    labels = {"R1": ("RRRSRU", "SSRS"), "R2": ("RSRRUR", "SRSS"), "R3": ("SRRRRR", "SSSU")}
    rows = [
        (reader, f"{organ} {truth} {number}", organ, "" if truth == "real" else "difftumor", truth, label)
        for reader, given in labels.items()
        for organ in ("liver", "kidney")
        for truth, letters in zip(("real", "synthetic"), given, strict=True)
        for number, label in enumerate(CALLED[letter] for letter in letters)
    ]
    columns = ["reader_id", "case_id", "organ", "generator", "truth", "label"]
    readings = readings_frame(pd.DataFrame(rows, columns=columns))
    return factories.work_out(import_readings(slug="published", readings=readings, actor=builders.ACTOR))


def test_the_pooled_tests_are_those_of_the_export(staff_client: Client):
    response = results(staff_client, three_readers().slug)
    document = response.context["results"].analysis.document
    tests = response.context["findings"].pooled
    assert [(test.organ, test.generator) for test in tests] == [
        (organ, "difftumor") for organ in ("all", "kidney", "liver")
    ]
    [row] = [
        row
        for row in document["mrmc"]
        if (row["organ"], row["generator"], row["unsure_policy"], row["covariance"])
        == ("all", "difftumor", "middle", "unbiased")
    ]
    assert float(tests[0].percent.removesuffix(" %")) == pytest.approx(100 * row["estimate"], abs=0.05001)
    assert "Above chance" in response.text
    assert "Not shown to lie within 40–60 %" in response.text
    for warning in document["warnings"]:
        assert f"<li>{escape(warning)}</li>" in response.text
    assert len(document["warnings"]) == 2


def test_one_reader_has_no_pooled_test_and_the_page_says_why(staff_client: Client):
    page = results(staff_client, builders.closed().slug).text
    assert "Not estimable: A test over random readers needs at least two readers with both classes; found 1." in page


def test_stand_ins_are_said_beside_the_figures(staff_client: Client):
    study = builders.closed()
    GroundTruth.objects.filter(case__study=study, truth="real").update(stand_in=True)
    assert "Demonstration with stand-ins." in results(staff_client, study.slug).text


def test_readings_made_elsewhere_have_their_pages(staff_client: Client):
    """What such a study never had is not made up: sizes, data sets, a seed, what its readers were told."""
    columns = ["reader_id", "case_id", "organ", "generator", "truth", "label"]
    rows = [("R1", "a", "liver", "", "real", "real"), ("R1", "b", "liver", "difftumor", "synthetic", "real")]
    readings = readings_frame(pd.DataFrame(rows, columns=columns))
    study = import_readings(slug="published", readings=readings, actor=builders.ACTOR)
    [reader] = results(staff_client, study.slug).context["findings"].readers
    assert [(row.generator, row.accuracy.correct, row.accuracy.total) for row in reader.rows] == [("difftumor", 1, 2)]
    page = staff_client.get(reverse("study-detail", args=[study.slug])).text
    assert "1 difftumor" in page
    assert "read elsewhere" in page
    assert not any(words in page for words in ("Diameter", "any data set", "Seed", "What readers are told"))


def test_a_study_that_nobody_read_has_a_page(staff_client: Client):
    study = builders.opened()
    builders.close_study(study=study, actor=builders.ACTOR, reason="It is a test.")
    assert "0 readers, 0 cases" in results(staff_client, study.slug).text


def test_what_cannot_be_estimated_is_said(staff_client: Client):
    study = builders.opened()
    builders.read(builders.invite(study, "R1"), {"real": ["real"], "synthetic": ["unsure"]})
    builders.close_study(study=study, actor=builders.ACTOR, reason="It is a test.")
    page = results(staff_client, study.slug).text
    assert page.count('<span class="fraction">not estimable</span>') == 1  # of the three rates, specificity
    assert "Not estimable: No synthetic case was answered real or synthetic." in page


def test_the_export_is_a_zip_of_the_files_that_the_command_writes(staff_client: Client):
    study = builders.closed()
    response = staff_client.post(reverse("study-export", args=[study.slug]))
    assert response["Content-Disposition"] == 'attachment; filename="livers-export.zip"'
    archive = zipfile.ZipFile(io.BytesIO(response.getvalue()))
    names = {name.removeprefix("livers-export/") for name in archive.namelist()}
    assert {"readings.csv", "metrics.csv", "analysis.json", "design.json"} <= names
    readings = archive.read("livers-export/readings.csv").decode().splitlines()
    assert sorted(line.split(",")[5] for line in readings[1:]) == ["real", "synthetic", "synthetic", "unsure"]
    assert AuditEvent.objects.filter(action="export study", actor__name="ann").count() == 1


def test_a_study_that_is_open_is_not_exported(staff_client: Client):
    study = builders.opened()
    response = staff_client.post(reverse("study-export", args=[study.slug]), follow=True)
    assert response.redirect_chain == [(reverse("study-results", args=[study.slug]), 302)]
    assert len(list(response.context["messages"])) == 1
    assert NO_FIGURES in response.text


def test_every_figure_is_in_the_page_and_can_be_had_with_its_data(staff_client: Client):
    study = three_readers()
    response = results(staff_client, study.slug)
    drawings = response.context["drawings"]
    assert {"flow", "answers", "forest", "detection", "difficulty"} <= set(drawings)
    for name, drawing in drawings.items():
        assert drawing.svg in response.text
        svg = staff_client.get(reverse("study-figure-svg", args=[study.slug, name]))
        assert (svg.text, svg["Content-Type"]) == (drawing.svg, "image/svg+xml")
        csv = staff_client.get(reverse("study-figure-csv", args=[study.slug, name]))
        assert csv["Content-Disposition"] == f'attachment; filename="published-{name}.csv"'
        assert csv.text.splitlines()[0] == ",".join(drawing.data.columns)


@pytest.mark.parametrize("name", ["study-figure-svg", "study-figure-csv", "study-report", "study-report-pdf"])
def test_nothing_of_an_open_study_can_be_had(name: str, staff_client: Client):
    study = builders.opened()
    builders.read(builders.invite(study, "R1"), {"real": ["real"], "synthetic": ["synthetic"]})
    arguments = [study.slug, "forest"] if "figure" in name else [study.slug]
    assert staff_client.get(reverse(name, args=arguments)).status_code == 404


def test_a_figure_that_there_is_none_of_is_not_found(staff_client: Client):
    slug = three_readers().slug
    for name in ("ratings", "nosuch"):
        assert staff_client.get(reverse("study-figure-svg", args=[slug, name])).status_code == 404


def test_results_are_worked_out_once(staff_client: Client, monkeypatch: pytest.MonkeyPatch):
    slug = three_readers().slug
    cache.clear()
    first = results(staff_client, slug).text
    monkeypatch.setattr("readerstudy.domain.results.build_readings", lambda _study: pytest.fail("read again"))
    second = results(staff_client, slug).text
    token = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
    assert token.sub("", second) == token.sub("", first)


def test_the_report_is_shown_under_a_policy_of_its_own(staff_client: Client):
    response = staff_client.get(reverse("study-report", args=[three_readers().slug]))
    assert response["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "<h1>published</h1>" in response.text


@pytest.mark.skipif(can_make_pdf(), reason="WeasyPrint is here")
def test_without_a_library_for_it_the_page_says_how_to_get_a_pdf(staff_client: Client):
    response = staff_client.get(reverse("study-report-pdf", args=[three_readers().slug]), follow=True)
    assert "pip install weasyprint" in response.text
