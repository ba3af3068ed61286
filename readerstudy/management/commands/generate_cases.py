import json
from typing import Any

from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm

from readerstudy.domain import audit
from readerstudy.domain.case_sets import retry_failed, start_generation
from readerstudy.domain.errors import DomainError
from readerstudy.domain.generation import build
from readerstudy.domain.queries.progress import StudyProgress, study_progress
from readerstudy.management.base import StudyCommand, get_study
from readerstudy.models.study import Study


class Command(StudyCommand):
    help = (
        "Draw a study's cases and have workers build them. With --wait, this process builds them too, beside any\n"
        "workers, and returns when all are built. A set that was begun is gone on with; what failed is tried again."
    )
    examples = ("python manage.py generate_cases liver-2026 --wait",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--wait", action="store_true", help="help building, and return when all is built")
        parser.add_argument("--json", action="store_true", help="print the state of the cases as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        study = get_study(options["slug"])
        if study.state in (Study.State.OPEN, Study.State.CLOSED):
            raise DomainError(f"Study {study.slug} is {study.get_state_display().lower()}: its cases are fixed.")
        if study.state == Study.State.DRAFT:
            start_generation(study=study, actor=audit.COMMAND_LINE)
        elif study_progress(study).failed:
            retry_failed(study=study, actor=audit.COMMAND_LINE)
        progress = _wait(study) if options["wait"] else study_progress(study)
        if options["json"]:
            self.stdout.write(json.dumps({"total": progress.total, "ready": progress.ready, "failed": progress.failed}))
        else:
            waits = "" if progress.finished else " Workers build the others; --wait builds them here."
            self.stdout.write(f"{progress.ready} of {progress.total} cases are ready.{waits}")
        if options["wait"] and progress.failed:
            organ, reason = progress.failures[0]
            raise CommandError(f"{progress.failed} of {progress.total} cases failed; the first, {organ}: {reason}")


def _wait(study: Study) -> StudyProgress:
    with tqdm(total=study_progress(study).total, unit="case", disable=None) as bar:
        for progress in build(study):
            bar.n = progress.ready + progress.failed
            bar.refresh()
    return progress
