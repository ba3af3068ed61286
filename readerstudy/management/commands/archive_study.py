from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from readerstudy.domain import audit
from readerstudy.domain.archive.writing import archive_study
from readerstudy.management.base import StudyCommand, get_study


class Command(StudyCommand):
    help = (
        "Write a closed study into one file that restore_study takes on another installation: its design, cases\n"
        "with their slices, CTs and masks, orders, answers, protocol and audit trail. It holds the truth and\n"
        "patients' CTs, and staff users' names: keep it as you keep those. Network addresses stay behind."
    )
    examples = ("python manage.py archive_study liver-2026 --out liver-2026.zip",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--out", required=True, type=Path, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        study = get_study(options["slug"])
        sha256 = archive_study(study=study, path=options["out"], actor=audit.COMMAND_LINE)
        size = options["out"].stat().st_size / 1e6
        self.stdout.write(f"Wrote {options['out']} ({size:.1f} MB). SHA-256, to be kept elsewhere: {sha256}")
