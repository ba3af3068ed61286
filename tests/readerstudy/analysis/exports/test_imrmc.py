"""The iMRMC file, against `golden/mrmc/vandyke_RJafroc_example.imrmc` (RJafroc 2.1.3's example data set)."""

from pathlib import Path

import pandas as pd
import pytest

from readerstudy.analysis.exports.imrmc import plain_names, write_imrmc
from readerstudy.analysis.frame import readings_frame
from tests.readerstudy.analysis import builders
from tests.readerstudy.analysis.van_dyke import N_NEGATIVE, RATINGS

GOLDEN_TECHNIQUE = 1
HEADING = 6  # lines before the rows


def van_dyke() -> pd.DataFrame:
    """One technique as one generator: readers `0` to `4`, cases in the golden file's order."""
    rows = [
        {
            "reader_id": str(reader - 1),
            "case_id": f"case {case}",
            "organ": "liver",
            "generator": "0" if case < N_NEGATIVE else "",
            "truth": "synthetic" if case < N_NEGATIVE else "real",
            "label": "real" if rating > "3" else "synthetic",
            "rating": float(rating),
        }
        for (technique, reader), ratings in RATINGS.items()
        if technique == GOLDEN_TECHNIQUE
        for case, rating in enumerate(ratings)
    ]
    return readings_frame(pd.DataFrame(rows))


def write(readings: pd.DataFrame, path: Path, *, endpoint: str = "auc", policy: str | None = None) -> list[str]:
    write_imrmc(readings, path, title="Van Dyke", endpoint=endpoint, unsure_policy=policy)
    return path.read_text().splitlines()


def test_the_rows_are_those_of_the_golden_file(golden: Path, tmp_path: Path):
    expected = (golden / "mrmc" / "vandyke_RJafroc_example.imrmc").read_text().splitlines()

    written = write(van_dyke(), tmp_path / "ratings.imrmc")

    assert written[:HEADING] == ["Van Dyke", "N0:69", "N1:45", "NR:5", "NM:1", "BEGIN DATA:"]
    first_technique = [row for row in expected[HEADING:] if row.split(",")[2] in ("truth", "0")]
    assert written[HEADING:] == first_technique


def test_a_real_case_has_a_row_under_every_generator_and_truth_comes_first(tmp_path: Path):
    readings = builders.answers("R1", real="RU", G="S", H="U")
    key = write_imrmc(
        readings, tmp_path / "x", title="two\nlines", endpoint="balanced_accuracy", unsure_policy="middle"
    )

    assert (tmp_path / "x").read_text().splitlines() == [
        "two lines", "N0:2", "N1:2", "NR:1", "NM:2", "BEGIN DATA:",
        "-1,1,truth,0", "-1,2,truth,0", "-1,3,truth,1", "-1,4,truth,1",
        "R1,1,G,0.000000", "R1,3,G,1.000000", "R1,4,G,0.500000",
        "R1,2,H,0.500000", "R1,3,H,1.000000", "R1,4,H,0.500000",
    ]  # fmt: skip
    assert list(key["case_id"]) == ["liver synthetic G 0", "liver synthetic H 0", "liver real  0", "liver real  1"]


def test_readings_without_a_score_and_their_cases_are_left_out(tmp_path: Path):
    written = write(
        builders.answers("R1", real="RU", G="SU"), tmp_path / "x", endpoint="balanced_accuracy", policy="exclude"
    )
    assert written[1:5] == ["N0:1", "N1:1", "NR:1", "NM:1"]
    assert written[HEADING:] == ["-1,1,truth,0", "-1,2,truth,1", "R1,1,G,0.000000", "R1,2,G,1.000000"]


@pytest.mark.parametrize(
    ("names", "plain"),
    [
        (["R1", "R-2.b"], {"R1": "R1", "R-2.b": "R-2.b"}),
        (["a,b", "a b"], {"a b": "a_b", "a,b": "a_b_2"}),
        (["x,y", "x_y"], {"x_y": "x_y", "x,y": "x_y_2"}),
    ],
)
def test_names_lose_what_parts_cells_and_stay_different(names: list[str], plain: dict[str, str]):
    assert plain_names(pd.Series(names)) == plain
