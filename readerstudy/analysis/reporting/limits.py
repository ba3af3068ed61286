"""What limits these figures, said by rule: what `caveats` finds, and what readers' single figures and cases tell."""

from collections.abc import Iterator

import pandas as pd

from readerstudy.analysis.detection import TO_REAL, TO_SYNTHETIC
from readerstudy.analysis.figures.collection import Material
from readerstudy.analysis.frame import POOLED
from readerstudy.analysis.reporting.host_only import tells_without_tumor
from readerstudy.analysis.reporting.order import natural

MOST_NAMED = 6
ANSWERS = {TO_REAL: "real", TO_SYNTHETIC: "synthetic"}


def limits(material: Material) -> list[str]:
    """Return one sentence for each limit."""
    controls = material.analysis.tables["positive_controls"]
    return [
        *material.analysis.document["warnings"],
        *_response_bias(material),
        *_impossible_equivalence(material),
        *_controls(controls),
        *_host_only(material),
        *_missing(material.cases),
    ]


def listed(names: list[str]) -> str:
    """Return names in words, the first few of many: `R1, R2 and 3 more`."""
    names = sorted(set(names), key=natural)
    if len(names) > MOST_NAMED:
        return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _response_bias(material: Material) -> Iterator[str]:
    rows = material.over_organs("signal_detection")
    for bias, answer in ANSWERS.items():
        readers = list(rows.loc[rows["bias"] == bias, "reader_id"])
        if readers:
            yield (
                f"{listed(readers)} leaned to the answer “{answer}” whatever was shown: an accuracy near 50 % is then "
                "a bias, and no sign that real and synthetic tumours look alike."
            )


def _impossible_equivalence(material: Material) -> Iterator[str]:
    margin = material.analysis.document["margins"][0]
    rows = material.over_organs("equivalence")
    few = rows[(rows["margin"] == margin) & (rows["n_answered"] < rows["smallest_n"])]
    if len(few):
        power = few["n_for_power"].iloc[0]
        yield (
            f"With {_range(few['n_answered'])} answers about a generator, {listed(list(few['reader_id']))} could never "
            f"be shown to be unable to tell at ±{margin:.2f}: {few['smallest_n'].iloc[0]} answers make it possible"
            f"{'' if pd.isna(power) else f', {power} give 80 % power'}."
        )


def _range(numbers: "pd.Series[int]") -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return str(low) if low == high else f"{low} to {high}"


def _controls(controls: pd.DataFrame) -> Iterator[str]:
    if controls.empty:
        yield (
            "No positive controls (deliberately poor synthetic cases) were read, so it is not known whether these "
            "readers, in this viewer, would have found synthetic tumours that can be found."
        )
        return
    missed = controls[(controls["reader_id"] != POOLED) & ~controls["found"]]
    if len(missed):
        yield f"{listed(list(missed['reader_id']))} did not find the positive controls."


def _host_only(material: Material) -> Iterator[str]:
    if tells_without_tumor(material.analysis.tables["host_only"], alpha=material.analysis.document["alpha"]):
        yield (
            "With the tumour hidden, readers still answered otherwise than by chance: what they told the tumours apart "
            "by may be something else than the tumours."
        )


def _missing(cases: pd.DataFrame) -> Iterator[str]:
    missing = int((cases["n_assigned"] - cases["n_readings"]).sum())
    if missing:
        yield f"{missing} of {int(cases['n_assigned'].sum())} readings that were asked for were not made."
