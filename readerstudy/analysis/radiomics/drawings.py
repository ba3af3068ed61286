"""Every figure that an experiment gives, by name; each is drawn when it is called."""

from collections.abc import Callable
from typing import Any

import pandas as pd

from readerstudy.analysis.figures import radiomics as figures
from readerstudy.analysis.figures.drawing import Drawing
from readerstudy.analysis.radiomics.words import title

MAPS = ("organ", "origin", "size")


def drawers(found: dict[str, Any]) -> dict[str, Callable[[], Drawing]]:
    """Return the figures of what `experiment.run_experiment` found.

    A map by organ or origin only where there are several; a learning curve only where it has two points.
    """
    known: dict[str, Callable[[], Drawing]] = {}
    if found["map"]:
        rows = pd.DataFrame(found["map"]["rows"]).astype({"diameter_mm": "float64"})
        for by in MAPS:
            if by == "size" or len(set(rows[by])) > 1:
                known[f"map-{by}"] = _map(rows, by, found["map"]["perplexity"])
    for place, answer in enumerate(found["questions"], start=1):
        known |= _of_question(answer, place)
    return known


def _map(rows: pd.DataFrame, by: str, perplexity: float) -> Callable[[], Drawing]:
    return lambda: figures.tumor_map(rows, by=by, perplexity=perplexity)


def _of_question(answer: dict[str, Any], place: int) -> dict[str, Callable[[], Drawing]]:
    known: dict[str, Callable[[], Drawing]] = {
        f"told-{place}": lambda: figures.told(answer, name=f"told-{place}", what=f"{title(answer)}."),
        f"importance-{place}": lambda: figures.importance(answer, name=f"importance-{place}"),
    }
    if len(answer["learning_curve"]) > 1:
        known[f"learning-{place}"] = lambda: figures.learning(answer, name=f"learning-{place}")
    return known
