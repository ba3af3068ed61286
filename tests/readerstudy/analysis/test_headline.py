import json
import math

import numpy as np
import pandas as pd
import pytest

from readerstudy.analysis.analysis import analyse
from readerstudy.analysis.bootstrap import bootstrap_areas
from readerstudy.analysis.clusters import case_weights, cases_of, patients_with_several_cases
from readerstudy.analysis.controls import positive_controls
from readerstudy.analysis.counts import counts
from readerstudy.analysis.headline import BETTER, NOT_ESTIMABLE, NOT_SHOWN, OF_PATIENTS, WORSE, Protocol, headlines
from readerstudy.analysis.mrmc import pooled_tests
from readerstudy.analysis.multiplicity import holm, in_family

from .builders import answers, study

EXACT = {"rel": 1e-6}  # the precision that golden/README.md states

# golden/g09_holm.json, R 4.2.2, p.adjust(p, "holm")
HOLM = [(0.01, 0.05), (0.04, 0.12), (0.03, 0.12), (0.005, 0.03), (0.2, 0.2), (0.049, 0.12)]


def test_holm_equals_r():
    p, adjusted = zip(*HOLM, strict=True)
    assert holm(p) == pytest.approx(adjusted, **EXACT)


def test_every_golden_value_of_holm(golden):
    document = json.loads((golden / "g09_holm.json").read_text())
    assert holm(document["table3_accuracy_p"]) == pytest.approx(document["table3_holm"], **EXACT)


def test_what_was_not_tested_is_not_counted():
    assert holm([0.01, math.nan, 0.04]) == pytest.approx([0.02, math.nan, 0.04], nan_ok=True)
    assert np.isnan(holm([math.nan])).all()


@pytest.mark.parametrize(
    ("family", "members"),
    [
        (("organ", "generator"), [("liver", "G"), ("liver", "H"), ("kidney", "G")]),
        (("organ",), [("liver", "all"), ("kidney", "all")]),
        (("generator",), [("all", "G"), ("all", "H")]),
        ((), [("all", "all")]),
    ],
)
def test_the_family_is_what_the_protocol_names(family, members):
    everything = [(organ, generator) for organ in ("liver", "kidney", "all") for generator in ("G", "H", "all")]
    named = [(organ, generator) for organ, generator in everything if in_family(organ, generator, family)]
    assert set(members) <= set(named)
    assert all((organ == "all") == ("organ" not in family) for organ, _ in named)
    assert all((generator == "all") == ("generator" not in family) for _, generator in named)


def row(frame: pd.DataFrame, organ: str = "liver", generator: str = "G") -> pd.Series:
    rows = frame[(frame["organ"] == organ) & (frame["generator"] == generator)]
    assert len(rows) == 1
    return rows.iloc[0]


def headlines_of(frame: pd.DataFrame, *, clustered: bool = False, margin: float = 0.1, **protocol) -> pd.DataFrame:
    tests, _ = pooled_tests(frame, alpha=0.05, margins=(margin,))
    bootstrap = bootstrap_areas(frame, alpha=0.05, margins=(margin,), replicates=400)
    controls = positive_controls(frame, alpha=0.05)
    return headlines(tests, counts(frame), controls, bootstrap, Protocol(0.05, margin, **protocol), clustered=clustered)


def tellers(letters: str = "RRRRRRRS", others: str = "SSSSSSSR") -> pd.DataFrame:
    """Five readers, each wrong on another case."""
    turns = [letters[n:] + letters[:n] for n in range(5)], [others[n:] + others[:n] for n in range(5)]
    return study(*(answers(f"R{n}", real=real, G=syn) for n, (real, syn) in enumerate(zip(*turns, strict=True))))


def test_readers_who_tell_are_said_to():
    found = row(headlines_of(study(tellers(), answers("R9", real="RRRRRRRR", G="SSSSSSSS"))))
    assert found["finding"] == BETTER
    assert found["sentence"].startswith(
        "Readers told real from synthetic better than chance: balanced accuracy 0.90, 95 % CI 0.84–0.95, 6 readers; "
        "not shown to be indistinguishable at ±0.10."
    )
    assert found["verdict"].endswith("no positive controls were read.")


def test_readers_who_are_misled_are_said_to_be():
    misled = study(tellers("SSSSSSSR", "RRRRRRRS"), answers("R9", real="SSSSSSSS", G="RRRRRRRR"))
    assert row(headlines_of(misled))["finding"] == WORSE


def guessers(n: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return study(
        *(
            answers(f"R{reader}", real="".join(rng.choice(["R", "S"], n)), G="".join(rng.choice(["R", "S"], n)))
            for reader in range(8)
        )
    )


def with_controls(frame: pd.DataFrame, labels: str) -> pd.DataFrame:
    reader_ids = frame["reader_id"].unique()
    return study(frame, *(answers(reader, CONTROL=labels).assign(control=1) for reader in reader_ids))


def test_guessers_who_find_the_controls_cannot_tell():
    found = row(headlines_of(with_controls(guessers(), "SSSU")))
    assert (found["finding"], found["equivalent"], found["readers_within"]) == (NOT_SHOWN, True, 8)
    assert found["indistinguishable"]
    assert found["sentence"].endswith("8 readers; indistinguishable at ±0.10.")


@pytest.mark.parametrize("labels", ["RRRU", ""])
def test_guessers_who_find_no_controls_show_nothing(labels: str):
    found = row(headlines_of(with_controls(guessers(), labels) if labels else guessers()))
    assert found["equivalent"]
    assert not found["indistinguishable"]


def test_one_reader_who_calls_everything_real_spoils_the_word():
    frame = study(guessers(), answers("R9", real="R" * 60, G="R" * 60))
    found = row(headlines_of(with_controls(frame, "SSSS")))
    assert found["equivalent"]
    assert not found["indistinguishable"]
    assert "reader R9 called 100 % of the real cases real, outside 10–90 %" in found["verdict"]


def test_what_cannot_be_estimated_says_so():
    found = row(headlines_of(answers("R1", real="RS", G="SR")))
    assert found["finding"] == NOT_ESTIMABLE
    assert "at least two readers" in found["reason"]
    assert found["sentence"].startswith("Whether readers told real from synthetic cannot be estimated: A test over")
    assert found[["ci_low", "p_value", "p_holm"]].isna().all()


def test_holm_is_over_the_family_alone():
    frame = study(
        tellers(), *(answers(f"R{n}", organ="kidney", real="RRS", G="SSR"[n % 3 :] + "S" * (n % 3)) for n in range(5))
    )
    table = headlines_of(frame)
    family = table[table["in_family"]]
    assert set(family["organ"]) == {"liver", "kidney"}
    assert family["p_holm"].to_numpy() == pytest.approx(holm(family["p_value"]), nan_ok=True)
    assert table.loc[~table["in_family"], "p_holm"].isna().all()


def test_where_only_the_correction_keeps_a_finding_from_being_shown_the_sentence_says_so():
    table = headlines_of(study(tellers(), answers("R9", real="RRRRRRRR", G="SSSSSSSS")), family=())
    barely = table[table["organ"] == "all"].iloc[0]
    assert "corrected" not in barely["sentence"]
    words = ["RRSRSRSS", "RRRSSRRS", "RSRRSRRS", "RRRSSRRR", "RRRSRSRR"]
    organs = ("liver", "kidney", "pancreas")
    frame = study(*(answers(f"R{n}", real=real, G=real.translate(str.maketrans("RS", "SR")), organ=organ)
                    for organ in organs for n, real in enumerate(words)))  # fmt: skip
    found = row(headlines_of(frame))
    assert found["p_value"] < 0.05 < found["p_holm"]
    assert found["finding"] == NOT_SHOWN
    assert found["sentence"].startswith(
        "Readers were not shown to tell real from synthetic better or worse than chance once corrected for the number"
    )


def test_the_policy_of_the_protocol_is_the_one_tested():
    frame = tellers("RRRRRUUS", "SSSSSUUR")
    excluded, middle = (row(headlines_of(frame, unsure_policy=policy)) for policy in ("exclude", "middle"))
    assert excluded["estimate"] == pytest.approx(5 / 6)
    assert middle["estimate"] != pytest.approx(5 / 6)


def twice(frame: pd.DataFrame) -> pd.DataFrame:
    """Give every patient a second case that every reader answers as the first."""
    once = frame.assign(patient_id=frame["case_id"])
    return study(once, once.assign(case_id=once["case_id"] + " again"))


def test_a_second_case_of_each_patient_adds_nothing_to_the_clustered_interval():
    frame = tellers()
    columns = ["estimate", "se", "ci_low", "ci_high", "equivalence_low", "n_patients"]
    single, double = (
        bootstrap_areas(made, alpha=0.05, margins=(0.1,), replicates=200) for made in (frame, twice(frame))
    )
    pd.testing.assert_frame_equal(single[columns], double[columns])
    assert (double["n_cases"] == 2 * single["n_cases"]).all()
    independent = bootstrap_areas(twice(frame).assign(patient_id=""), alpha=0.05, margins=(0.1,), replicates=200)
    assert (independent["se"] < double["se"]).all()


def test_where_patients_recur_the_headline_takes_the_resampled_covariance_and_the_warning_says_so():
    frame = study(tellers(), answers("R9", real="RRRRRRRR", G="SSSSSSSS"))
    once, analysis = (analyse(made, replicates=400) for made in (frame, twice(frame)))
    assert patients_with_several_cases(twice(frame)) == 16
    found = row(analysis.tables["headlines"])
    bootstrap = row(analysis.tables["bootstrap"].query("unsure_policy == 'middle'"))
    assert found["interval"] == OF_PATIENTS
    assert list(found[["ci_low", "ci_high", "p_value", "p_tost"]]) == list(
        bootstrap[["test_ci_low", "test_ci_high", "test_p_value", "test_p_tost"]]
    )
    assert analysis.document["warnings"][-1].startswith("Several cases come from one patient or host (16 of them)")
    assert row(once.tables["headlines"])["interval"] == "Obuchowski-Rockette"


def test_the_resampled_covariance_gives_about_the_test_of_independent_cases():
    frame = guessers()
    bootstrap = bootstrap_areas(frame, alpha=0.05, margins=(0.1,), replicates=4000)
    resampled = row(bootstrap.query("unsure_policy == 'middle'"))
    unbiased = next(
        test.test
        for test in pooled_tests(frame, alpha=0.05, margins=(0.1,))[0]
        if (test.question.unsure_policy, test.covariance, test.generator) == ("middle", "unbiased", "G")
        and test.question.organ == "liver"
    )
    assert resampled["test_se"] == pytest.approx(unbiased.se, rel=0.1)
    assert resampled["estimate"] == pytest.approx(unbiased.estimate)


def test_a_patient_in_both_arms_alone_leaves_nothing_to_resample():
    frame = study(answers("R1", real="RS", G="SR"), answers("R2", real="RR", G="SS")).assign(patient_id="p")
    found = row(headlines_of(frame, clustered=True))
    assert found["finding"] == NOT_ESTIMABLE
    assert found["reason"].startswith("Resampling cases needs two patients")
    assert "the equivalence test is not estimable" in found["verdict"]


def test_where_patients_recur_intervals_of_the_table_are_not_narrower():
    once, double = (analyse(frame, replicates=200).metrics for frame in (tellers(), twice(tellers())))
    independent = analyse(twice(tellers()).assign(patient_id="")).metrics
    for name in ("sensitivity", "specificity", "accuracy"):
        assert (double[f"{name}_low"] <= independent[f"{name}_low"]).all()
        assert (double[f"{name}_high"] >= independent[f"{name}_high"]).all()
        pd.testing.assert_series_equal(double[name], once[name])
    assert (double["accuracy_low"] < independent["accuracy_low"]).any()


def test_weights_draw_patients_whole_and_within_their_arms():
    frame = study(
        answers("R1", real="RRRR", G="SSSS"),
    ).assign(patient_id=["a", "a", "b", "c", "c", "d", "e", "f"])
    cases = cases_of(frame)
    (weights,) = case_weights(cases, replicates=300, rng=np.random.default_rng(0))
    columns = dict(zip(cases.index, weights.T, strict=True))
    assert (columns["liver real  0"] == columns["liver real  1"]).all()  # patient a
    assert (columns["liver real  3"] == columns["liver synthetic G 0"]).all()  # patient c, in both arms, alone
    assert (columns["liver real  3"] == 1).all()
    assert (columns["liver real  0"] + columns["liver real  2"] == 1).all()  # one of the patients a and b
    assert weights.mean() == pytest.approx(0.75, abs=0.2)
    assert (columns["liver synthetic G 1"] + columns["liver synthetic G 2"] + columns["liver synthetic G 3"] == 2).all()


def test_blocks_of_resamples_are_as_many_as_asked(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("readerstudy.analysis.clusters.WEIGHTS_PER_BLOCK", 40)
    blocks = list(case_weights(cases_of(tellers()), replicates=7, rng=np.random.default_rng(0)))
    assert [len(block) for block in blocks] == [2, 2, 2, 1]


def test_resampled_areas_equal_weighted_ones_of_another_implementation():
    from sklearn.metrics import roc_auc_score

    from readerstudy.analysis.bootstrap import _Levels
    from readerstudy.analysis.comparisons import comparisons
    from readerstudy.analysis.mrmc import reader_scores, scores

    frame = tellers("RRRRUURS", "SSSSUURR")
    compared = comparisons(frame).query("generator == 'G'")
    cells = reader_scores(compared, scores(compared, endpoint="balanced_accuracy", unsure_policy="middle"))
    cases = cases_of(frame)
    (weights,) = case_weights(cases, replicates=20, rng=np.random.default_rng(5))
    mine = _Levels.of(cells, cases).areas(weights)
    scale = {"real": 1.0, "unsure": 0.5, "synthetic": 0.0}
    truth = (cases["truth"] == "real").astype(int)
    for column, reader in enumerate(cells.readers):
        labels = frame[frame["reader_id"] == reader].set_index("case_id")["label"].reindex(cases.index)
        expected = [roc_auc_score(truth, labels.map(scale), sample_weight=weight) for weight in weights]
        assert mine[:, column] == pytest.approx(expected)


def test_the_bootstrap_of_one_reader_or_one_case_is_not_estimable():
    one = bootstrap_areas(answers("R1", real="RS", G="SR"), alpha=0.05, margins=(0.1,), replicates=10)
    assert one["estimate"].notna().any()
    assert one[["se", "ci_low", "equivalent"]].isna().all(axis=None)
    assert one["reason"].str.startswith("Resampling readers needs").all()
    few = study(answers("R1", real="R", G="SR"), answers("R2", real="R", G="SR"))
    reasons = bootstrap_areas(few, alpha=0.05, margins=(0.1,), replicates=10)["reason"]
    assert reasons.str.startswith("Resampling cases needs").all()


def test_the_same_seed_gives_the_same_figures_and_readers_order_does_not_matter():
    frame = tellers()
    a = bootstrap_areas(frame, alpha=0.05, margins=(0.1,), replicates=50)
    b = bootstrap_areas(frame.iloc[::-1], alpha=0.05, margins=(0.1,), replicates=50)
    pd.testing.assert_frame_equal(a, b)
