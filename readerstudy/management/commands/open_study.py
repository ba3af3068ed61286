from typing import Any

from django.core.management.base import CommandParser

from readerstudy.domain import audit
from readerstudy.domain.studies import open_study
from readerstudy.management.base import StudyCommand, get_study


class Command(StudyCommand):
    help = "Open a study for reading: its design and cases are fixed from here on."
    examples = ("python manage.py open_study liver-2026",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")

    def handle(self, *args: Any, **options: Any) -> None:
        study = get_study(options["slug"])
        open_study(study=study, actor=audit.COMMAND_LINE)
        self.stdout.write(f"Study {study.slug} is open for reading. Next: invite_reader {study.slug} --code R1")
