import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from readerstudy.analysis import __version__
from readerstudy.analysis.analysis import analyse, write_analysis
from readerstudy.analysis.auc import COVARIANCES, pair_sums
from readerstudy.analysis.frame import COLUMNS, readings_frame
from readerstudy.analysis.mrmc import pooled_tests
from readerstudy.analysis.obuchowski_rockette import difference_test
from readerstudy.analysis.readings_csv import read_readings_csv

from . import slow_reference, van_dyke
from .builders import answers, study, two_generators

ROW = ["endpoint", "unsure_policy", "organ", "generator", "covariance", "n_readers", "estimate", "se", "df", "t",
       "p_value", "ci_low", "ci_high", "tost", "reason"]  # fmt: skip
DIFFERENCE_ROW = ["endpoint", "unsure_policy", "organ", "generator_a", "generator_b", "covariance", "difference",
                  "se", "df", "t", "p_value", "ci_low", "ci_high", "reason"]  # fmt: skip


def row(rows: list[dict], **wanted: object) -> dict:
    found = [row for row in rows if wanted.items() <= row.items()]
    assert len(found) == 1
    return found[0]


def van_dyke_readings() -> pd.DataFrame:
    """Van Dyke's technique 1 as a study: rating 3 is unsure, 4 and 5 real."""
    positive, negative = van_dyke.scores((1,))
    return readings_frame(
        pd.DataFrame(
            [
                {
                    "reader_id": f"R{reader}",
                    "case_id": f"{truth} {case}",
                    "organ": "liver",
                    "generator": generator,
                    "truth": truth,
                    "label": "unsure" if rating == 3 else "real" if rating > 3 else "synthetic",
                    "rating": rating,
                }
                for truth, generator, matrix in (("real", "", positive), ("synthetic", "G", negative))
                for reader, ratings in enumerate(matrix, start=1)
                for case, rating in enumerate(ratings)
            ]
        )
    )


def test_ratings_and_labels_of_a_published_study():
    """MRMCaov 0.3.0 on Van Dyke's technique 1: golden/mrmc, the two vandyke files."""
    rows = analyse(van_dyke_readings()).document["mrmc"]

    auc = row(rows, endpoint="auc", organ="liver", generator="G", covariance="jackknife")
    assert auc["unsure_policy"] is None
    assert auc["n_readers"] == 5
    assert [auc[key] for key in ("estimate", "se", "df", "t", "p_value")] == pytest.approx(
        [0.897037037037, 0.0331735969592, 12.7446475981, 11.9684650876, 2.66128778111e-08], rel=1e-6
    )
    assert auc["tost"] == [
        {
            "margin": 0.1,
            "p_lower": pytest.approx(9.08235448292e-10, rel=1e-6),
            "p_upper": pytest.approx(0.999999629066, rel=1e-6),
            "p_tost": pytest.approx(0.999999629066, rel=1e-6),
            "equivalent": False,
        }
    ]
    labels = row(rows, unsure_policy="exclude", organ="all", generator="all", covariance="unbiased")
    assert [labels[key] for key in ("estimate", "se", "df")] == pytest.approx(
        [0.8799685319295, 0.03848999659129, 16.704809986601], rel=1e-6
    )


def test_the_balanced_accuracy_endpoint_is_the_mean_of_the_readers_balanced_accuracies():
    analysis = analyse(two_generators())
    table = analysis.metrics.query("reader_id != 'all' and organ == 'liver' and generator == 'G'")
    pooled = row(
        analysis.document["mrmc"], unsure_policy="exclude", organ="liver", generator="G", covariance="unbiased"
    )
    assert pooled["estimate"] == pytest.approx(table["balanced_accuracy"].mean())
    assert pooled["n_readers"] == len(table) == 4


def test_middle_is_the_area_of_the_three_point_scale():
    scale = {"R": 1.0, "U": 0.5, "S": 0.0}
    areas = [
        slow_reference.area(slow_reference.kernel(*([scale[letter] for letter in word] for word in words)))
        for words in (("RRSU", "SUR"), ("RUUS", "SSU"))
    ]
    rows = analyse(study(answers("R1", real="RRSU", G="SUR"), answers("R2", real="RUUS", G="SSU"))).document["mrmc"]
    middle = row(rows, unsure_policy="middle", organ="all", generator="G", covariance="unbiased")
    assert middle["estimate"] == pytest.approx(np.mean(areas))


def test_unsure_as_wrong_is_described_but_not_tested():
    rows = analyse(two_generators()).document["mrmc"]
    wrong = row(rows, unsure_policy="wrong", organ="liver", generator="G", covariance="unbiased")
    sensitivities, specificities = (4 / 6, 4 / 6, 5 / 6, 5 / 6), (3 / 4, 3 / 4, 3 / 4, 2 / 4)
    assert wrong["estimate"] == pytest.approx((np.mean(sensitivities) + np.mean(specificities)) / 2)
    assert wrong["se"] > 0
    assert (wrong["t"], wrong["p_value"]) == (None, None)
    assert "no test" in wrong["reason"]
    assert wrong["tost"] == [{"margin": 0.1, "p_lower": None, "p_upper": None, "p_tost": None, "equivalent": None}]


def test_generators_are_compared_by_the_readers_of_both_with_the_real_cases_shared():
    """The cells written out: R1 to R3 under G, then under H, unsure left out."""
    real = ["RRRSRU", "RSRRUR", "SRRRRR"]
    positive = [[*word] for word in real * 2]
    negative = [[*word, *"----"] for word in ("SSRS", "SRSS", "SSSU")] + [
        [*"----", *word] for word in ("RRSS", "RSRU", "RRRS")
    ]
    score = {"R": 1.0, "S": 0.0, "U": np.nan, "-": np.nan}
    sums = pair_sums(*(np.array([[score[x] for x in cell] for cell in cells]) for cells in (positive, negative)))
    expected = difference_test(sums.auc[:3], sums.auc[3:], COVARIANCES["unbiased"](sums), alpha=0.05)

    rows = analyse(two_generators()).document["mrmc_differences"]

    got = row(rows, unsure_policy="exclude", organ="liver", covariance="unbiased")
    assert (got["generator_a"], got["generator_b"]) == ("G", "H")
    assert [got[key] for key in ("difference", "se", "df", "p_value")] == pytest.approx(
        [expected.estimate, expected.se, expected.df, expected.p_value]
    )


def test_rows_have_the_fields_of_the_contract():
    document = analyse(two_generators()).document
    assert document["positive"] == "real tumour"
    assert all(sorted(row) == sorted(ROW) for row in document["mrmc"])
    assert all(sorted(row) == sorted(DIFFERENCE_ROW) for row in document["mrmc_differences"])
    questions = {(row["organ"], row["generator"]) for row in document["mrmc"]}
    assert questions == {(organ, generator) for organ in ("liver", "all") for generator in ("G", "H", "all")}
    assert {row["unsure_policy"] for row in document["mrmc"]} == {"exclude", "wrong", "middle"}
    assert {row["covariance"] for row in document["mrmc"]} == {"unbiased", "jackknife"}


TABLES = ["headlines", "bootstrap", "counts", "unsure_policies", "unsure_rates", "discrimination",
          "signal_detection", "against_chance", "positive_controls", "host_only", "equivalence", "rating_areas",
          "roc_curves",
          "operating_points", "rating_distribution", "agreement", "agreement_pairs",
          "agreement_repeats", "reading_times", "time_ratios", "drift", "halves", "experience",
          "case_difficulty"]  # fmt: skip


def test_every_table_stands_in_the_document_with_its_columns():
    analysis = analyse(two_generators())
    assert list(analysis.tables) == TABLES
    for name, table in analysis.tables.items():
        rows = analysis.document[name]
        assert len(rows) == len(table)
        assert all(list(row) == list(table.columns) for row in rows)
    equivalence = analysis.document["equivalence"][0]
    assert (equivalence["controls_found"], equivalence["indistinguishable"], equivalence["reason"]) == (
        None,
        False,
        None,
    )


def test_readers_of_different_generators_cannot_be_compared():
    document = analyse(study(answers("R1", real="RS", G="SR"), answers("R2", real="RR", H="SS"))).document
    for difference in document["mrmc_differences"]:
        assert difference["difference"] is None
        assert difference["p_value"] is None
        assert difference["reason"].startswith("A test over random readers needs at least two readers")


@pytest.mark.parametrize(
    "readings",
    [
        answers("R1", real="R"),
        answers("R1", G="S"),
        answers("R1", real="UU", G="UU"),
        study(answers("R1", real="RR"), answers("R2", G="SS")),
        study(answers("R1", real="RR", G="RR"), answers("R2", real="RR", G="RR")),
    ],
    ids=["one reading", "no real case", "all unsure", "one class each", "everything called real"],
)
def test_what_cannot_be_estimated_is_null_with_a_reason_and_the_json_is_valid(readings, tmp_path):
    paths = write_analysis(analyse(readings), readings, tmp_path)
    document = json.loads(paths[2].read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert document["mrmc"]
    for test in document["mrmc"]:
        assert (test["se"], test["p_value"], test["ci_low"]) == (None, None, None)
        assert test["reason"]


def test_equal_readers_have_infinite_df_which_json_says_in_words():
    readings = study(answers("R1", real="RRS", G="SSR"), answers("R2", real="RRS", G="SSR"))
    test = row(
        analyse(readings).document["mrmc"], unsure_policy="middle", organ="all", generator="G", covariance="jackknife"
    )
    assert test["df"] is None
    assert test["p_value"] is not None
    assert test["reason"].startswith("df is infinite")


def pooled_values(readings: pd.DataFrame) -> dict[tuple, list[float]]:
    """Return, for each pooled test but the described ones, estimate, SE, df and p."""
    rows = [row for row in analyse(readings, replicates=50).document["mrmc"] if row["unsure_policy"] != "wrong"]
    key = ("unsure_policy", "organ", "generator", "covariance")
    return {
        tuple(row[name] for name in key): [row[name] for name in ("estimate", "se", "df", "p_value")] for row in rows
    }


def test_neither_the_readers_names_nor_the_order_of_rows_matter():
    renamed = two_generators().assign(
        reader_id=lambda frame: frame["reader_id"].map(lambda code: f"Z{9 - int(code[1])}")
    )
    shuffled = readings_frame(renamed.sample(frac=1, random_state=1))
    expected, found = pooled_values(two_generators()), pooled_values(shuffled)
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        assert found[key] == [pytest.approx(value) if value is not None else None for value in values]


def test_calling_real_synthetic_and_synthetic_real_mirrors_every_estimate_of_complete_answers():
    """With missing ones the unbiased covariance has no such symmetry, nor has MRMCaov's, which it equals."""
    mirrored = two_generators().assign(
        label=lambda frame: frame["label"].replace({"real": "synthetic", "synthetic": "real"})
    )
    expected, found = pooled_values(two_generators()), pooled_values(readings_frame(mirrored))
    complete = [key for key in expected if key[0] == "middle" and key[2] in ("G", "H")]
    assert len(complete) == 8
    for key in complete:
        estimate, *rest = expected[key]
        assert found[key] == [pytest.approx(value) for value in (1 - estimate, *rest)]


def test_closed_without_a_reading_there_is_nothing_to_estimate_and_no_error():
    document = analyse(readings_frame(pd.DataFrame({name: [] for name in COLUMNS}))).document
    assert (document["n_readings"], document["mrmc"], document["headlines"]) == (0, [], [])
    assert {row["reason"] for row in document["drift"]} == {
        "The drift needs at least two readers.",
        "No time was recorded.",
    }


def test_limits_are_said():
    warnings = analyse(study(two_generators(), answers("R5", real="RR"))).document["warnings"]
    assert [warning.split(" ")[0:4] for warning in warnings] == [
        ["Only", "4", "readers", "could"],
        ["Only", "3", "readers", "could"],
        ["Reader", "R5", "read", "real"],
        ["4", "of", "54", "answers"],
    ]


def test_five_good_readers_need_no_warning():
    assert analyse(study(*(answers(f"R{n}", real="RS", G="SR") for n in range(5)))).document["warnings"] == []


def test_few_real_cases_for_several_generators_are_said():
    warnings = analyse(answers("R1", real="R", G="SS", H="SS")).document["warnings"]
    assert warnings[-1].startswith("Only 20% of the readings are of real cases, which 2 generators share")


def test_warnings_count_first_readings_and_not_their_hidden_repeats():
    first = answers("R1", real="RRU", G="SSU", H="SSS")
    repeats = [first[first["truth"] == "real"].assign(repeat_index=number) for number in (1, 2)]
    warnings = analyse(study(first, *repeats)).document["warnings"]
    assert warnings[0].startswith("2 of 9 answers were unsure")
    assert warnings[1].startswith("6 hidden repeats are left out of everything here")
    assert warnings[2].startswith("Only 33% of the readings are of real cases")


def test_three_files_are_written_and_the_readings_come_back(tmp_path: Path):
    readings = van_dyke_readings()
    analysis = analyse(readings)
    paths = write_analysis(analysis, readings, tmp_path)
    assert [path.name for path in paths] == ["readings.csv", "metrics.csv", "analysis.json"]
    pd.testing.assert_frame_equal(read_readings_csv(paths[0]), readings)
    pd.testing.assert_frame_equal(pd.read_csv(paths[1]), analysis.metrics, check_dtype=False)
    assert json.loads(paths[2].read_text()) == analysis.document


def test_formulas_in_codes_are_escaped_in_the_metrics_too(tmp_path: Path):
    readings = answers("=cmd()", real="R", G="S")
    write_analysis(analyse(readings), readings, tmp_path)
    assert (tmp_path / "metrics.csv").read_text().splitlines()[1].startswith("'=cmd(),liver,G,")


def test_alpha_and_margins_are_used():
    tests, _ = pooled_tests(van_dyke_readings(), alpha=0.10, margins=(0.05, 0.15))
    jackknife = next(test for test in tests if test.covariance == "jackknife")
    # golden/mrmc/vandyke_expected.json, jackknife_RRRC, vs_chance: ci90 of technique 1
    assert (jackknife.test.ci_low, jackknife.test.ci_high) == pytest.approx((0.838198661728, 0.955875412346), rel=1e-6)
    assert [tost.margin for tost in jackknife.tost] == [0.05, 0.15]


def test_the_version_is_that_of_the_project():
    pyproject = Path(__file__).parents[3] / "pyproject.toml"
    assert f'version = "{__version__}"' in pyproject.read_text()
