import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.weightstats import CompareMeans

from readerstudy.analysis.counts import counts
from readerstudy.analysis.difficulty import case_difficulty
from readerstudy.analysis.drift import FEW_READERS, NO_CHANGE, NO_ORDER, NO_TIMES, clustered_slope, drift, halves
from readerstudy.analysis.experience import ALL_ALIKE, NO_YEARS, TOO_FEW, experience_groups
from readerstudy.analysis.frame import readings_frame
from readerstudy.analysis.ratios import TOO_WIDE
from readerstudy.analysis.reader_means import NO_SPREAD, mean_over_readers
from readerstudy.analysis.timing import reading_times, time_ratios

from .builders import answers, nearly_parted, readings, study


def ordered_study(readers: int = 5, cases: int = 40, *, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    truth = np.arange(cases) % 2
    frames = []
    for reader in range(readers):
        order = rng.permutation(cases) + 1
        right = rng.random(cases) < 1 / (1 + np.exp(-0.04 * (order - cases / 2) - rng.normal(0, 0.3)))
        called_real = np.where(right, truth, 1 - truth)
        frames.append(
            pd.DataFrame(
                {
                    "reader_id": f"R{reader}",
                    "case_id": [f"c{case}" for case in range(cases)],
                    "organ": "liver",
                    "generator": np.where(truth, "", "G"),
                    "truth": np.where(truth, "real", "synthetic"),
                    "label": np.where(called_real, "real", "synthetic"),
                    "order": order,
                    "time_s": np.exp(rng.normal(3 - 0.01 * order, 0.3)),
                }
            )
        )
    return readings_frame(pd.concat(frames))


@pytest.mark.parametrize(
    ("measure", "family"), [("right", sm.families.Binomial()), ("log_time", sm.families.Gaussian())]
)
@pytest.mark.parametrize("readers", [2, 5, 13])
def test_the_drift_equals_the_bias_reduced_gee_of_statsmodels(measure: str, family: object, readers: int):
    frame = ordered_study(readers)
    right = (frame["label"] == frame["truth"]).astype(float)
    outcome = (right if measure == "right" else np.log(frame["time_s"])).to_numpy()
    design = np.column_stack([np.ones(len(frame)), frame["truth"] == "real", frame["order"].to_numpy(float) / 10])
    groups = pd.factorize(frame["reader_id"])[0]
    model = sm.GEE(outcome, design, groups=groups, family=family, cov_struct=sm.cov_struct.Independence())
    expected = model.fit(cov_type="bias_reduced")

    slope = clustered_slope(outcome, design, groups, family)
    row = drift(frame, alpha=0.05).set_index("measure").loc[measure]

    assert (slope.value, slope.se) == pytest.approx((expected.params[-1], expected.bse[-1]), rel=1e-6)
    assert row["effect"] == pytest.approx(math.exp(slope.value))
    half_width = stats.t.ppf(0.975, readers - 1) * slope.se
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(
        (math.exp(slope.value - half_width), math.exp(slope.value + half_width))
    )


def test_drift_says_why_where_it_cannot_be_estimated():
    table = drift(answers("R1", real="RS", G="S"), alpha=0.05)
    assert table["measure"].tolist() == ["right", "log_time"]
    assert table["reason"].tolist() == [NO_ORDER, NO_TIMES]
    assert drift(ordered_study(1), alpha=0.05)["reason"].tolist() == [FEW_READERS] * 2
    all_right = ordered_study(3).assign(label=lambda frame: frame["truth"])
    assert drift(all_right, alpha=0.05)["reason"].tolist() == [NO_CHANGE, ""]
    same_time = ordered_study(3).assign(time_s=7.0)
    assert drift(same_time, alpha=0.05)["reason"].tolist() == ["", NO_CHANGE]


def test_answers_that_the_order_tells_apart_have_no_estimate():
    frame = ordered_study(3)
    late = frame["order"] > 20
    other = np.where(frame["truth"] == "real", "synthetic", "real")
    parted = frame.assign(label=np.where(late, frame["truth"], other))
    assert drift(parted, alpha=0.05)["reason"].iloc[0] == NO_CHANGE


def test_an_interval_beyond_a_millionfold_is_no_number():
    """Unchecked, the odds ratio would be 212606.8, from 3.6e-79 to 1.3e+89."""
    row = drift(nearly_parted(), alpha=0.05).iloc[0]
    assert (row["n_readers"], row["n_readings"], row["reason"]) == (2, 8, TOO_WIDE)
    assert row[["effect", "ci_low", "ci_high", "p_value"]].isna().all()


def test_a_coefficient_that_one_reader_alone_carries_has_no_error():
    frame = ordered_study(2)
    fixed = frame.assign(order=np.where(frame["reader_id"] == "R0", frame["order"], 5))
    table = drift(fixed, alpha=0.05)
    assert table["reason"].tolist() == [NO_CHANGE] * 2
    assert table[["effect", "p_value"]].isna().all(axis=None)


def test_halves_are_of_each_readers_own_order():
    """R1 reads SRSR | R: 2 of the first three right, then both; unsure counts for the place alone."""
    frame = readings(
        reader_id="R1",
        truth=["real", "synthetic", "real", "synthetic", "real", "real"],
        label=["real", "real", "real", "synthetic", "real", "unsure"],
        order=[10, 20, 30, 40, 50, 60],
    )
    table = halves(frame, alpha=0.05)
    assert table[["n_first", "right_first", "n_second", "right_second"]].to_numpy().tolist() == [[3, 2, 2, 2]] * 2
    assert table["difference"].tolist() == pytest.approx([1 / 3, 1 / 3])
    assert table["reason"].tolist() == ["", "At least two readers are needed."]


def test_the_readers_halves_are_pooled_as_a_mean():
    table = halves(ordered_study(5), alpha=0.05)
    own, pooled = table.iloc[:-1], table.iloc[-1]
    expected = stats.ttest_1samp(own["difference"], 0)
    assert (pooled["reader_id"], pooled["n_first"]) == ("all", own["n_first"].sum())
    assert (pooled["difference"], pooled["p_value"]) == pytest.approx((own["difference"].mean(), expected.pvalue))
    assert (pooled["ci_low"], pooled["ci_high"]) == pytest.approx(tuple(expected.confidence_interval()))
    assert halves(answers("R1", real="RS"), alpha=0.05).empty


def test_a_half_without_an_answer_is_not_estimable():
    frame = readings(truth=["real", "real"], label=["real", "unsure"], order=[1, 2])
    row = halves(frame, alpha=0.05).iloc[0]
    assert math.isnan(row["difference"])
    assert math.isnan(row["p_value"])
    assert row["reason"].startswith("A half holds no case")


def test_times_by_part():
    frame = readings(
        truth=["real", "real", "synthetic", "synthetic", "real"],
        label=["real", "synthetic", "synthetic", "unsure", "not-seen"],
        time_s=[1, 4, 16, 0, np.nan],
    )
    table = reading_times(frame).query("reader_id == 'R1'").set_index("part")
    assert list(table.index) == ["all", "real", "synthetic", "right", "wrong", "unsure"]
    assert table.loc["all", ["n", "median_s", "q1_s", "q3_s"]].tolist() == [4, 2.5, 0.75, 7]
    assert table.loc["all", "geometric_mean_s"] == pytest.approx(4)
    assert table.loc["right", "geometric_mean_s"] == pytest.approx(4)
    assert math.isnan(table.loc["unsure", "geometric_mean_s"])
    assert table.loc["unsure", "reason"].startswith("All times are 0")
    untimed = reading_times(answers("R1", real="R"))
    assert untimed[["reader_id", "n", "reason"]].to_numpy().tolist() == [["all", 0, "No time was recorded."]]


def test_ratios_of_times_are_means_over_readers_on_the_log_scale():
    frame = ordered_study(6)
    logs = frame.assign(log=np.log(frame["time_s"])).pivot_table(index="reader_id", columns="truth", values="log")
    expected = stats.ttest_rel(logs["synthetic"], logs["real"])
    row = time_ratios(frame, alpha=0.05).set_index("contrast").loc["synthetic / real"]
    assert row["ratio"] == pytest.approx(math.exp((logs["synthetic"] - logs["real"]).mean()))
    assert row["p_value"] == pytest.approx(expected.pvalue)
    low, high = expected.confidence_interval()
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((math.exp(low), math.exp(high)))
    two = frame[frame["reader_id"].isin(("R0", "R1"))].assign(time_s=1.0)
    two.loc[(two["reader_id"] == "R0") & (two["truth"] == "real"), "time_s"] = 1000.0  # ± 12.7 · log(1000) / 2
    assert time_ratios(two, alpha=0.05).set_index("contrast").loc["synthetic / real", "reason"] == TOO_WIDE
    nothing = time_ratios(answers("R1", real="R"), alpha=0.05)
    assert nothing["ratio"].isna().all()
    assert (nothing["reason"] == "At least two readers are needed.").all()


def test_a_mean_over_readers_without_spread_has_no_interval():
    found = mean_over_readers([0.2, 0.2, np.nan], alpha=0.05)
    assert (found.n_readers, found.mean, found.ci_low, found.reason) == (2, 0.2, None, NO_SPREAD)


def of_four_readers() -> pd.DataFrame:
    words = {"R1": ("RRRS", "SSRR"), "R2": ("RRRR", "SSSR"), "R3": ("RSSS", "SSRR"), "R4": ("RRSS", "SRRR")}
    return counts(study(*(answers(reader, real=real, G=syn) for reader, (real, syn) in words.items())))


def test_experience_is_compared_between_groups_of_readers():
    table = experience_groups(of_four_readers(), {"R1": 12, "R2": 9, "R3": 2, "R4": 5}, alpha=0.05)
    rows = table[table["generator"] == "G"].set_index("group")
    more, fewer = [(3 / 4 + 2 / 4) / 2, (4 / 4 + 3 / 4) / 2], [(1 / 4 + 2 / 4) / 2, (2 / 4 + 1 / 4) / 2]
    assert rows.loc["more years", ["years_from", "years_to", "n_readers"]].tolist() == [9, 12, 2]
    assert rows.loc["fewer years", "balanced_accuracy"] == pytest.approx(np.mean(fewer))
    expected = CompareMeans.from_data(more, fewer).ttest_ind(usevar="unequal")
    difference = rows.loc["more − fewer"]
    assert (difference["balanced_accuracy"], difference["p_value"]) == pytest.approx(
        (np.mean(more) - np.mean(fewer), expected[1])
    )


@pytest.mark.parametrize(
    ("years", "reason"),
    [({}, NO_YEARS), ({"R1": 5}, NO_YEARS), ({"R1": 5, "R2": 5}, ALL_ALIKE), ({"R1": 5, "R2": 6}, TOO_FEW)],
)
def test_experience_says_why_where_there_are_no_groups(years: dict[str, float], reason: str):
    table = experience_groups(of_four_readers(), years, alpha=0.05)
    difference = table[(table["generator"] == "G") & (table["group"] == "more − fewer")].iloc[0]
    assert difference["reason"] == reason
    assert math.isnan(difference["p_value"])


def test_cases_most_often_taken_wrongly_come_first():
    frame = study(
        answers("R1", real="RSN", G="RS"), answers("R2", real="RSU", G="RU"), answers("R3", real="RRS", G="RS")
    )
    table = case_difficulty(frame, alpha=0.05)
    assert table[["case_id", "n_readers", "n_right", "n_wrong", "n_unsure", "n_not_seen"]].to_numpy().tolist() == [
        ["liver synthetic G 0", 3, 0, 3, 0, 0],
        ["liver real  2", 3, 0, 1, 1, 1],
        ["liver real  1", 3, 1, 2, 0, 0],
        ["liver synthetic G 1", 3, 2, 0, 1, 0],
        ["liver real  0", 3, 3, 0, 0, 0],
    ]
    assert table["share_wrong"].tolist() == pytest.approx([1, 1, 2 / 3, 0, 0])
    assert table["share_wrong_low"].iloc[0] < 0.5


def test_a_case_that_nobody_answered_stands_last():
    table = case_difficulty(answers("R1", real="RU"), alpha=0.05)
    assert table["case_id"].tolist() == ["liver real  0", "liver real  1"]
    assert math.isnan(table["share_wrong"].iloc[1])
