"""What pages and report show besides the headline, from one small study with everything in it."""

import pandas as pd
import pytest

from readerstudy.analysis.analysis import analyse
from readerstudy.analysis.exports.tables import read_cases, read_readers
from readerstudy.analysis.figures.collection import Material
from readerstudy.analysis.frame import readings_frame
from readerstudy.analysis.ratios import TOO_WIDE
from readerstudy.analysis.reporting.findings import Findings, find
from tests.readerstudy.analysis import builders

YEARS = {"R1": 2, "R2": 3, "R10": 12, "R11": 20}


def found(readings: pd.DataFrame, years: dict[str, float] | None = None) -> Findings:
    analysis = analyse(readings, years=years or {}, replicates=20)
    return find(Material(readings, analysis, read_cases(readings), read_readers(readings)))


@pytest.fixture(scope="module")
def findings() -> Findings:
    readings = builders.study(
        builders.answers("R10", real="RRRSU", G="SSRUS", H="RS"),
        builders.answers("R2", real="RSRRR", G="SRSSS", H="SS"),
        builders.answers("R1", real="RRSRR", G="SRSRS", H="RS"),
        builders.answers("R11", real="RRRRR", G="SSSSR", H="SR"),
    )
    again = readings[(readings["reader_id"] == "R1") & (readings["truth"] == "real")]
    readings = pd.concat([readings, again.assign(repeat_index=1, label="real")])
    order = readings.groupby("reader_id").cumcount() + 1
    rating = readings["label"].map({"real": 5.0, "unsure": 3.0, "synthetic": 1.0})
    return found(readings_frame(readings.assign(order=order, time_s=10.0 + order, rating=rating)), YEARS)


def test_readers_come_in_the_order_that_people_expect(findings: Findings):
    expected = ["R1", "R2", "R10", "R11"]
    assert list(dict.fromkeys(row.reader for row in findings.each_reader)) == expected
    assert [group.reader for group in findings.readers] == [*expected, "all"]
    assert [row.reader for row in findings.published[0].rows] == [*expected, "all"]
    assert list(dict.fromkeys(row.reader for row in findings.areas)) == expected


def test_each_way_of_counting_unsure_stands_beside_the_others(findings: Findings):
    of_g = [row for row in findings.policies if row.generator == "G"]
    assert [row.policy for row in of_g] == ["left out", "half-way (headline)", "as wrong (description only)"]
    assert of_g[2].p == ""
    assert of_g[2].reason.startswith("Description only")


def test_only_readers_who_were_unsure_are_listed(findings: Findings):
    assert [(row.reader, row.generator, row.rate_real) for row in findings.unsure] == [
        ("R10", "G", "20.0 % (1/5)"), ("R10", "H", "20.0 % (1/5)"),
    ]  # fmt: skip


def test_the_hardest_cases_come_first(findings: Findings):
    """Three of four readers said of H's second case what it was not, or of G's third."""
    shares = [case.n_wrong / (case.n_readings - case.n_unsure) for case in findings.hardest]
    assert shares == sorted(shares, reverse=True)
    assert findings.hardest[0].n_wrong == max(case.n_wrong for case in findings.hardest)


def test_generators_are_compared_in_percentage_points(findings: Findings):
    assert [row.pair for row in findings.differences] == ["G − H"]
    assert findings.differences[0].organ == "liver"


def test_agreement_is_told_with_its_percentage_and_within_readers(findings: Findings):
    assert findings.agreement[0].measure == "Fleiss’ kappa"
    [repeat] = findings.repeats
    assert (repeat.reader, repeat.n_cases, repeat.n_changed) == ("R1", 5, 1)
    assert repeat.observed == "80.0 %"


def test_time_and_drift_are_ratios(findings: Findings):
    assert findings.drift[0].question == "Odds of a right answer, ten cases further on"
    assert all(row.value or row.reason for row in findings.drift)


def test_a_drift_that_is_open_altogether_says_so():
    drift = found(builders.nearly_parted()).drift[0]
    assert (drift.value, drift.interval, drift.reason) == ("", "", TOO_WIDE)


def test_experience_is_compared_where_it_is_known(findings: Findings):
    groups = [row.group for row in findings.experience if row.generator == "G"]
    assert groups[:2] == ["fewer years: 2–3", "more years: 12–20"]
    assert found(builders.answers("R1", real="RS", G="SR")).experience == []


def test_one_reader_has_neither_agreement_nor_differences():
    alone = found(builders.answers("R1", real="RS", G="SR"))
    assert (alone.agreement, alone.repeats, alone.differences) == ([], [], [])
    assert alone.n_readers == 1


def test_all_unsure_is_not_estimable_and_never_a_number():
    unsure = found(builders.study(builders.answers("R1", real="UU", G="UU"), builders.answers("R2", real="UU", G="UU")))
    assert all(row.reason == "No case was answered real or synthetic." for row in unsure.each_reader)
    estimates = [estimate for row in unsure.published[0].rows for cells in row.cells for estimate in cells.estimates]
    assert not any(estimate.is_estimable for estimate in estimates)
    assert "indistinguishable at" not in unsure.headlines[0].sentence.replace(
        "not shown to be indistinguishable at", ""
    )
