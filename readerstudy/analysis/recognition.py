"""Organ recognition: which organ readers said a tumour was in, against the organ it is in.

Readings are a frame of `frame.COLUMNS` whose `label` is an organ or `unsure`; the truth is `organ`, and `truth` says
whether the tumour is real or synthetic. Every table is made for all cases, for the real and for the synthetic ones
(`origin`), for each reader and for all of them (`all`).

Unsure is an answer of its own in the confusion matrix. It is left out of recall, precision, accuracy, kappa with the
truth and the test against chance, and counted beside; `of_all` figures count it as not recognised. Between readers it
is a category like any other.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from readerstudy.analysis.agreement import (
    MISSING,
    Coefficient,
    cohen,
    fleiss,
    gwet_ac1,
    krippendorff,
    percent_agreement,
    tally,
)
from readerstudy.analysis.clusters import patients_with_several_cases
from readerstudy.analysis.confusion import (
    ACCURACY_COLUMNS,
    CLASS_COLUMNS,
    accuracy,
    class_metrics,
    confusion_matrix,
    kappa_with_truth,
)
from readerstudy.analysis.frame import ORGANS, POOLED, TRUTHS, counted
from readerstudy.analysis.recognition_bootstrap import pooled_intervals

UNSURE = "unsure"
ORIGINS = (POOLED, *TRUTHS)
WHERE = ("reader_id", "origin")
CONFUSION_COLUMNS = (*WHERE, "organ", "answer", "n")
ORGAN_COLUMNS = (*WHERE, "organ", *CLASS_COLUMNS)
KAPPA = ("kappa", "kappa_low", "kappa_high", "kappa_reason")
READER_COLUMNS = (*WHERE, *ACCURACY_COLUMNS, *KAPPA)
COEFFICIENT = ("value", "se", "ci_low", "ci_high", "observed", "expected", "n_cases", "reason")
AGREEMENT_COLUMNS = ("origin", "measure", "n_readers", *COEFFICIENT)
PAIR_COLUMNS = ("origin", "reader_a", "reader_b", *COEFFICIENT)
REPEAT_COLUMNS = ("reader_id", *COEFFICIENT, "n_changed")


@dataclass(frozen=True)
class Recognition:
    """The tables of an organ-recognition study; each one's columns are named above.

    `confusion` has a row for each reader, origin, organ and answer; `by_organ` the figures of each organ, `by_reader`
    those of all organs together; `agreement` that of all readers, `pairs` of each two, `repeats` of each with
    themselves over the hidden repeats. In rows of all readers counts are summed over readers, and intervals come from
    a bootstrap over readers and patients.
    """

    organs: tuple[str, ...]
    confusion: pd.DataFrame
    by_organ: pd.DataFrame
    by_reader: pd.DataFrame
    agreement: pd.DataFrame
    pairs: pd.DataFrame
    repeats: pd.DataFrame
    n_readers: int
    n_cases: int
    n_readings: int
    n_patients_with_several_cases: int

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        names = ("confusion", "by_organ", "by_reader", "agreement", "pairs", "repeats")
        return {name: getattr(self, name) for name in names}

    def pooled(self, origin: str = POOLED) -> dict[str, Any]:
        """Return the row of all readers and organs."""
        rows = self.by_reader[(self.by_reader["reader_id"] == POOLED) & (self.by_reader["origin"] == origin)]
        return {str(name): value for name, value in rows.iloc[0].to_dict().items()} if len(rows) else {}


def recognise(readings: pd.DataFrame, *, organs: Sequence[str], alpha: float = 0.05) -> Recognition:
    """Analyse the readings of an organ-recognition study.

    Parameters
    ----------
    readings : DataFrame
        A readings frame with organs as labels. Hidden repeats and controls enter nothing but `repeats`.
    organs : sequence of str
        Those of the study, two or more: chance is one over their number.
    alpha : float
        Intervals cover 1 − `alpha`.
    """
    classes = tuple(organ for organ in ORGANS if organ in organs)
    first = counted(readings)
    parts = [(origin, first if origin == POOLED else first[first["truth"] == origin]) for origin in ORIGINS]
    present = [(origin, part) for origin, part in parts if len(part)]
    matrices = {(reader, origin): _matrix(rows, classes) for origin, part in present for reader, rows in _readers(part)}
    bounds = {origin: pooled_intervals(part, classes=classes, alpha=alpha) for origin, part in present}
    return Recognition(
        organs=classes,
        confusion=pd.DataFrame(_confusion_rows(matrices, classes), columns=list(CONFUSION_COLUMNS)),
        by_organ=_by_organ(matrices, classes, bounds, alpha),
        by_reader=_by_reader(matrices, bounds, alpha),
        agreement=pd.DataFrame(_agreement(present, classes, alpha), columns=list(AGREEMENT_COLUMNS)),
        pairs=pd.DataFrame(_pairs(present, classes, alpha), columns=list(PAIR_COLUMNS)),
        repeats=pd.DataFrame(_repeats(readings, classes, alpha), columns=list(REPEAT_COLUMNS)),
        n_readers=int(first["reader_id"].nunique()),
        n_cases=int(first["case_id"].nunique()),
        n_readings=len(first),
        n_patients_with_several_cases=patients_with_several_cases(readings),
    )


Matrices = dict[tuple[str, str], npt.NDArray[np.int64]]
Bounds = dict[str, dict[str, tuple[float, float]]]


def _readers(part: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for reader, rows in part.groupby("reader_id", sort=True):
        yield str(reader), rows
    yield POOLED, part


def _matrix(rows: pd.DataFrame, classes: Sequence[str]) -> npt.NDArray[np.int64]:
    return confusion_matrix(list(rows["organ"]), list(rows["label"]), classes=classes, others=[UNSURE])


def _confusion_rows(matrices: Matrices, classes: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    for (reader, origin), matrix in matrices.items():
        for (row, column), n in np.ndenumerate(matrix):
            yield reader, origin, classes[row], [*classes, UNSURE][column], int(n)


def _by_organ(matrices: Matrices, classes: Sequence[str], bounds: Bounds, alpha: float) -> pd.DataFrame:
    tables = []
    for (reader, origin), matrix in matrices.items():
        table = class_metrics(matrix, alpha=alpha)
        table.insert(0, "organ", list(classes))
        if reader == POOLED:
            for name in ("recall", "precision"):
                limits = [bounds[origin][f"{name} {organ}"] for organ in classes]
                table[f"{name}_low"], table[f"{name}_high"] = zip(*limits, strict=True)
        tables.append(table.assign(reader_id=reader, origin=origin))
    made = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(ORGAN_COLUMNS))
    return made[list(ORGAN_COLUMNS)]


def _by_reader(matrices: Matrices, bounds: Bounds, alpha: float) -> pd.DataFrame:
    rows = []
    for (reader, origin), matrix in matrices.items():
        row: dict[str, Any] = {"reader_id": reader, "origin": origin} | accuracy(matrix, alpha=alpha).row()
        kappa = kappa_with_truth(matrix, alpha=alpha)
        limits: tuple[float | None, float | None] = (kappa.ci_low, kappa.ci_high)
        if reader == POOLED:
            for name in ("micro", "macro"):
                row[f"{name}_low"], row[f"{name}_high"] = bounds[origin][name]
            limits = bounds[origin]["kappa"]
        rows.append(row | dict(zip(KAPPA, (kappa.value, *limits, kappa.reason), strict=True)))
    numbers = [*ACCURACY_COLUMNS, *KAPPA[:3]]
    return pd.DataFrame(rows, columns=list(READER_COLUMNS)).astype(dict.fromkeys(numbers, "float64"))


def _codes(labels: "pd.Series[str]", classes: Sequence[str]) -> npt.NDArray[np.int64]:
    place = {label: n for n, label in enumerate([*classes, UNSURE])}
    return np.asarray(labels.map(place).fillna(MISSING), dtype=np.int64)


def _answers(part: pd.DataFrame, classes: Sequence[str]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return the categories of shape (cases, readers), and the readers."""
    coded = part.assign(code=_codes(part["label"], classes))
    table = coded.pivot_table(index="case_id", columns="reader_id", values="code", fill_value=MISSING)
    return table.to_numpy(np.int64), [str(name) for name in table.columns]


def _agreement(
    present: Sequence[tuple[str, pd.DataFrame]], classes: Sequence[str], alpha: float
) -> Iterator[dict[str, Any]]:
    q = len(classes) + 1
    for origin, part in present:
        categories, readers = _answers(part, classes)
        counts = tally(categories, q)
        could_be_given = counts[:, counts.any(axis=0) | (np.arange(q) < len(classes))]
        measures: dict[str, Coefficient] = {
            "percent": percent_agreement(counts),
            "fleiss": fleiss(counts),
            "krippendorff": krippendorff(categories, q),
            "gwet-ac1": gwet_ac1(could_be_given, alpha=alpha),
        }
        for name, found in measures.items():
            yield {"origin": origin, "measure": name, "n_readers": len(readers), **asdict(found)}


def _pairs(
    present: Sequence[tuple[str, pd.DataFrame]], classes: Sequence[str], alpha: float
) -> Iterator[dict[str, Any]]:
    for origin, part in present:
        categories, readers = _answers(part, classes)
        for a, b in itertools.combinations(range(len(readers)), 2):
            found = cohen(_square(categories[:, a], categories[:, b], len(classes) + 1), alpha=alpha)
            yield {"origin": origin, "reader_a": readers[a], "reader_b": readers[b], **asdict(found)}


def _repeats(readings: pd.DataFrame, classes: Sequence[str], alpha: float) -> Iterator[dict[str, Any]]:
    again = readings[readings["repeat_index"] > 0]
    both = again.merge(
        readings[readings["repeat_index"] == 0], on=["reader_id", "case_id"], suffixes=("_again", "_first")
    )
    for reader, rows in both.groupby("reader_id", sort=True):
        square = _square(_codes(rows["label_first"], classes), _codes(rows["label_again"], classes), len(classes) + 1)
        changed = int(square.sum() - np.trace(square))
        yield {"reader_id": reader, **asdict(cohen(square, alpha=alpha)), "n_changed": changed}


def _square(one: npt.NDArray[np.int64], other: npt.NDArray[np.int64], q: int) -> npt.NDArray[np.int64]:
    both = (one != MISSING) & (other != MISSING)
    square = np.zeros((q, q), dtype=np.int64)
    np.add.at(square, (one[both], other[both]), 1)
    return square
