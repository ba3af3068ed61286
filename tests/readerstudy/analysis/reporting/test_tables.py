"""The results page's rows, from frames as `metrics.csv` holds them."""

import math

import pandas as pd
import pytest

from readerstudy.analysis.reporting.tables import Estimate, PooledTest, ReaderResults, group_by_reader, pooled_tests

RATES = ("sensitivity", "specificity", "accuracy")


def metrics_row(reader: str, organ: str, generator: str, *, tp: int = 19, fn: int = 1, tn: int = 0, fp: int = 0):
    row = {"reader_id": reader, "organ": organ, "generator": generator, "n_real": 21, "n_synthetic": 0}
    row |= {"tp": tp, "fn": fn, "tn": tn, "fp": fp, "unsure_real": 1, "unsure_synthetic": 0}
    for rate in RATES:
        row |= {rate: 0.95, f"{rate}_low": 0.7639, f"{rate}_high": 0.9911}
    if not tn + fp:
        row |= {"specificity": math.nan, "specificity_low": math.nan, "specificity_high": math.nan}
    return row | {"balanced_accuracy": (row["sensitivity"] + row["specificity"]) / 2}


def keys(group: ReaderResults) -> list[tuple[str, str]]:
    return [(row.organ, row.generator) for row in group.rows]


def test_a_rate_is_shown_with_its_interval_and_counts():
    frame = pd.DataFrame([metrics_row("R1", "liver", "hand-crafted")])
    row = group_by_reader(frame)[0].rows[0]
    assert (row.sensitivity.percent, row.sensitivity.interval) == ("95.0 %", "76.4–99.1")
    assert (row.sensitivity.correct, row.sensitivity.total) == (19, 20)
    assert (row.n_real, row.unsure_real) == (21, 1)


@pytest.mark.parametrize(
    ("right", "of", "percent"),
    [
        (1, 16, "6.3 %"),
        (247, 2000, "12.4 %"),
        (7, 2000, "0.4 %"),
        (25, 41, "61.0 %"),
        (1, 1, "100.0 %"),
        (0, 3, "0.0 %"),
    ],
)
def test_percentages_round_half_up(right: int, of: int, percent: str):
    estimate = Estimate(right, of, right / of, low=right / of, high=right / of)
    assert estimate.percent == percent
    assert estimate.interval == "{0}–{0}".format(percent.removesuffix(" %"))


def test_a_rate_of_nothing_is_not_estimable():
    row = group_by_reader(pd.DataFrame([metrics_row("R1", "liver", "hand-crafted")]))[0].rows[0]
    assert not row.specificity.is_estimable
    assert row.accuracy.is_estimable
    assert row.balanced_accuracy is None


def test_balanced_accuracy_is_a_percentage():
    row = group_by_reader(pd.DataFrame([metrics_row("R1", "liver", "hand-crafted", tn=19, fp=1)]))[0].rows[0]
    assert row.balanced_accuracy == "95.0 %"


def test_what_all_readers_answered_has_no_interval():
    """Wilson's would take answers of one reader, or about one case, as independent."""
    frame = pd.DataFrame(metrics_row(reader, "liver", "hand-crafted") for reader in ("R1", "R2", "all"))
    *readers, pooled = group_by_reader(frame)
    assert [estimate.interval for estimate in pooled.rows[0].estimates] == [None, None, None]
    assert pooled.rows[0].sensitivity.percent == "95.0 %"
    assert {group.rows[0].sensitivity.interval for group in readers} == {"76.4–99.1"}


def test_pooled_rows_come_last_and_only_where_they_pool_something():
    organs, generators = ("all", "kidney", "liver"), ("all", "difftumor", "hand-crafted")
    frame = pd.DataFrame(
        metrics_row(reader, organ, generator)
        for reader in ("all", "R2", "R1")
        for organ in organs
        for generator in generators
        if not (organ == "kidney" and generator == "difftumor")
    )
    groups = group_by_reader(frame)
    assert [group.reader for group in groups] == ["R1", "R2", "all"]
    assert keys(groups[0]) == [
        ("kidney", "hand-crafted"),
        ("liver", "difftumor"),
        ("liver", "hand-crafted"),
        ("liver", "all"),
        ("all", "hand-crafted"),
        ("all", "all"),
    ]
    assert [row.is_pooled for row in groups[0].rows] == [False, False, False, True, True, True]


def test_one_reader_is_not_pooled():
    frame = pd.DataFrame(metrics_row(reader, "liver", "hand-crafted") for reader in ("R1", "all"))
    assert [group.reader for group in group_by_reader(frame)] == ["R1"]


def test_organs_with_real_cases_alone_keep_their_rows():
    frame = pd.DataFrame(metrics_row("R1", organ, "all") for organ in ("liver", "kidney", "all"))
    assert keys(group_by_reader(frame)[0]) == [("kidney", "all"), ("liver", "all"), ("all", "all")]


def test_no_reading_gives_no_row():
    frame = pd.DataFrame([metrics_row("R1", "liver", "all")]).head(0)
    assert group_by_reader(frame) == []


NOT_TESTED = {"finding": "not estimable", "p_value": math.nan, "reason": "Too few readers."}


def headline(organ: str, generator: str, **changes: object) -> dict[str, object]:
    """A row of the table `headlines`, as far as the page reads it."""
    row = {"n_readers": 3, "organ": organ, "generator": generator, "estimate": 0.5625, "ci_low": 0.5, "ci_high": 0.625}
    row |= {"p_value": 0.0499, "in_family": True, "p_holm": 0.0998, "finding": "not shown", "reason": ""}
    return row | {"margin": 0.1, "p_tost": 0.2, "equivalent": False} | changes


def shown(*rows: dict[str, object]) -> list[PooledTest]:
    return pooled_tests(pd.DataFrame(rows))


def test_a_pooled_test_is_shown_in_percent_and_words():
    [test] = shown(headline("liver", "G"))
    assert (test.organ, test.generator, test.n_readers) == ("liver", "G", 3)
    assert (test.percent, test.interval) == ("56.3 %", "50.0–62.5")
    assert test.against_chance == "no difference from chance shown (p = 0.050; Holm p = 0.100)"
    assert test.equivalence == "not shown to lie within 40–60 % (p = 0.200)"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"finding": "better than chance", "p_value": 0.0004, "p_holm": 0.0008},
            "above chance (p < 0.001; Holm p < 0.001)",
        ),
        ({"finding": "worse than chance", "p_value": 0.02, "in_family": False}, "below chance (p = 0.020)"),
        ({"p_value": 0.9999, "p_holm": math.nan}, "no difference from chance shown (p > 0.999)"),
    ],
)
def test_chance_in_words(changes: dict[str, object], words: str):
    [test] = shown(headline("liver", "G", **changes))
    assert test.against_chance == words


def test_equivalence_in_words():
    [test] = shown(headline("liver", "G", margin=0.075, p_tost=0.01, equivalent=True))
    assert test.equivalence == "lies within 42.5–57.5 % (p = 0.010)"


def test_what_cannot_be_tested_gives_its_reason():
    [test] = shown(headline("liver", "G", **NOT_TESTED))
    assert (test.reason, test.percent, test.against_chance) == ("Too few readers.", "", "")


def test_pooled_generators_are_not_shown():
    assert len(shown(headline("liver", "all"), headline("liver", "G"))) == 1


def test_all_organs_come_first_then_those_that_can_be_tested():
    rows = [headline(organ, generator) for generator in ("H", "G") for organ in ("kidney", "liver", "all")]
    rows += [headline("pancreas", "G", **NOT_TESTED)]
    assert [(test.generator, test.organ) for test in shown(*rows)] == [
        (generator, organ) for generator in ("G", "H") for organ in ("all", "kidney", "liver")
    ]


def test_all_organs_are_shown_even_where_nothing_can_be_tested():
    rows = [headline(organ, "G", **NOT_TESTED) for organ in ("kidney", "liver", "all")]
    assert [test.organ for test in shown(*rows)] == ["all"]


@pytest.mark.parametrize("changes", [{}, NOT_TESTED], ids=["tested", "not tested"])
def test_one_organ_is_not_pooled(changes: dict[str, object]):
    assert [test.organ for test in shown(headline("liver", "G", **changes), headline("all", "G", **changes))] == [
        "liver"
    ]
