"""Agreement of a study's readers: all together, two by two, and each with themselves over hidden repeats.

Categories are the labels in the order synthetic < unsure < real; not-seen counts as no answer.
"""

import itertools
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2

from readerstudy.analysis.agreement import (
    MISSING,
    Categories,
    cohen,
    fleiss,
    gwet_ac1,
    krippendorff,
    percent_agreement,
    tally,
)
from readerstudy.analysis.comparisons import comparisons
from readerstudy.analysis.frame import POOLED

SCALE = ("synthetic", "unsure", "real")
COEFFICIENT = ("value", "se", "ci_low", "ci_high", "observed", "expected", "n_cases", "reason")
SUMMARY_COLUMNS = ("organ", "generator", "measure", "n_readers", *COEFFICIENT)
PAIR_COLUMNS = ("organ", "generator", "reader_a", "reader_b", *COEFFICIENT)
REPEAT_COLUMNS = (
    "reader_id",
    "repeat_index",
    *COEFFICIENT,
    "n_changed",
    "bowker",
    "bowker_df",
    "bowker_p",
    "bowker_reason",
)
MOST_PAIRED_READERS = 60
NO_CHANGE = "No answer changed between categories, so there is nothing to test."


def agreement_summary(readings: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Return `SUMMARY_COLUMNS` for each organ and generator (also `all`): how far all readers agree.

    `measure` is `percent`, `fleiss` (cases that every reader answered), `krippendorff` (nominal),
    `krippendorff-ordinal` or `gwet-ac1`. In percent agreement `value` equals `observed`.
    """
    rows = []
    for organ, generator, categories, readers in _matrices(readings):
        q = len(SCALE)
        counts = tally(categories, q)
        given = counts[:, counts.any(axis=0) | _real_or_synthetic()]
        measures = {
            "percent": percent_agreement(counts),
            "fleiss": fleiss(counts),
            "krippendorff": krippendorff(categories, q),
            "krippendorff-ordinal": krippendorff(categories, q, level="ordinal"),
            "gwet-ac1": gwet_ac1(given, alpha=alpha),
        }
        where = {"organ": organ, "generator": generator, "n_readers": len(readers)}
        rows += [{**where, "measure": name, **asdict(found)} for name, found in measures.items()]
    return _numbers(pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS)))


def pairwise_agreement(readings: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Return `PAIR_COLUMNS` for each two readers: Cohen's kappa (`value`) and percent agreement (`observed`).

    For each organ and generator, also `all`; none where more than 60 readers would make too many pairs to look at.
    """
    rows = []
    for organ, generator, categories, readers in _matrices(readings):
        if len(readers) > MOST_PAIRED_READERS:
            continue
        for a, b in itertools.combinations(range(len(readers)), 2):
            found = cohen(_square(categories[:, a], categories[:, b]), alpha=alpha)
            where = {"organ": organ, "generator": generator, "reader_a": readers[a], "reader_b": readers[b]}
            rows.append({**where, **asdict(found)})
    return _numbers(pd.DataFrame(rows, columns=list(PAIR_COLUMNS)))


def repeat_agreement(readings: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Return `REPEAT_COLUMNS` for each reader and repeat: the first answers against those of the hidden repeat.

    Cohen's kappa and percent agreement as in `pairwise_agreement`, and Bowker's test that answers changed as often
    one way as the other. Positive controls are left out. Empty without repeats.
    """
    wanted = readings[readings["control"] == 0]
    first = wanted[wanted["repeat_index"] == 0]
    again = wanted[wanted["repeat_index"] > 0]
    pairs = again.merge(first, on=["reader_id", "case_id"], suffixes=("_again", "_first"))
    rows = []
    for (reader, repeat), both in pairs.groupby(["reader_id", "repeat_index_again"]):
        square = _square(_codes(both["label_first"]), _codes(both["label_again"]))
        found = asdict(cohen(square, alpha=alpha))
        changed = int(square.sum() - np.trace(square))
        rows.append({"reader_id": reader, "repeat_index": repeat, **found, "n_changed": changed, **bowker(square)})
    return _numbers(pd.DataFrame(rows, columns=list(REPEAT_COLUMNS)))


def bowker(square: npt.NDArray[np.int64]) -> dict[str, object]:
    """Return Bowker's test of symmetry of a q x q table.

    χ² = Σ (n_ij − n_ji)²/(n_ij + n_ji) over the pairs i < j that occur, which are its degrees of freedom.

    Notes
    -----
    A. H. Bowker, J. Am. Stat. Assoc. 43 (1948) 572; with two categories McNemar's test without correction.
    """
    upper = np.triu_indices(len(square), k=1)
    there, back = square[upper].astype(float), square.T[upper].astype(float)
    occurs = there + back > 0
    df = int(occurs.sum())
    if not df:
        return {"bowker": None, "bowker_df": 0, "bowker_p": None, "bowker_reason": NO_CHANGE}
    statistic = float(((there - back)[occurs] ** 2 / (there + back)[occurs]).sum())
    return {"bowker": statistic, "bowker_df": df, "bowker_p": float(chi2.sf(statistic, df)), "bowker_reason": ""}


def _matrices(readings: pd.DataFrame) -> Iterator[tuple[str, str, Categories, list[str]]]:
    """Yield, for each organ and generator, pooled ones last, the answers as (cases, raters)."""
    compared = comparisons(readings)
    compared = compared.assign(category=_codes(compared["label"]))
    compared = compared[compared["category"] != MISSING]
    for organ, rows in [*compared.groupby("organ"), (POOLED, compared)]:
        for generator, answers in rows.groupby("generator"):
            matrix = answers.pivot_table(index="case_id", columns="reader_id", values="category")
            categories = matrix.fillna(MISSING).to_numpy(np.int64)
            yield str(organ), str(generator), categories, [str(reader) for reader in matrix.columns]


def _codes(labels: "pd.Series[str]") -> Categories:
    codes = labels.map({label: code for code, label in enumerate(SCALE)}).fillna(MISSING)
    return np.asarray(codes, dtype=np.int64)


def _real_or_synthetic() -> npt.NDArray[np.bool_]:
    return np.array([label != "unsure" for label in SCALE])


def _square(a: Categories, b: Categories) -> npt.NDArray[np.int64]:
    square = np.zeros((len(SCALE), len(SCALE)), dtype=np.int64)
    both = (a != MISSING) & (b != MISSING)
    np.add.at(square, (a[both], b[both]), 1)
    return square


def _numbers(table: pd.DataFrame) -> pd.DataFrame:
    names = ("value", "se", "ci_low", "ci_high", "observed", "expected", "bowker", "bowker_p")
    return table.astype({name: "float64" for name in names if name in table})
