"""How far a study is: its cases while they are built, its readers while they read. Never how right they are."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import BooleanField, Count, ExpressionWrapper, F, Max, OuterRef, Q, Subquery

from readerstudy.domain.gallery import rejected_without_replacement
from readerstudy.models.case import SlicePack
from readerstudy.models.display_check import DisplayCheck
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.job import Job
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study


@dataclass(frozen=True)
class StudyProgress:
    """Cases by state; `failures` are (organ, sentence) pairs."""

    total: int
    ready: int
    running: int
    queued: int
    failed: int
    failures: list[tuple[str, str]]

    @property
    def fraction(self) -> float:
        return (self.ready + self.failed) / self.total if self.total else 0.0

    @property
    def finished(self) -> bool:
        return self.ready + self.failed == self.total


@dataclass(frozen=True)
class ReaderProgress:
    reader: Reader
    done: int
    total: int
    practice_done: int
    practice_total: int
    last_reading_at: datetime | None
    display_passed: bool | None
    """Of the latest check of their display; None: none was made."""

    @property
    def finished(self) -> bool:
        return self.done == self.total


def study_progress(study: Study) -> StudyProgress:
    packs = SlicePack.objects.filter(case__study=study)
    states = Counter(packs.values_list("state", flat=True))
    synthesising = GroundTruth.objects.filter(
        case__study=study, case__pack__state=Job.State.QUEUED, synthesis_run__state=Job.State.RUNNING
    ).count()
    failures = (
        packs.filter(state=Job.State.FAILED).order_by("case__organ", "case__code").values_list("case__organ", "error")
    )
    return StudyProgress(
        total=sum(states.values()),
        ready=states[Job.State.SUCCEEDED],
        running=states[Job.State.RUNNING] + synthesising,
        queued=states[Job.State.QUEUED] - synthesising,
        failed=states[Job.State.FAILED],
        failures=list(failures),
    )


def readiness(study: Study) -> list[str]:
    """Return why the study can't be opened, a sentence each; empty where it can."""
    if study.state == Study.State.DRAFT:
        return ["Its cases have not been generated."]
    if study.state != Study.State.PREPARING:
        return [f"It is {study.get_state_display().lower()}."]
    progress = study_progress(study)
    problems = []
    if progress.running + progress.queued:
        problems.append(f"{progress.running + progress.queued} of {progress.total} cases are still being built.")
    if rejected := rejected_without_replacement(study):
        problems.append(
            f"{rejected} case{'' if rejected == 1 else 's'} rejected in the gallery could not be replaced: import more "
            "data and reject again, or accept."
        )
    if progress.failed:
        problems.append(f"{progress.failed} of {progress.total} cases failed; retry them.")
    return problems


def reader_progress(study: Study) -> list[ReaderProgress]:
    """Return every reader's counts, with one query."""
    counted = Q(sequence__items__case__practice=False)
    answered = Q(sequence__items__readings__isnull=False)

    def items(condition: Q) -> Count:
        return Count("sequence__items", filter=condition, distinct=True)

    readers = Reader.objects.filter(study=study).annotate(
        total=items(counted),
        done=items(counted & answered),
        practice_total=items(~counted),
        practice_done=items(~counted & answered),
        last_reading_at=Max("sequence__items__readings__received_at"),
        display_passed=_latest_display_check(),
    )
    return [
        ReaderProgress(
            reader=reader,
            done=reader.done,
            total=reader.total,
            practice_done=reader.practice_done,
            practice_total=reader.practice_total,
            last_reading_at=reader.last_reading_at,
            display_passed=reader.display_passed,
        )
        for reader in readers
    ]


def _latest_display_check() -> Subquery:
    passed = Q(dark_seen=F("dark_shown"), bright_seen=F("bright_shown"))
    checks = DisplayCheck.objects.filter(reader=OuterRef("pk")).order_by("-at", "-id")
    return Subquery(checks.values(ok=ExpressionWrapper(passed, output_field=BooleanField()))[:1])


def unfinished_readers(study: Study) -> list[ReaderProgress]:
    return [reader for reader in reader_progress(study) if not reader.finished]
