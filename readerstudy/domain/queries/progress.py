"""How far a study is: its cases while they are built. `readers` counts what is read."""

from collections import Counter
from dataclasses import dataclass

from readerstudy.domain.gallery import rejected_without_replacement
from readerstudy.models.case import SlicePack
from readerstudy.models.ground_truth import GroundTruth
from readerstudy.models.job import Job
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
