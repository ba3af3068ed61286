"""The demo's second study: the published table, marked for what it is."""

import pandas as pd
import pytest

from readerstudy.domain.demo.published_table import COUNTS, NOTE, published_table
from readerstudy.domain.report import render_report
from readerstudy.domain.results import study_results
from readerstudy.models.study import Study
from tests.readerstudy.analysis.test_table3 import TABLE_3

pytestmark = pytest.mark.django_db


def test_its_counts_are_those_that_the_published_percentages_solve_to():
    assert list(pd.read_csv(COUNTS).itertuples(index=False, name=None)) == [row[:9] for row in TABLE_3]


def test_it_is_imported_once_and_closed():
    first = published_table(actor="demo")
    assert published_table(actor="demo") == first
    assert Study.objects.get().state == "closed"


def test_its_table_has_the_published_figures():
    findings = study_results(published_table(actor="demo")).findings
    [diff_tumor, pixel] = findings.published
    assert (diff_tumor.generator, diff_tumor.organs) == ("DiffTumor", ["liver", "pancreas", "kidney"])
    r1 = next(row for row in pixel.rows if row.reader == "Pixel2Cancer-R1")
    assert [estimate.percent for estimate in r1.cells[1].estimates] == ["95.0 %", "22.7 %", "57.1 %"]


def test_it_is_marked_as_reconstructed_wherever_its_figures_are():
    results = study_results(published_table(actor="demo"))
    assert "reconstructed from published percentages" in results.study.title
    assert results.notices == [NOTE]
    assert NOTE in render_report(results)


def test_the_bias_of_the_readers_who_called_everything_real_is_said():
    """DiffTumor's R1 called 95–98 % of everything real: "accuracy about 50 %" was no indistinguishability."""
    findings = study_results(published_table(actor="demo")).findings
    [sentence] = [limit for limit in findings.limits if "leaned to the answer “real”" in limit]
    assert "DiffTumor-R1" in sentence
    assert all(
        "indistinguishable at ±0.10" not in headline.sentence.split("not shown to be ")[0]
        for headline in findings.headlines
    )
