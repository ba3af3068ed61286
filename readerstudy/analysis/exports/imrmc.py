"""The iMRMC text file: readings as the multi-reader multi-case programs take them.

A heading, four counts, `BEGIN DATA:`, then comma-separated rows: first the truth, ``-1,case,truth,0|1`` with 1 for
a real tumour, then the scores, ``reader,case,modality,score``. Cases are numbered from 1, synthetic ones first; a
modality is a generator, and a real case has a row under every generator that it counts against.
"""

import re
from pathlib import Path

import pandas as pd

from readerstudy.analysis.comparisons import comparisons
from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.mrmc import scores

NOT_PLAIN = re.compile(r"[^\w.-]")
TRUTH_READER = -1
COUNTS = ("N0", "N1", "NR", "NM")  # synthetic cases, real cases, readers, generators


def write_imrmc(
    readings: pd.DataFrame, path: Path, *, title: str, endpoint: str, unsure_policy: str | None
) -> pd.DataFrame:
    """Write the first readings as an iMRMC file.

    Parameters
    ----------
    readings : DataFrame
        A readings frame; hidden repeats are left out.
    title : str
        The first line.
    endpoint, unsure_policy : str
        Which score a reading has, as in `mrmc.scores`; readings without one are left out.

    Returns
    -------
    DataFrame
        `number`, `case_id`, `truth`: which case has which number.
    """
    compared = comparisons(readings)
    compared = compared[compared["generator"] != POOLED]
    compared = compared.assign(score=scores(compared, endpoint=endpoint, unsure_policy=unsure_policy))
    scored = compared.dropna(subset="score")
    key = _numbered(readings, scored)
    rows = pd.DataFrame(
        {
            "reader": scored["reader_id"].map(plain_names(scored["reader_id"])),
            "case": scored["case_id"].map(key.set_index("case_id")["number"]),
            "modality": scored["generator"].map(plain_names(scored["generator"])),
            "score": scored["score"],
        }
    ).sort_values(["modality", "reader", "case"])
    positive = key["truth"] == "real"
    numbers = (int((~positive).sum()), int(positive.sum()), rows["reader"].nunique(), rows["modality"].nunique())
    truth = pd.DataFrame(
        {"reader": TRUTH_READER, "case": key["number"], "modality": "truth", "score": positive.astype("int64")}
    )
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"{' '.join(title.split())}\n")
        file.writelines(f"{name}:{number}\n" for name, number in zip(COUNTS, numbers, strict=True))
        file.write("BEGIN DATA:\n")
        truth.to_csv(file, header=False, index=False, lineterminator="\n")
        rows.to_csv(file, header=False, index=False, lineterminator="\n", float_format="%.6f")
    return key


def plain_names(names: "pd.Series[str]") -> dict[str, str]:
    """Return each name without what parts cells and lines; one that would become another's gets a number."""
    plain: dict[str, str] = {}
    for name in sorted(names.unique(), key=lambda name: (bool(NOT_PLAIN.search(name)), name)):
        wanted = candidate = NOT_PLAIN.sub("_", name)
        number = 1
        while candidate in plain.values():
            number += 1
            candidate = f"{wanted}_{number}"
        plain[name] = candidate
    return plain


def _numbered(readings: pd.DataFrame, scored: pd.DataFrame) -> pd.DataFrame:
    """Number the scored cases from 1: synthetic ones, then real ones, each as they come in the readings."""
    cases = readings.drop_duplicates("case_id")[["case_id", "truth"]]
    cases = cases[cases["case_id"].isin(scored["case_id"].unique())]
    key = cases.sort_values("truth", ascending=False, kind="stable").reset_index(drop=True)
    key.insert(0, "number", range(1, len(key) + 1))
    return key
