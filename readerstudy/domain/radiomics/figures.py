"""What a finished run shows: its questions in words, its figures, each with the data that it draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

from readerstudy.analysis.figures.drawing import Drawing
from readerstudy.analysis.radiomics import words
from readerstudy.analysis.radiomics.drawings import MAPS, drawers
from readerstudy.domain.result_cache import analysis_fingerprint
from readerstudy.models.radiomics_run import RadiomicsRun


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
    paint = drawers(run.result).get(name)
    if paint is None:
        return None
    drawing: Drawing | None = cache.get_or_set(_key(run, name), paint)
    return drawing


def keep_drawings(run: RadiomicsRun, found: dict[str, Any]) -> None:
    """Draw everything that a run found, which takes longer than a page may."""
    for name, paint in drawers(found).items():
        cache.set(_key(run, name), paint())


def _key(run: RadiomicsRun, name: str) -> str:
    return f"radiomics-{run.pk}-{run.asked_at:%Y%m%d%H%M%S%f}-{analysis_fingerprint()}-{name}"
