"""A closed study's figures, from the readings joined with the truth."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import pandas as pd

from readerstudy.analysis.analysis import Analysis, analyse
from readerstudy.analysis.figures.collection import FIGURES, Material
from readerstudy.analysis.figures.drawing import Drawing
from readerstudy.analysis.frame import COLUMNS, LABELS, ORGAN_LABELS, readings_frame
from readerstudy.analysis.realism import realism_summary
from readerstudy.analysis.reporting.findings import Findings, find
from readerstudy.analysis.reporting.gallery import gallery_sentences
from readerstudy.analysis.reporting.realism import RealismRow, realism_rows
from readerstudy.domain.export_tables import cases_table, readers_table
from readerstudy.domain.gallery_rates import rejection_rates
from readerstudy.domain.organ_task import is_organ_task
from readerstudy.domain.participation import Participation, participation
from readerstudy.domain.readings_import import import_note
from readerstudy.domain.realism_ratings import realism_ratings
from readerstudy.domain.result_cache import cached
from readerstudy.domain.sequencing import shared_codes
from readerstudy.domain.unblinding import UnblindedCase, UnblindedReading, require_closed, unblind
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study

STAND_IN_NOTICE = (
    "The “real” cases of this study are, in part or all, stand-ins made by a phantom's lesion model, not patients' "
    "tumours: its figures say nothing about real tumours."
)
OF_THE_CASE = {field.name for field in fields(UnblindedCase)}
OF_THE_READING = {field.name for field in fields(UnblindedReading)}


@dataclass(frozen=True)
class ClosedStudy:
    """What there is of a closed study whatever its task, the tables read when they are asked for.

    `stand_in` says whether any counted real case is a stand-in, `note` what was said of readings made elsewhere.
    """

    study: Study
    stand_in: bool
    note: str = ""

    @property
    def notices(self) -> list[str]:
        """What must be said wherever a figure is."""
        stand_in = [STAND_IN_NOTICE] if self.stand_in else []
        return [*stand_in, *([self.note] if self.note else []), *self.participation.sentences()]

    @cached_property
    def participation(self) -> Participation:
        return participation(self.study)

    @cached_property
    def readings(self) -> pd.DataFrame:
        return build_readings(self.study)

    @cached_property
    def cases(self) -> pd.DataFrame:
        return cases_table(self.study, self.readings)

    @cached_property
    def readers(self) -> pd.DataFrame:
        return readers_table(self.study, self.readings)

    @cached_property
    def rejections(self) -> pd.DataFrame | None:
        """Rejections before opening, arm by arm; None where the cases were not drawn here."""
        return None if self.study.read_elsewhere else rejection_rates(self.study)

    @property
    def gallery(self) -> list[str]:
        """What is said of them beside the headline."""
        return [] if self.rejections is None else gallery_sentences(self.rejections)


class StudyResults(ClosedStudy):
    """What a closed study showed; the analysis, the findings and the figures are kept (`result_cache`)."""

    @cached_property
    def realism(self) -> pd.DataFrame | None:
        """How real readers found each attribute, arm by arm; None where the readings were made elsewhere."""
        return None if self.study.read_elsewhere else realism_summary(realism_ratings(self.study))

    @property
    def realism_rows(self) -> list[RealismRow]:
        return [] if self.realism is None else realism_rows(self.realism)

    @cached_property
    def analysis(self) -> Analysis:
        return cached(self.study, "analysis", self._analyse)

    @cached_property
    def findings(self) -> Findings:
        return cached(self.study, "findings", lambda: find(self.material))

    @cached_property
    def drawings(self) -> dict[str, Drawing]:
        """Every figure that the readings allow, by name."""
        return {name: drawing for name in FIGURES if (drawing := self.drawing(name))}

    def drawing(self, name: str) -> Drawing | None:
        """Return one figure; None of a name that there is not, or where the readings do not allow it."""
        if name not in FIGURES:
            return None
        return cached(self.study, f"figure-{name}", lambda: FIGURES[name](self.material))

    def _analyse(self) -> Analysis:
        design = self.study.design["analysis"]
        return analyse(
            self.readings,
            alpha=design["alpha"],
            margins=[design["equivalence_margin"]],
            unsure_policy=design["unsure_policy"],
            holm_family=design["holm_family"],
            years=self._years(),
            anchors=shared_codes(self.study),
        )

    def _years(self) -> dict[str, int]:
        readers = Reader.objects.filter(study=self.study, years__isnull=False)
        return {reader.code: reader.years for reader in readers if reader.years is not None}

    @property
    def material(self) -> Material:
        return Material(self.readings, self.analysis, self.cases, self.readers)


def study_results(study: Study) -> StudyResults:
    """Return a closed study's results.

    Raises
    ------
    DomainError
        While readers may still read.
    """
    require_closed(study)
    return StudyResults(study, has_stand_ins(study), import_note(study))


def has_stand_ins(study: Study) -> bool:
    return GroundTruth.objects.filter(case__study=study, case__practice=False, stand_in=True).exists()


def build_readings(study: Study) -> pd.DataFrame:
    """Return the study's readings frame: the one place that builds it from the database."""
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS if name in OF_THE_CASE | OF_THE_READING}
    for reading in unblind(study):
        for name, values in columns.items():
            values.append(getattr(reading.case if name in OF_THE_CASE else reading, name))
    labels = ORGAN_LABELS if is_organ_task(study.design) else LABELS
    return readings_frame(pd.DataFrame(columns), labels=labels)
