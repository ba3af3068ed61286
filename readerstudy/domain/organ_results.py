"""A closed organ-recognition study's figures: the counterpart of `results`, whose readings and tables it shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property
from typing import Any

from readerstudy.analysis.figures import recognition as figures
from readerstudy.analysis.figures.drawing import Drawing
from readerstudy.analysis.recognition import Recognition, recognise
from readerstudy.analysis.recognition_document import recognition_document
from readerstudy.analysis.reporting.recognition import RecognitionFindings, find_recognition
from readerstudy.analysis.reporting.recognition_machine import Compared, beside_machine
from readerstudy.domain.organ_task import answerable_organs, is_organ_task
from readerstudy.domain.radiomics.runs import runs_of
from readerstudy.domain.result_cache import cached
from readerstudy.domain.results import (
    ClosedStudy,
    StudyResults,
    has_stand_ins,
    study_results,
)
from readerstudy.domain.unblinding import require_closed
from readerstudy.models.job import Job
from readerstudy.models.study import Study

FIGURES: dict[str, Callable[[Recognition], Drawing | None]] = {
    "confusion": figures.confusion,
    "recognised": figures.recognised,
}


class OrganResults(ClosedStudy):
    """What a closed organ-recognition study showed."""

    @property
    def alpha(self) -> float:
        return float(self.study.design["analysis"]["alpha"])

    @cached_property
    def recognition(self) -> Recognition:
        organs = answerable_organs(self.study.design)
        return cached(self.study, "recognition", lambda: recognise(self.readings, organs=organs, alpha=self.alpha))

    @cached_property
    def findings(self) -> RecognitionFindings:
        return find_recognition(self.recognition, self.readings, alpha=self.alpha)

    @cached_property
    def beside_machine(self) -> list[Compared]:
        """The readers beside the radiomics machine; empty where it was not asked for these organs."""
        run = runs_of(self.study).filter(state=Job.State.SUCCEEDED).first()
        return beside_machine(self.recognition, run.result) if run else []

    @cached_property
    def document(self) -> dict[str, Any]:
        """The content of analysis.json."""
        document = recognition_document(self.recognition, self.findings, alpha=self.alpha)
        return document | {"beside_machine": [asdict(line) for line in self.beside_machine]}

    @cached_property
    def drawings(self) -> dict[str, Drawing]:
        """Every figure that the readings allow, by name."""
        return {name: drawing for name in FIGURES if (drawing := self.drawing(name))}

    def drawing(self, name: str) -> Drawing | None:
        """Return one figure; None of a name that there is not, or where the readings do not allow it."""
        if name not in FIGURES:
            return None
        return cached(self.study, f"figure-{name}", lambda: FIGURES[name](self.recognition))


def organ_results(study: Study) -> OrganResults:
    """Return a closed organ-recognition study's results.

    Raises
    ------
    DomainError
        While readers may still read.
    """
    require_closed(study)
    return OrganResults(study, has_stand_ins(study))


def results_of(study: Study) -> StudyResults | OrganResults:
    """Return a closed study's results, of whichever task it is."""
    return organ_results(study) if is_organ_task(study.design) else study_results(study)
