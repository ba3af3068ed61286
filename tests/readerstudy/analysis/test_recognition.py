"""Organ recognition against figures worked out by hand, and its bootstrap against what is known of it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from readerstudy.analysis.frame import ORGAN_LABELS, ORGANS, InvalidReadings, readings_frame
from readerstudy.analysis.recognition import recognise
from readerstudy.analysis.recognition_bootstrap import pooled_intervals
from readerstudy.analysis.reporting.recognition import find_recognition


def frame(answers, **more):
    """Return a frame from (reader, case, organ, truth, label)."""
    names = ["reader_id", "case_id", "organ", "truth", "label"]
    readings = pd.DataFrame(answers, columns=names)
    readings["generator"] = readings["truth"].map({"real": "", "synthetic": "gan"})
    return readings_frame(readings.assign(**more), labels=ORGAN_LABELS)


CASES = [("l1", "liver", "real"), ("l2", "liver", "synthetic"), ("k1", "kidney", "real"), ("k2", "kidney", "synthetic")]
SAID = {
    "R1": ["liver", "liver", "kidney", "liver"],
    "R2": ["liver", "kidney", "unsure", "kidney"],
}


@pytest.fixture
def readings():
    return frame(
        [(reader, *case, label) for reader, labels in SAID.items() for case, label in zip(CASES, labels, strict=True)]
    )


def figures(table, **where):
    for name, value in where.items():
        table = table[table[name] == value]
    return table.iloc[0]


def test_an_organ_is_no_answer_of_the_first_task_nor_real_of_this():
    with pytest.raises(InvalidReadings, match="'real' is none of liver, pancreas, kidney, unsure"):
        frame([("R1", "l1", "liver", "real", "real")])
    with pytest.raises(InvalidReadings, match="'liver' is none of real, synthetic, unsure, not-seen"):
        readings_frame(frame([("R1", "l1", "liver", "real", "liver")]))


def test_each_readers_figures_by_hand(readings):
    found = recognise(readings, organs=["liver", "kidney"])

    assert found.organs == ("liver", "kidney")
    second = figures(found.by_reader, reader_id="R2", origin="all")
    assert (second.n_cases, second.n_unsure, second.n_right) == (4, 1, 2)
    assert second.micro == pytest.approx(2 / 3)
    assert second.macro == pytest.approx((1 / 2 + 1) / 2)
    assert second.of_all == 0.5
    assert second.chance == 0.5
    assert second.binomial_p == 1
    first = figures(found.by_organ, reader_id="R1", origin="all", organ="liver")
    assert (first.recall, first.precision) == (1, pytest.approx(2 / 3))
    assert figures(found.by_reader, reader_id="R1", origin="all").kappa == pytest.approx(
        cohen_kappa_score([organ for _, organ, _ in CASES], SAID["R1"])
    )


def test_real_and_synthetic_cases_stand_apart(readings):
    found = recognise(readings, organs=ORGANS[::2])

    assert figures(found.by_reader, reader_id="R1", origin="real").micro == 1
    assert figures(found.by_reader, reader_id="R1", origin="synthetic").micro == 0.5
    assert figures(found.by_reader, reader_id="all", origin="synthetic").n_cases == 4


def test_all_readers_are_summed(readings):
    found = recognise(readings, organs=["liver", "kidney"])

    said = found.confusion[(found.confusion["reader_id"] == "all") & (found.confusion["origin"] == "all")]
    assert {(row.organ, row.answer): row.n for row in said.itertuples()} == {
        ("liver", "liver"): 3,
        ("liver", "kidney"): 1,
        ("liver", "unsure"): 0,
        ("kidney", "liver"): 1,
        ("kidney", "kidney"): 2,
        ("kidney", "unsure"): 1,
    }
    assert found.pooled()["micro"] == pytest.approx(5 / 7)
    assert (found.n_readers, found.n_cases, found.n_readings) == (2, 4, 8)


def test_agreement_takes_unsure_as_an_answer(readings):
    found = recognise(readings, organs=["liver", "kidney"])

    pair = figures(found.pairs, origin="all")
    assert pair.value == pytest.approx(cohen_kappa_score(SAID["R1"], SAID["R2"]))
    assert figures(found.agreement, origin="all", measure="percent").value == 0.25


def test_hidden_repeats_and_controls_enter_no_figure_but_that_of_repeats(readings):
    again = readings[readings["reader_id"] == "R1"].assign(repeat_index=1, label=["liver", "unsure", "kidney", "liver"])
    both = pd.concat([readings, again], ignore_index=True)

    found = recognise(both, organs=["liver", "kidney"])

    assert found.n_readings == 8
    repeat = figures(found.repeats, reader_id="R1")
    assert (repeat.n_cases, repeat.n_changed) == (4, 1)
    assert repeat.value == pytest.approx(cohen_kappa_score(SAID["R1"], again["label"]))


def test_nothing_read_has_no_rows():
    empty = frame([("R1", "l1", "liver", "real", "liver")]).iloc[:0]

    found = recognise(empty, organs=ORGANS)

    assert found.by_reader.empty
    assert found.by_organ.empty
    assert found.pooled() == {}


def test_one_reader_of_one_case():
    found = recognise(frame([("R1", "l1", "liver", "real", "unsure")]), organs=ORGANS)

    assert np.isnan(found.pooled()["micro"])
    assert found.agreement["reason"].str.len().gt(0).all()


def simulated(rng, *, n_readers, per_organ, right):
    """Draw readers who know an organ with the chance `right` + their own and the case's ease, else guess another."""
    rows = []
    skill = rng.normal(0, 0.08, n_readers)
    for organ in ORGANS:
        for case in range(per_organ):
            ease = rng.normal(0, 0.15)
            for reader in range(n_readers):
                knows = rng.random() < np.clip(right + skill[reader] + ease, 0, 1)
                label = organ if knows else rng.choice([one for one in ORGANS if one != organ])
                rows.append((f"R{reader}", f"{organ}{case}", organ, "real", label))
    return frame(rows)


def test_the_pooled_interval_is_about_as_wide_as_the_figure_varies_from_study_to_study():
    rng = np.random.default_rng(12)
    studies = [simulated(rng, n_readers=6, per_organ=20, right=0.4) for _ in range(60)]
    micro = [np.mean(study["label"] == study["organ"]) for study in studies]

    widths, held = [], 0
    for study in studies:
        low, high = pooled_intervals(study, classes=ORGANS, alpha=0.05, replicates=400)["micro"]
        widths.append(high - low)
        held += low <= 0.4 <= high

    assert 0.9 < np.mean(widths) / (2 * 1.96 * np.std(micro)) < 1.6  # wide rather than narrow
    assert held >= 55


def test_where_nobody_answered_otherwise_there_is_no_interval():
    rows = [("R1", f"c{n}", ORGANS[n % 3], "real", ORGANS[n % 3]) for n in range(12)]

    found = recognise(frame(rows), organs=ORGANS)

    assert found.pooled()["macro"] == 1
    assert np.isnan(found.pooled()["macro_low"])
    findings = find_recognition(found, frame(rows), alpha=0.05)
    assert findings.headline == "100.0 % of the tumours' organs were named right; guessing among 3 organs gives 33.3 %."
    assert findings.verdict.startswith("Answers do not vary")


@pytest.mark.parametrize(
    ("right", "verdict"),
    [
        (0.75, "They told the organs apart better than by guessing."),
        (1 / 3, "That is what guessing would give, and so would readers who are right in up to"),
        (0.05, "They named the right organ less often than by guessing."),
    ],
)
def test_the_headline_says_what_the_interval_does_and_does_not_show(right, verdict):
    readings = simulated(np.random.default_rng(5), n_readers=5, per_organ=20, right=right)

    findings = find_recognition(recognise(readings, organs=ORGANS), readings, alpha=0.05)

    assert findings.headline.startswith("5 readers named the organ of ")
    assert findings.headline.endswith("guessing among 3 organs gives 33.3 %.")
    assert findings.verdict.startswith(verdict)
    assert "indistinguishable" not in findings.verdict


def test_what_limits_the_figures_is_said():
    rows = [("R1", f"c{n}", "liver" if n < 20 else "kidney", "real", "unsure" if n % 3 else "liver") for n in range(30)]
    readings = frame(rows, patient_id=[f"P{n // 2}" for n in range(30)])

    limits = find_recognition(recognise(readings, organs=["liver", "kidney"]), readings, alpha=0.05).limits

    assert [limit.partition(":")[0][:40] for limit in limits] == [
        "One reader stands for few others",
        "66.7 % of the answers were unsure and ar",
        "The organs have unequal numbers of cases",
        "15 patients or hosts show several cases",
    ]
    assert "a reader who always says liver is right in 66.7 %" in limits[2]


def test_the_same_seed_gives_the_same_interval(readings):
    one, other = (pooled_intervals(readings, classes=["liver", "kidney"], alpha=0.05, replicates=50) for _ in range(2))
    assert one == other


def test_patients_are_drawn_whole():
    rng = np.random.default_rng(1)
    rows = [("R1", f"c{n}", ORGANS[n % 3], "real", ORGANS[rng.integers(3)]) for n in range(60)]
    alone = frame(rows)
    # Each patient gives five cases of one organ that are answered alike: as if there were twelve cases.
    copies = [
        ("R1", f"c{n}-{copy}", organ, "real", label)
        for n, (_, _, organ, _, label) in enumerate(rows[:12])
        for copy in range(5)
    ]
    together = frame(copies, patient_id=[f"P{n // 5}" for n in range(60)])

    def width(readings):
        low, high = pooled_intervals(readings, classes=ORGANS, alpha=0.05)["micro"]
        return high - low

    assert width(together) > 1.5 * width(alone)
