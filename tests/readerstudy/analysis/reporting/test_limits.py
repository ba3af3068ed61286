"""What must be said beside the figures, by rule."""

import pandas as pd
import pytest

from readerstudy.analysis.analysis import analyse
from readerstudy.analysis.exports.tables import read_cases, read_readers
from readerstudy.analysis.figures.collection import Material
from readerstudy.analysis.frame import readings_frame
from readerstudy.analysis.reporting.limits import limits, listed
from tests.readerstudy.analysis import builders


def said(readings: pd.DataFrame, cases: pd.DataFrame | None = None) -> str:
    cases = read_cases(readings) if cases is None else cases
    return "\n".join(limits(Material(readings, analyse(readings, replicates=20), cases, read_readers(readings))))


def test_a_reader_who_calls_everything_real_has_a_bias_and_no_proof():
    text = said(builders.answers("R1", real="R" * 30, G="R" * 30))
    assert "R1 leaned to the answer “real” whatever was shown" in text


def test_a_bias_to_synthetic_is_said_too():
    assert "R1 leaned to the answer “synthetic”" in said(builders.answers("R1", real="S" * 30, G="S" * 30))


def test_a_reader_of_both_answers_has_none():
    assert "leaned" not in said(builders.answers("R1", real="RS" * 15, G="RS" * 15))


def test_an_equivalence_that_was_never_possible_is_said_with_what_would_do():
    text = said(builders.answers("R1", real="RS" * 15, G="RS" * 15))
    assert "With 60 answers about a generator, R1 could never be shown to be unable to tell at ±0.10" in text
    assert "76 answers make it possible, 227 give 80 % power" in text


def test_enough_answers_are_not_complained_of():
    assert "could never" not in said(builders.answers("R1", real="RS" * 20, G="RS" * 20))


def test_missing_controls_and_missed_controls_are_said():
    readings = builders.answers("R1", real="RS", G="RS")
    assert "No positive controls" in said(readings)
    controls = readings_frame(builders.answers("R1", poor="RRRR").assign(control=1))
    text = said(builders.study(readings, controls))
    assert "R1 did not find the positive controls." in text
    assert "No positive controls" not in text


def test_what_was_not_read_is_counted():
    readings = builders.answers("R1", real="RS", G="RS")
    cases = read_cases(readings).assign(n_assigned=2)
    assert "4 of 8 readings that were asked for were not made." in said(readings, cases)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["R1"], "R1"),
        (["R2", "R1", "R1"], "R1 and R2"),
        (["R10", "R2", "R1"], "R1, R2 and R10"),
        ([f"R{n}" for n in range(1, 10)], "R1, R2, R3, R4, R5, R6 and 3 more"),
    ],
)
def test_names_in_words(names: list[str], words: str):
    assert listed(names) == words
