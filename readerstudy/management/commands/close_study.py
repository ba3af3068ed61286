from typing import Any

from django.core.management.base import CommandParser

from readerstudy.domain import audit
from readerstudy.domain.studies import close_study
from readerstudy.management.base import StudyCommand, get_study


class Command(StudyCommand):
    help = "Close a study for good: nobody reads any more, and its results can be seen and exported."
    examples = (
        "python manage.py close_study liver-2026",
        'python manage.py close_study liver-2026 --reason "R3 withdrew."',
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--reason", default="", help="why to close before every reader has finished")

    def handle(self, *args: Any, **options: Any) -> None:
        study = get_study(options["slug"])
        close_study(study=study, actor=audit.COMMAND_LINE, reason=options["reason"])
        self.stdout.write(f"Study {study.slug} is closed. Next: export_study {study.slug} --out DIR")
