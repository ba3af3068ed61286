from typing import Any

from django.core.management.base import CommandParser

from readerstudy.domain import audit
from readerstudy.domain.studies import close_study
from readerstudy.management.base import StudyCommand, get_study


class Command(StudyCommand):
    help = "Close a study for good: nobody reads any more, and its results can be seen and exported."
    examples = ("python manage.py close_study liver-2026",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")

    def handle(self, *args: Any, **options: Any) -> None:
        study = get_study(options["slug"])
        close_study(study=study, actor=audit.COMMAND_LINE)
        self.stdout.write(f"Study {study.slug} is closed. Next: export_study {study.slug} --out DIR")
