"""What a finished run shows: its questions in words, its figures, each with the data that it draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
from django.core.cache import cache

from readerstudy.analysis.figures import radiomics as figures
from readerstudy.analysis.figures.drawing import Drawing
from readerstudy.analysis.radiomics import words
from readerstudy.domain.result_cache import analysis_fingerprint
from readerstudy.models.radiomics_run import RadiomicsRun

MAPS = ("organ", "origin", "size")


@dataclass(frozen=True)
class Asked:
    """One question of a run, as its page shows it."""

    title: str
    headline: str
    learnt_by_heart: str
    answer: dict[str, Any]
    told: Drawing | None
    learning: Drawing | None
    importance: Drawing | None


def questions_of(run: RadiomicsRun) -> list[Asked]:
    """Return the questions that had enough tumours."""
    return [
        Asked(
            title=words.title(answer),
            headline=words.headline(answer, alpha=run.result["alpha"]),
            learnt_by_heart=words.learnt_by_heart(answer),
            answer=answer,
            told=run_drawing(run, f"told-{place}"),
            learning=run_drawing(run, f"learning-{place}"),
            importance=run_drawing(run, f"importance-{place}"),
        )
        for place, answer in enumerate(run.result["questions"], start=1)
    ]


def maps_of(run: RadiomicsRun) -> list[Drawing]:
    return [drawing for by in MAPS if (drawing := run_drawing(run, f"map-{by}"))]


def run_drawing(run: RadiomicsRun, name: str) -> Drawing | None:
    """Return one figure, drawn once for each version of the analysis; None where the run gives none of that name."""
    paint = _drawers(run).get(name)
    if paint is None:
        return None
    key = f"radiomics-{run.pk}-{run.finished_at:%Y%m%d%H%M%S%f}-{analysis_fingerprint()}-{name}"
    drawing: Drawing | None = cache.get_or_set(key, paint)
    return drawing


def _drawers(run: RadiomicsRun) -> dict[str, Callable[[], Drawing]]:
    drawers: dict[str, Callable[[], Drawing]] = {}
    if found := run.result["map"]:
        rows = pd.DataFrame(found["rows"]).astype({"diameter_mm": "float64"})
        for by in MAPS:
            if by == "size" or len(set(found["rows"][by])) > 1:
                drawers[f"map-{by}"] = _map(rows, by, found["perplexity"])
    for place, answer in enumerate(run.result["questions"], start=1):
        drawers |= _of_question(answer, place)
    return drawers


def _map(rows: pd.DataFrame, by: str, perplexity: float) -> Callable[[], Drawing]:
    return lambda: figures.tumor_map(rows, by=by, perplexity=perplexity)


def _of_question(answer: dict[str, Any], place: int) -> dict[str, Callable[[], Drawing]]:
    drawers: dict[str, Callable[[], Drawing]] = {
        f"told-{place}": lambda: figures.told(answer, name=f"told-{place}", what=words.title(answer)),
        f"importance-{place}": lambda: figures.importance(answer, name=f"importance-{place}"),
    }
    if len(answer["learning_curve"]) > 1:
        drawers[f"learning-{place}"] = lambda: figures.learning(answer, name=f"learning-{place}")
    return drawers
