"""Every figure of a study, by name, from its readings and their analysis."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from readerstudy.analysis.analysis import Analysis
from readerstudy.analysis.counts import of_readers
from readerstudy.analysis.figures import forest as forests
from readerstudy.analysis.figures.agreement import agreement
from readerstudy.analysis.figures.answers import answers
from readerstudy.analysis.figures.detection import detection
from readerstudy.analysis.figures.differences import differences
from readerstudy.analysis.figures.difficulty import difficulty
from readerstudy.analysis.figures.drawing import Drawing
from readerstudy.analysis.figures.flow import flow
from readerstudy.analysis.figures.ratings import ratings
from readerstudy.analysis.figures.roc import roc
from readerstudy.analysis.figures.times import halves, times
from readerstudy.analysis.frame import ORGANS, POOLED
from readerstudy.analysis.reporting.order import natural

PRIMARY = {"endpoint": "balanced_accuracy", "covariance": "unbiased"}


@dataclass(frozen=True)
class Material:
    """What figures are drawn from: `cases` and `readers` as an export holds them."""

    readings: pd.DataFrame
    analysis: Analysis
    cases: pd.DataFrame
    readers: pd.DataFrame

    @property
    def alpha(self) -> float:
        return float(self.analysis.document["alpha"])

    @property
    def confidence(self) -> str:
        return f"{100 * (1 - self.alpha):g} %"

    def over_organs(self, name: str) -> pd.DataFrame:
        """Return each reader's rows of one of the analysis' tables, one a generator, organs together."""
        table = self.analysis.tables[name]
        rows = table[(table["organ"] == POOLED) & (table["generator"] != POOLED)]
        return _by_reader(rows)


def _by_reader(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values("reader_id", key=lambda names: names.map(natural), kind="stable")


def draw_flow(material: Material) -> Drawing | None:
    cases = material.cases
    asked = int(material.readers["n_assigned"].sum())
    if cases.empty:
        return None
    organs = ", ".join(f"{organ} {n}" for organ in ORGANS if (n := int((cases["organ"] == organ).sum())))
    steps = [
        ("", "cases", f"{len(cases)} cases ({organs})\n{len(material.readers)} readers, {asked} readings asked for")
    ]
    for truth in ("real", "synthetic"):
        arm = cases[cases["truth"] == truth]
        generators = arm.loc[arm["generator"] != "", "generator"].value_counts().sort_index()
        by = "\n" + ", ".join(f"{name} {n}" for name, n in generators.items()) if len(generators) else ""
        steps.append((truth, "arms", f"{len(arm)} {truth} cases{by}"))
    first = material.readings[material.readings["repeat_index"] == 0]
    for truth in ("real", "synthetic"):
        arm = cases[cases["truth"] == truth]
        read, missing = int(arm["n_readings"].sum()), int((arm["n_assigned"] - arm["n_readings"]).sum())
        steps.append((truth, "read", f"{read} first readings\n{missing} missing"))
    for truth in ("real", "synthetic"):
        labels = first.loc[first["truth"] == truth, "label"].value_counts()
        lines = [f"{words}: {int(labels[label])}" for label, words in LABEL_WORDS.items() if labels.get(label)]
        steps.append((truth, "answers", "\n".join(lines) or "none"))
    return flow(pd.DataFrame(steps, columns=["truth", "step", "text"]))


LABEL_WORDS = {
    "real": "called real",
    "synthetic": "called synthetic",
    "unsure": "unsure",
    "not-seen": "no tumour seen",
}


def draw_answers(material: Material) -> Drawing | None:
    table = of_readers(material.analysis.tables["counts"])
    table = _by_reader(table[(table["organ"] == POOLED) & (table["generator"] == POOLED)])
    arms = [
        table[["reader_id"]].assign(
            truth=truth, real=table[called_real], unsure=table[f"unsure_{truth}"], synthetic=table[called_synthetic]
        )
        for truth, called_real, called_synthetic in (("real", "tp", "fn"), ("synthetic", "fp", "tn"))
    ]
    rows = pd.concat(arms, ignore_index=True)
    return answers(rows) if len(rows) else None


def draw_forest(material: Material) -> Drawing | None:
    by_reader = material.over_organs("discrimination")
    rows = [
        {
            "generator": row["generator"], "kind": forests.READER, "reader_id": row["reader_id"],
            "estimate": row["balanced_accuracy"],
            "low": row["balanced_accuracy_low"], "high": row["balanced_accuracy_high"],
        }
        for row in by_reader.to_dict("records")
    ]  # fmt: skip
    for policy, kind in (("exclude", forests.POOLED), ("middle", forests.HEADLINE)):
        for row in material.analysis.document["mrmc"]:
            wanted = PRIMARY | {"unsure_policy": policy, "organ": POOLED}
            if wanted.items() <= row.items() and row["generator"] != POOLED and row["n_readers"] > 1:
                rows.append(
                    {
                        "generator": row["generator"], "kind": kind, "reader_id": "",
                        "estimate": row["estimate"], "low": row["ci_low"], "high": row["ci_high"],
                    }
                )  # fmt: skip
    if not rows:
        return None
    frame = pd.DataFrame(rows).astype(dict.fromkeys(("estimate", "low", "high"), "float64"))
    return forests.forest(frame, margin=material.analysis.document["margins"][0], confidence=material.confidence)


def draw_ratings(material: Material) -> Drawing | None:
    rows = material.over_organs("rating_distribution")
    return ratings(rows) if len(rows) else None


def draw_roc(material: Material) -> Drawing | None:
    curves = material.over_organs("roc_curves")
    points = material.over_organs("operating_points")
    points = points[points["cut"] == "answered"]
    if curves.empty and points.dropna().empty:
        return None
    return roc(curves, points)


def draw_agreement(material: Material) -> Drawing | None:
    pairs = material.analysis.tables["agreement_pairs"]
    pairs = pairs[(pairs["organ"] == POOLED) & (pairs["generator"] == POOLED)]
    return agreement(pairs) if len(pairs) else None


def draw_times(material: Material) -> Drawing | None:
    rows = material.analysis.tables["reading_times"]
    rows = _by_reader(rows[(rows["part"] == "all") & (rows["n"] > 0) & (rows["reader_id"] != POOLED)])
    return times(rows) if len(rows) else None


def draw_halves(material: Material) -> Drawing | None:
    rows = material.analysis.tables["halves"]
    return halves(_by_reader(rows), confidence=material.confidence) if rows["difference"].notna().any() else None


def draw_detection(material: Material) -> Drawing | None:
    rows = material.over_organs("signal_detection")
    return detection(rows, confidence=material.confidence) if rows["d_prime"].notna().any() else None


def draw_differences(material: Material) -> Drawing | None:
    wanted = PRIMARY | {"unsure_policy": material.analysis.document["unsure_policy"]}
    rows = [row for row in material.analysis.document["mrmc_differences"] if wanted.items() <= row.items()]
    organs = {row["organ"] for row in rows} - {POOLED}
    shown = [row for row in rows if len(organs) > 1 or row["organ"] != POOLED]
    if not shown:
        return None
    columns = ["generator_a", "generator_b", "organ", "difference", "ci_low", "ci_high"]
    frame = pd.DataFrame(shown, columns=columns).astype(dict.fromkeys(columns[3:], "float64"))
    frame["organ"] = frame["organ"].replace({POOLED: "all organs"})
    return differences(frame, confidence=material.confidence)


def draw_difficulty(material: Material) -> Drawing | None:
    cases = material.analysis.tables["case_difficulty"]
    answered = cases[cases["share_wrong"].notna()]
    return difficulty(answered) if len(answered) else None


FIGURES: dict[str, Callable[[Material], Drawing | None]] = {
    "flow": draw_flow,
    "answers": draw_answers,
    "forest": draw_forest,
    "roc": draw_roc,
    "ratings": draw_ratings,
    "detection": draw_detection,
    "differences": draw_differences,
    "agreement": draw_agreement,
    "times": draw_times,
    "halves": draw_halves,
    "difficulty": draw_difficulty,
}
"""Name → what draws it; None where the readings hold nothing of the kind."""


def drawn(material: Material) -> dict[str, Drawing]:
    """Return every figure that the readings allow."""
    return {name: drawing for name, draw in FIGURES.items() if (drawing := draw(material))}
