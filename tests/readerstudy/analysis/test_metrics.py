import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.analysis.counts import OUTCOMES, counts
from readerstudy.analysis.metrics import COLUMNS, metrics
from readerstudy.analysis.proportions import clopper_pearson, newcombe_difference, wilson

from .builders import answers, readings, study

COUNTS = ["n_real", "n_synthetic", *OUTCOMES.values()]


def row(table: pd.DataFrame, reader: str, organ: str, generator: str) -> pd.Series:
    rows = table[(table["reader_id"] == reader) & (table["organ"] == organ) & (table["generator"] == generator)]
    assert len(rows) == 1
    return rows.iloc[0]


def keys(table: pd.DataFrame) -> list[tuple[str, str, str]]:
    return list(table[["reader_id", "organ", "generator"]].itertuples(index=False, name=None))


def test_the_columns_are_those_of_the_contract():
    table = metrics(answers("R1", real="R", G="S"), alpha=0.05)
    assert (
        ",".join(table)
        == ",".join(COLUMNS)
        == (
            "reader_id,organ,generator,n_real,n_synthetic,tp,fn,tn,fp,unsure_real,unsure_synthetic,"
            "sensitivity,sensitivity_low,sensitivity_high,specificity,specificity_low,specificity_high,"
            "accuracy,accuracy_low,accuracy_high,balanced_accuracy"
        )
    )


def test_each_answer_falls_into_its_cell_and_unsure_into_no_denominator():
    table = metrics(answers("R1", real="RRRSU", G="SSRUU"), alpha=0.05)
    values = row(table, "R1", "liver", "G")
    assert dict(values[COUNTS]) == {
        "n_real": 5, "n_synthetic": 5, "tp": 3, "fn": 1, "tn": 2, "fp": 1, "unsure_real": 1, "unsure_synthetic": 2
    }  # fmt: skip
    assert values["sensitivity"] == 3 / 4
    assert values["specificity"] == 2 / 3
    assert values["accuracy"] == 5 / 7
    assert values["balanced_accuracy"] == (3 / 4 + 2 / 3) / 2


def test_a_real_case_counts_against_each_generator_but_once_when_pooled():
    table = metrics(answers("R1", real="RS", G="SS", H="RRS"), alpha=0.05)
    assert [row(table, "R1", "liver", name)["n_real"] for name in ("G", "H", "all")] == [2, 2, 2]
    assert [row(table, "R1", "liver", name)["n_synthetic"] for name in ("G", "H", "all")] == [2, 3, 5]


def test_a_real_case_counts_only_against_generators_that_its_reader_read_in_that_organ():
    table = metrics(
        study(
            answers("R1", real="RR", G="S"),
            answers("R1", real="RRR", organ="kidney", H="S"),
            answers("R2", real="R", H="S"),
        ),
        alpha=0.05,
    )
    assert row(table, "R1", "liver", "G")["n_real"] == 2
    assert row(table, "R1", "all", "H")["n_real"] == 3
    assert row(table, "all", "liver", "H")["n_real"] == 1
    assert ("R1", "liver", "H") not in keys(table)


def test_only_real_cases_make_a_row_of_generator_all_alone():
    table = metrics(answers("R1", real="RS"), alpha=0.05)
    assert keys(table) == [("R1", "liver", "all"), ("R1", "all", "all"), ("all", "liver", "all"), ("all", "all", "all")]
    assert row(table, "R1", "liver", "all")["sensitivity"] == 0.5
    assert math.isnan(row(table, "R1", "liver", "all")["specificity"])
    assert math.isnan(row(table, "R1", "liver", "all")["specificity_low"])
    assert math.isnan(row(table, "R1", "liver", "all")["balanced_accuracy"])


def test_all_unsure_is_not_estimable():
    values = row(metrics(answers("R1", real="UU", G="U"), alpha=0.05), "R1", "liver", "G")
    assert (values["unsure_real"], values["unsure_synthetic"]) == (2, 1)
    assert values[["sensitivity", "specificity", "accuracy", "accuracy_high", "balanced_accuracy"]].isna().all()


def test_not_seen_is_in_no_denominator_and_counted_apart():
    frame = readings(
        truth=["real", "real", "synthetic", "synthetic"], label=["not-seen", "real", "not-seen", "synthetic"]
    )
    values = row(counts(frame), "R1", "liver", "G")
    assert (values["n_real"], values["n_synthetic"]) == (1, 1)
    assert (values["not_seen_real"], values["not_seen_synthetic"]) == (1, 1)
    assert row(metrics(frame, alpha=0.05), "R1", "liver", "G")["accuracy"] == 1


def test_a_positive_control_is_counted_nowhere():
    frame = readings(truth=["real", "synthetic", "synthetic"], label=["real"] * 3, control=[0, 0, 1])
    assert row(metrics(frame, alpha=0.05), "R1", "liver", "G")["n_synthetic"] == 1


def test_a_hidden_repeat_is_left_out_wherever_it_stands():
    twice = readings(
        case_id=["a", "a", "b"],
        truth=["real", "real", "synthetic"],
        label=["synthetic", "real", "synthetic"],
        repeat_index=[1, 0, 0],
    )
    values = row(metrics(twice, alpha=0.05), "R1", "liver", "G")
    assert (values["n_real"], values["tp"], values["fn"]) == (1, 1, 0)


def test_pooled_rows_come_last():
    table = metrics(study(answers("b", real="R", G="S"), answers("a", real="R", G="S")), alpha=0.05)
    assert keys(table)[:2] == [("a", "liver", "G"), ("a", "liver", "all")]
    assert keys(table)[-1] == ("all", "all", "all")


letters = st.text("RSU", max_size=6)
readers = st.lists(
    st.tuples(letters.filter(bool), letters, letters, st.sampled_from(["liver", "pancreas", "kidney"])),
    min_size=1,
    max_size=4,
)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(readers)
def test_what_always_holds(cells):
    frame = study(*(answers(f"R{n}", real=real, G=g, H=h, organ=organ) for n, (real, g, h, organ) in enumerate(cells)))
    table = metrics(frame, alpha=0.05)

    assert not pd.DataFrame(keys(table)).duplicated().any()
    assert (table["tp"] + table["fn"] + table["unsure_real"] == table["n_real"]).all()
    assert (table["tn"] + table["fp"] + table["unsure_synthetic"] == table["n_synthetic"]).all()
    everything = row(table, "all", "all", "all")
    assert everything["n_real"] + everything["n_synthetic"] == len(frame)
    for name in ("sensitivity", "specificity", "accuracy"):
        known = table[table[name].notna()]
        assert known[f"{name}_low"].between(0, known[name]).all()
        assert known[f"{name}_high"].between(known[name], 1).all()
    assert (table["sensitivity"].isna() == (table["tp"] + table["fn"] == 0)).all()
    assert (table["specificity"].isna() == (table["tn"] + table["fp"] == 0)).all()


@settings(max_examples=25, deadline=None, derandomize=True)
@given(letters.filter(bool), letters.filter(bool), st.randoms(use_true_random=False))
def test_the_order_of_the_readings_does_not_matter(real, synthetic, random):
    frame = study(answers("R1", real=real, G=synthetic), answers("R2", real=synthetic, G=real))
    order = list(range(len(frame)))
    random.shuffle(order)
    pd.testing.assert_frame_equal(metrics(frame.iloc[order], alpha=0.05), metrics(frame, alpha=0.05))


# R 4.2.2, prop.test(k, n, correct = FALSE)$conf.int; golden/g01b_proportion_ci.csv.
WILSON = [(0, 25, 0, 0.133192250939048), (25, 25, 0.866807749060952, 1)]


@pytest.mark.parametrize(("count", "total", "low", "high"), WILSON)
def test_wilson_at_its_ends(count, total, low, high):
    _, got_low, got_high = wilson([count], [total], alpha=0.05)
    assert (got_low[0], got_high[0]) == pytest.approx((low, high), rel=1e-9)
    assert (low == 0) == (got_low[0] == 0)
    assert (high == 1) == (got_high[0] == 1)


def test_wilson_equals_every_golden_interval(golden):
    table = pd.read_csv(golden / "g01b_proportion_ci.csv")
    for alpha, suffix in ((0.05, ""), (0.10, "90")):
        _, low, high = wilson(table["k"], table["n"], alpha=alpha)
        np.testing.assert_allclose(low, table[f"wilson{suffix}_lo"], rtol=1e-6)
        np.testing.assert_allclose(high, table[f"wilson{suffix}_hi"], rtol=1e-6)


def test_clopper_pearson_equals_every_golden_interval(golden):
    """R 4.2.2, binom.test(k, n)$conf.int; golden/g01b_proportion_ci.csv."""
    table = pd.read_csv(golden / "g01b_proportion_ci.csv")
    for alpha, suffix in ((0.05, ""), (0.10, "90")):
        _, low, high = clopper_pearson(table["k"], table["n"], alpha=alpha)
        np.testing.assert_allclose(low, table[f"cp{suffix}_lo"], rtol=1e-6)
        np.testing.assert_allclose(high, table[f"cp{suffix}_hi"], rtol=1e-6)


def test_clopper_pearson_on_request():
    """R 4.2.2, binom.test(19, 41)$conf.int = 0.306559432851401, 0.625751571686251."""
    frame = answers("R1", real="R" * 19 + "S" * 22, G="S")
    values = row(metrics(frame, alpha=0.05, interval="clopper-pearson"), "R1", "liver", "G")
    assert list(values[["sensitivity_low", "sensitivity_high"]]) == pytest.approx(
        [0.306559432851401, 0.625751571686251], rel=1e-9
    )


def test_newcombe_equals_its_published_example():
    """R. G. Newcombe, Stat. Med. 17 (1998) 873, table II, method 10: 56/70 − 48/80 = .2000 (.0524, .3339)."""
    difference, low, high = newcombe_difference([56], [70], [48], [80], alpha=0.05)
    assert (round(difference[0], 4), round(low[0], 4), round(high[0], 4)) == (0.2, 0.0524, 0.3339)


def test_newcombe_equals_another_implementation():
    from statsmodels.stats.proportion import confint_proportions_2indep

    for cell in [(9, 10, 3, 10), (0, 8, 0, 12), (7, 7, 0, 3), (25, 60, 31, 44)]:
        _, low, high = newcombe_difference(*([count] for count in cell), alpha=0.05)
        expected = confint_proportions_2indep(*cell, method="newcomb", compare="diff", alpha=0.05)
        assert (low[0], high[0]) == pytest.approx(expected, abs=1e-12)
