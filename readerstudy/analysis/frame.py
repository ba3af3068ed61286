"""The readings frame: one row per answer of a reader about a case.

This module is the one place that declares its columns. `readings_csv` reads and writes it as a file,
the database's export builds it through `readings_frame`, and every statistic takes it as it is.
Positive = real tumour, negative = synthetic tumour.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionDtype

ORGANS = ("liver", "pancreas", "kidney")
TRUTHS = ("real", "synthetic")
NOT_SEEN = "not-seen"
LABELS = ("real", "synthetic", "unsure", NOT_SEEN)
"""`not-seen`: no tumour seen, of studies without a lesion cue; in no denominator, counted apart."""
ORGAN_LABELS = (*ORGANS, "unsure")
"""The answers of organ-recognition studies, whose truth is the column `organ`."""
POOLED = "all"
"""Stands for every reader, organ or generator in a pooled row, so nothing else may be called that."""


Dtype = ExtensionDtype | np.dtype[np.generic]
TEXT_DTYPE = pd.StringDtype(na_value=np.nan)
FLOAT_DTYPE = np.dtype("float64")


@dataclass(frozen=True)
class Column:
    """One column of the readings frame; `default` is None where the column must be given."""

    dtype: Dtype
    meaning: str
    default: object = None


COLUMNS = {
    "reader_id": Column(TEXT_DTYPE, "the reader's code, text"),
    "case_id": Column(TEXT_DTYPE, "the case's code, text"),
    "organ": Column(TEXT_DTYPE, "liver, pancreas or kidney"),
    "generator": Column(TEXT_DTYPE, "what made the synthetic tumour; empty for a real one"),
    "truth": Column(TEXT_DTYPE, "real (positive) or synthetic (negative)"),
    "label": Column(TEXT_DTYPE, "the reader's answer: real, synthetic, unsure or not-seen"),
    "rating": Column(FLOAT_DTYPE, "confidence, higher = more surely real; NaN = not asked", np.nan),
    "order": Column(pd.Int64Dtype(), "place of the reading in the reader's sequence; NA = not recorded", pd.NA),
    "time_s": Column(
        FLOAT_DTYPE,
        "seconds from showing the case to the answer, pauses left out where counted; NaN = not recorded",
        np.nan,
    ),
    "session": Column(TEXT_DTYPE, "the sitting in which it was read, text", ""),
    "repeat_index": Column(
        np.dtype("int64"), "0 = first reading of the case by this reader, 1, 2, … = hidden repeats", 0
    ),
    "patient_id": Column(TEXT_DTYPE, "whose CT it is, the host's for a synthetic case; empty = one of its own", ""),
    "control": Column(np.dtype("int64"), "1 = a deliberately poor synthetic case, counted apart; else 0", 0),
    "host_only": Column(np.dtype("int64"), "1 = shown with its tumour hidden, in either arm, counted apart; else 0", 0),
}
REQUIRED = tuple(name for name, column in COLUMNS.items() if column.default is None)
WRITTEN_WHERE_USED = ("patient_id", "control", "host_only")
"""Columns that a file holds only where some reading has a value in them."""
TEXT = tuple(name for name, column in COLUMNS.items() if column.dtype == TEXT_DTYPE)


class InvalidReadings(ValueError):  # noqa: N818 - named for what it says: the readings are invalid
    """Readings that cannot be analysed; the message names where and what to do."""


@dataclass(frozen=True)
class Problem:
    """The first row (counted from 0) of a frame that breaks a rule."""

    row: int
    column: str
    message: str


def readings_frame(frame: pd.DataFrame, *, labels: Collection[str] = LABELS) -> pd.DataFrame:
    """Return `frame` with every declared column in order and dtype, checked; `labels` are the answers that there are.

    Missing optional columns get their default, None in a text column becomes "".

    Raises
    ------
    InvalidReadings
        A required column is missing, an undeclared one is there, or a row breaks a rule.
    """
    missing = [name for name in REQUIRED if name not in frame]
    if missing:
        raise InvalidReadings(f"The readings lack the column {missing[0]}; required are {', '.join(REQUIRED)}.")
    unknown = [str(name) for name in frame if name not in COLUMNS]
    if unknown:
        raise InvalidReadings(f"The readings have a column {unknown[0]!r}; known are {', '.join(COLUMNS)}.")
    readings = pd.DataFrame({name: _declared(frame, name) for name in COLUMNS}).reset_index(drop=True)
    problem = first_problem(readings, labels=labels)
    if problem:
        raise InvalidReadings(f"Reading {problem.row + 1}, column {problem.column}: {problem.message}")
    return readings


def _declared(frame: pd.DataFrame, name: str) -> pd.Series:
    column = COLUMNS[name]
    if name not in frame:
        return pd.Series(column.default, index=frame.index, dtype=column.dtype)
    if column.dtype == TEXT_DTYPE:
        return frame[name].astype(TEXT_DTYPE).fillna("")
    if column.dtype == np.dtype("int64"):
        return frame[name].fillna(0).astype(column.dtype)
    return frame[name].astype(column.dtype)


def counted(readings: pd.DataFrame) -> pd.DataFrame:
    """Return the readings that figures are made of: first ones, no hidden repeat, and no control of either kind."""
    apart = (readings["repeat_index"] > 0) | (readings["control"] == 1) | (readings["host_only"] == 1)
    return readings[~apart]


def first_problem(readings: pd.DataFrame, *, labels: Collection[str] = LABELS) -> Problem | None:
    """Return the first rule that a frame of the declared columns breaks, or None."""
    words: Rule = partial(_words, labels=labels)
    for rule in (words, *RULES):
        for column, broken, message in rule(readings):
            rows = np.flatnonzero(broken)
            if rows.size:
                row = int(rows[0])
                return Problem(row, column, message.format(value=_quoted(readings[column].iloc[row])))
    return None


Broken = tuple[str, "pd.Series[bool]", str]
"""A column, which rows break the rule there, and the message with a {value} to fill in."""
Rule = Callable[[pd.DataFrame], Iterator[Broken]]


def _words(readings: pd.DataFrame, *, labels: Collection[str]) -> Iterator[Broken]:
    for column, words in (("organ", ORGANS), ("truth", TRUTHS), ("label", labels)):
        yield column, ~readings[column].isin(words), f"{{value}} is none of {', '.join(words)}."


def _names(readings: pd.DataFrame) -> Iterator[Broken]:
    for column in ("reader_id", "case_id"):
        yield column, readings[column] == "", "is empty; every reading needs one."
    for column in ("reader_id", "generator"):
        yield column, readings[column] == POOLED, "{value} is kept for pooled rows; rename it."


def _generators(readings: pd.DataFrame) -> Iterator[Broken]:
    real, named = readings["truth"] == "real", readings["generator"] != ""
    yield "generator", real & named, "a real case has no generator, but {value} is given; leave it empty."
    yield "generator", ~real & ~named, "is empty for a synthetic case; name what made it."


def _numbers(readings: pd.DataFrame) -> Iterator[Broken]:
    for column in ("rating", "time_s"):
        yield column, np.isinf(readings[column]), "{value} is not a finite number."
    yield "time_s", readings["time_s"] < 0, "{value} is negative; give seconds from 0 up."
    yield "repeat_index", readings["repeat_index"] < 0, "{value} is negative; count repeats from 0."
    for column in ("control", "host_only"):
        yield column, ~readings[column].isin((0, 1)), "{value} is neither 0 nor 1."
    real_control = (readings["control"] == 1) & (readings["truth"] == "real")
    yield "control", real_control, "{value} for a real case; positive controls are poor synthetic ones."
    both = (readings["control"] == 1) & (readings["host_only"] == 1)
    yield "host_only", both, "{value} for a positive control; a case is one or the other."


def _cases(readings: pd.DataFrame) -> Iterator[Broken]:
    by_case = readings.groupby("case_id", sort=False)
    for column in ("truth", "organ", "generator", "patient_id", "control", "host_only"):
        conflict = readings[column] != by_case[column].transform("first")
        yield (
            column,
            conflict,
            f"{{value}} contradicts an earlier reading of the same case; a case has one {column}.",
        )


def _repeats(readings: pd.DataFrame) -> Iterator[Broken]:
    pair = ["reader_id", "case_id"]
    duplicate = readings.duplicated([*pair, "repeat_index"])
    yield (
        "case_id",
        duplicate,
        "{value} was read before by this reader; keep one reading, or number hidden repeats in repeat_index.",
    )
    first = readings.groupby(pair, sort=False)["repeat_index"].transform("min")
    yield "repeat_index", first > 0, "{value}, but this reader's first reading of the case (0) is missing."


RULES: tuple[Rule, ...] = (
    _names,
    _generators,
    _numbers,
    _cases,
    _repeats,
)


def _quoted(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 40 else text[:39] + "…")
