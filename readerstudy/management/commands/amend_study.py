from typing import Any

from django.core.management.base import CommandParser

from readerstudy.domain import audit
from readerstudy.domain.protocol import amend
from readerstudy.management.base import StudyCommand, get_study


class Command(StudyCommand):
    help = (
        "Record an amendment: a change in how a study is conducted after it was opened, with its reason. What was\n"
        "frozen stays as it is; the amendment is kept for good, shown on the study's page and in every export."
    )
    examples = ('python manage.py amend_study liver-2026 --change "R3 was replaced by R5." --reason "R3 fell ill."',)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--change", required=True)
        parser.add_argument("--reason", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        study = get_study(options["slug"])
        amend(study=study, actor=audit.COMMAND_LINE, change=options["change"], reason=options["reason"])
        self.stdout.write(f"The amendment of study {study.slug} is recorded.")
