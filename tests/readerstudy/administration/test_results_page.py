"""Figures after closing, and the export."""

import io
import zipfile

import pandas as pd
import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from readerstudy.analysis.frame import readings_frame
from readerstudy.domain.readings_import import import_readings
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.study import Study

from . import builders

CALLED = {"R": "real", "S": "synthetic", "U": "unsure"}
NO_FIGURES = "No figures before the study is closed."


def results(client: Client, slug: str):
    return client.get(reverse("study-results", args=[slug]))


@pytest.mark.parametrize("build", [builders.draft, builders.preparing, builders.opened])
def test_no_figure_is_shown_before_the_study_is_closed(build, staff_client):
    response = results(staff_client, build().slug)
    assert NO_FIGURES in response.text
    assert "readers" not in response.context


def test_the_closed_study_shows_each_readers_figures(staff_client: Client):
    response = results(staff_client, builders.closed().slug)
    [reader] = response.context["readers"]
    [row] = reader.rows
    assert (reader.reader, row.organ, row.generator) == ("R1", "liver", "hand-crafted")
    assert (row.sensitivity.percent, row.sensitivity.correct, row.sensitivity.total) == ("50.0 %", 1, 2)
    assert (row.specificity.percent, row.specificity.correct, row.specificity.total) == ("100.0 %", 1, 1)
    assert (row.accuracy.percent, row.accuracy.correct, row.accuracy.total) == ("66.7 %", 2, 3)
    assert (row.unsure_real, row.unsure_synthetic) == (0, 1)
    assert "Positive = real tumour." in response.text
    assert "50.0 % <span" in response.text
    assert "stand-ins" not in response.text


def test_the_table_says_what_it_counts_and_what_chance_is(staff_client: Client):
    page = results(staff_client, builders.closed().slug).text
    assert '<th scope="colgroup" colspan="2">Answers about</th>' in page
    assert "50 % is chance for balanced accuracy, and for accuracy only where" in page
    assert '<td class="number">75.0 %</td>' in page


@pytest.mark.parametrize(("alpha", "level"), [(0.05, "95 %"), (0.025, "97.5 %")])
def test_intervals_are_named_by_the_level_of_the_analysis(alpha: float, level: str, staff_client: Client):
    study = builders.closed(analysis={"alpha": alpha})
    assert f"In brackets: {level} Wilson intervals." in results(staff_client, study.slug).text


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
    return import_readings(slug="published", readings=readings, actor=builders.ACTOR)


def test_the_pooled_tests_are_those_of_the_export(staff_client: Client):
    response = results(staff_client, three_readers().slug)
    document = response.context["results"].analysis.document
    tests = response.context["pooled_tests"]
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
    assert "indistinguishable" not in response.text


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
    [reader] = results(staff_client, study.slug).context["readers"]
    assert [(row.generator, row.accuracy.correct, row.accuracy.total) for row in reader.rows] == [("difftumor", 1, 2)]
    page = staff_client.get(reverse("study-detail", args=[study.slug])).text
    assert "1 difftumor" in page
    assert "read elsewhere" in page
    assert not any(words in page for words in ("Diameter", "any data set", "Seed", "What readers are told"))


def test_a_study_that_nobody_read_has_a_page(staff_client: Client):
    study = builders.opened()
    builders.close_study(study=study, actor=builders.ACTOR)
    assert "0 readers, 0 cases" in results(staff_client, study.slug).text


def test_what_cannot_be_estimated_is_said(staff_client: Client):
    study = builders.opened()
    builders.read(builders.invite(study, "R1"), {"real": ["real"], "synthetic": ["unsure"]})
    builders.close_study(study=study, actor=builders.ACTOR)
    assert results(staff_client, study.slug).text.lower().count("not estimable") == 3


def test_the_export_is_a_zip_of_the_files_that_the_command_writes(staff_client: Client):
    study = builders.closed()
    response = staff_client.post(reverse("study-export", args=[study.slug]))
    assert response["Content-Disposition"] == 'attachment; filename="livers-export.zip"'
    archive = zipfile.ZipFile(io.BytesIO(response.getvalue()))
    names = {name.removeprefix("livers-export/") for name in archive.namelist()}
    assert {"readings.csv", "metrics.csv", "analysis.json", "design.json"} <= names
    readings = archive.read("livers-export/readings.csv").decode().splitlines()
    assert sorted(line.split(",")[5] for line in readings[1:]) == ["real", "synthetic", "synthetic", "unsure"]
    assert AuditEvent.objects.filter(action="export study", actor="ann").count() == 1


def test_a_study_that_is_open_is_not_exported(staff_client: Client):
    study = builders.opened()
    response = staff_client.post(reverse("study-export", args=[study.slug]), follow=True)
    assert response.redirect_chain == [(reverse("study-results", args=[study.slug]), 302)]
    assert len(list(response.context["messages"])) == 1
    assert NO_FIGURES in response.text
