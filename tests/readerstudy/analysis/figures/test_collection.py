"""Every figure of every kind of study: drawn, or left out where there is nothing to draw."""

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from readerstudy.analysis.analysis import analyse
from readerstudy.analysis.exports.tables import read_cases, read_readers
from readerstudy.analysis.figures import collection
from readerstudy.analysis.figures.collection import FIGURES, Material
from readerstudy.analysis.figures.drawing import Drawing, looks
from readerstudy.analysis.frame import readings_frame
from tests.readerstudy.analysis import builders


def material(readings: pd.DataFrame) -> Material:
    return Material(readings, analyse(readings, replicates=20), read_cases(readings), read_readers(readings))


def drawn(readings: pd.DataFrame) -> dict[str, Drawing]:
    return collection.drawn(material(readings))


def one(readings: pd.DataFrame, name: str) -> Drawing:
    return FIGURES[name](material(readings))


def texts(drawing: Drawing) -> list[str]:
    root = ElementTree.fromstring(drawing.svg)
    return [str(element.text) for element in root.iter("{http://www.w3.org/2000/svg}text")]


def rated(readings: pd.DataFrame) -> pd.DataFrame:
    return readings.assign(rating=np.where(readings["label"] == "real", 5.0, 2.0))


def timed(readings: pd.DataFrame) -> pd.DataFrame:
    order = readings.groupby("reader_id").cumcount() + 1
    return readings_frame(readings.assign(order=order, time_s=10.0 + order))


NO_TIME = {"times", "halves"}
TWO_GENERATORS = builders.study(
    builders.answers("R1", real="RRRSU", G="SSRUS", H="RS"), builders.answers("R2", real="RSRRR", G="SRSSS", H="SS")
)
ONE_READER = builders.answers("R1", real="RRS", G="SSR")


def test_a_study_with_everything_has_every_figure():
    assert set(drawn(rated(timed(TWO_GENERATORS)))) == set(FIGURES)


@pytest.mark.parametrize(
    ("readings", "absent"),
    [
        (TWO_GENERATORS, {"ratings"}),
        (ONE_READER, {"ratings", "differences", "agreement"}),
        (
            builders.answers("R1", real="UU", G="UU"),
            {"ratings", "differences", "agreement", "detection", "roc", "difficulty"},
        ),
        (builders.answers("R1", real="RR"), {"ratings", "differences", "agreement", "detection", "forest", "roc"}),
        (ONE_READER.iloc[:0], set(FIGURES)),
    ],
    ids=["no ratings", "one reader", "all unsure", "one class", "nobody"],
)
def test_what_there_is_nothing_of_is_left_out(readings: pd.DataFrame, absent: set[str]):
    assert set(FIGURES) - set(drawn(readings_frame(readings))) == absent | NO_TIME


def test_each_figure_says_what_it_is():
    for name, drawing in drawn(rated(timed(TWO_GENERATORS))).items():
        assert drawing.name == name
        assert drawing.title
        assert drawing.description.endswith((".", "%"))
        assert len(drawing.data)


def test_the_forest_shows_each_reader_and_the_means_as_they_are_in_the_document():
    made = material(TWO_GENERATORS)
    data = FIGURES["forest"](made).data
    [row] = [
        row
        for row in made.analysis.document["mrmc"]
        if (row["generator"], row["organ"], row["unsure_policy"], row["covariance"])
        == ("G", "all", "middle", "unbiased")
    ]
    mean = data[(data["generator"] == "G") & (data["kind"] == "mean, unsure half-way")].iloc[0]
    assert (mean["estimate"], mean["low"], mean["high"]) == (row["estimate"], row["ci_low"], row["ci_high"])
    readers = data[(data["generator"] == "G") & (data["kind"] == "reader")]
    assert list(readers["reader_id"]) == ["R1", "R2"]
    assert list(readers["estimate"]) == pytest.approx([(3 / 4 + 3 / 4) / 2, (4 / 5 + 4 / 5) / 2])


def test_what_cannot_be_estimated_is_said_in_the_forest():
    readings = builders.study(builders.answers("R1", real="RS", G="SR"), builders.answers("R2", real="UU", G="SS"))
    assert "not estimable" in texts(one(readings, "forest"))


def test_answers_are_the_counts_of_both_arms():
    data = one(TWO_GENERATORS, "answers").data.set_index(["reader_id", "truth"])
    assert data.loc[("R1", "real")].tolist() == [3, 1, 1]
    assert data.loc[("R1", "synthetic")].tolist() == [2, 1, 4]


def test_the_flow_tells_what_was_not_read():
    cases = read_cases(ONE_READER).assign(n_assigned=lambda table: table["n_readings"] + 1)
    drawing = FIGURES["flow"](Material(ONE_READER, analyse(ONE_READER), cases, read_readers(ONE_READER)))
    assert "3 missing" in texts(drawing)
    assert "called real: 2" in texts(drawing)
    assert "real: 3 first readings 3 missing" in drawing.description


def test_readers_come_in_the_order_that_people_expect():
    readings = builders.study(*(builders.answers(f"R{n}", real="RS", G="SR") for n in (10, 2, 1)))
    named = [text for text in texts(one(readings, "forest")) if text.startswith("R")]
    assert named == ["R1", "R2", "R10"]


def test_readers_of_one_generator_alone_stand_in_the_legend_too():
    apart = builders.study(builders.answers("R1", real="RRS", G="SSR"), builders.answers("R2", real="RSR", H="SSR"))
    assert {"R1", "R2"} <= set(texts(one(apart, "detection")))


def test_thirteen_readers_differ_in_shape_and_colour_together():
    thirteen = looks([f"R{n}" for n in range(13)])
    assert len({(look.color, look.marker) for look in thirteen.values()}) == 13
    assert len({look.marker for look in thirteen.values()}) == 13


def test_long_names_are_shortened_in_the_drawing_and_whole_in_its_data():
    name = "reader-with-a-very-long-code-00000000001"
    drawing = one(builders.answers(name, real="RS", G="SR"), "forest")
    assert any(text.endswith("…") for text in texts(drawing))
    assert list(drawing.data["reader_id"]) == [name]


def test_the_curves_are_those_of_the_ratings_and_the_points_those_of_the_labels():
    data = one(rated(TWO_GENERATORS), "roc").data
    curve = data[(data["kind"] == "curve") & (data["reader_id"] == "R1") & (data["generator"] == "G")]
    assert list(curve["true_positive_rate"]) == pytest.approx([0, 3 / 5, 1])
    assert list(curve["false_positive_rate"]) == pytest.approx([0, 1 / 5, 1])
    point = data[(data["kind"] == "label") & (data["reader_id"] == "R1") & (data["generator"] == "G")].iloc[0]
    assert (point["true_positive_rate"], point["false_positive_rate"]) == (3 / 4, 1 / 4)


def test_without_ratings_the_plane_shows_where_labels_lie():
    drawing = one(TWO_GENERATORS, "roc")
    assert drawing.description.startswith("Where labels lie")
    assert set(drawing.data["kind"]) == {"label"}


def test_ratings_are_added_up_over_readers():
    data = one(rated(TWO_GENERATORS), "ratings").data
    of_g = data[(data["generator"] == "G") & (data["truth"] == "real")]
    assert dict(zip(of_g["rating_from"], of_g["n"], strict=True)) == {2.0: 3, 5.0: 7}
    assert of_g["share"].sum() == pytest.approx(1)


def test_agreement_is_written_into_the_matrix_on_both_sides():
    drawing = one(TWO_GENERATORS, "agreement")
    [kappa] = drawing.data["value"]
    assert texts(drawing).count(f"{kappa:.2f}".replace("-", "−")) == 2


def test_times_are_medians_and_the_second_half_is_compared_with_the_first():
    assert list(one(timed(TWO_GENERATORS), "times").data["median_s"]) == [10 + 13 / 2, 10 + 13 / 2]
    halves = one(timed(TWO_GENERATORS), "halves").data
    assert list(halves["reader_id"]) == ["R1", "R2", "all"]
    assert halves["difference"].iloc[2] == pytest.approx(halves["difference"].iloc[:2].mean())
