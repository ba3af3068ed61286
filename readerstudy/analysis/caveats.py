"""What a reader of the results must be told, said by rule."""

from collections.abc import Collection, Iterator, Sequence

import pandas as pd

from readerstudy.analysis.clusters import patients_with_several_cases
from readerstudy.analysis.frame import NOT_SEEN, POOLED, counted
from readerstudy.analysis.mrmc import GeneratorTest

FEW_READERS = 5
FEW_REAL = 0.4


def caveats(readings: pd.DataFrame, tests: Sequence[GeneratorTest], anchors: Collection[str] = ()) -> list[str]:
    """Return one sentence for each limit that these readings have; hidden repeats are only counted."""
    first = counted(readings)
    return [
        *_few_readers(tests),
        *_one_class(first),
        *_unsure(first),
        *_not_seen(first),
        *_repeats(int((readings["repeat_index"] > 0).sum())),
        *_controls(readings),
        *_few_real(first),
        *_shared_patients(readings),
        *_anchors(first, anchors),
    ]


def _few_readers(tests: Sequence[GeneratorTest]) -> Iterator[str]:
    pooled = [test for test in tests if test.question.organ == POOLED and test.generator != POOLED]
    readers = {test.generator: test.n_readers for test in pooled if test.question.unsure_policy == "middle"}
    for generator, n_readers in readers.items():
        if 1 < n_readers < FEW_READERS:
            yield (
                f"Only {n_readers} readers could be pooled for generator {generator}: below {FEW_READERS} the "
                "pooled test finds differences that are not there too often (5–9 % of studies at three "
                "readers, 7–11 % at two, instead of 5 %)."
            )


def _one_class(first: pd.DataFrame) -> Iterator[str]:
    classes = first.groupby("reader_id")["truth"].agg(["nunique", "first"])
    for reader, truth in classes.loc[classes["nunique"] == 1, "first"].items():
        yield f"Reader {reader} read {truth} cases only and is left out of every pooled test."


def _unsure(first: pd.DataFrame) -> Iterator[str]:
    unsure = int((first["label"] == "unsure").sum())
    if unsure:
        yield (
            f"{unsure} of {len(first)} answers were unsure; sensitivity, specificity and accuracy leave "
            "them out, which conditions on the answer; the pooled test that places unsure between synthetic and "
            "real does not."
        )


def _not_seen(first: pd.DataFrame) -> Iterator[str]:
    not_seen = int((first["label"] == NOT_SEEN).sum())
    if not_seen:
        yield f"In {not_seen} of {len(first)} readings no tumour was seen: in no denominator, counted apart."


def _repeats(n_repeats: int) -> Iterator[str]:
    if n_repeats:
        yield f"{n_repeats} hidden repeats are left out of everything here; the first reading counts."


def _few_real(first: pd.DataFrame) -> Iterator[str]:
    generators = first.loc[first["generator"] != "", "generator"].nunique()
    share = (first["truth"] == "real").mean()
    if generators > 1 and share < FEW_REAL:
        yield (
            f"Only {share:.0%} of the readings are of real cases, which {generators} generators share: "
            "a reader who senses this may answer synthetic more often."
        )


def _controls(readings: pd.DataFrame) -> Iterator[str]:
    controls = int(((readings["control"] == 1) & (readings["repeat_index"] == 0)).sum())
    if controls:
        yield f"{controls} readings of positive controls are counted apart and in no other figure."
    hidden = int(((readings["host_only"] == 1) & (readings["repeat_index"] == 0)).sum())
    if hidden:
        yield f"{hidden} readings of host-only cases (tumour hidden) are counted apart and in no other figure."


def _shared_patients(readings: pd.DataFrame) -> Iterator[str]:
    patients = patients_with_several_cases(readings)
    if patients:
        yield (
            f"Several cases come from one patient or host ({patients} of them), so cases are not independent: tests "
            "that take them as such find too much, and the intervals shown come from resampling patients."
        )


def _anchors(first: pd.DataFrame, anchors: Collection[str]) -> Iterator[str]:
    if not anchors:
        return
    yield (
        "Each reader read a part of the cases. The tests over readers, and the headline with them, need every reader "
        f"to have read every case, so they rest on the {len(anchors)} of {first['case_id'].nunique()} cases that all "
        "were asked to read; each reader's own figures rest on all that they read."
    )
    of_all = set(first.loc[first["case_id"].isin(anchors), "generator"])
    for generator in sorted(set(first["generator"]) - of_all - {""}):
        yield f"No case by {generator} is among those, so whether readers tell its cases can't be tested over readers."
