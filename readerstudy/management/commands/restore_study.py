from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from readerstudy.domain import audit
from readerstudy.domain.archive.restoring import restore_study
from readerstudy.management.base import StudyCommand


class Command(StudyCommand):
    help = "Store a study that archive_study wrote as it was: checked whole first, then stored whole or not at all."
    examples = ("python manage.py restore_study liver-2026.zip",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("archive", type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        study = restore_study(path=options["archive"], actor=audit.COMMAND_LINE)
        self.stdout.write(f"Study {study.slug} is restored. Next: export_study {study.slug} --out DIR")
