from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from readerstudy.domain import audit
from readerstudy.domain.exports import export_study
from readerstudy.management.base import StudyCommand, get_study


class Command(StudyCommand):
    help = (
        "Write what a closed study leaves into a new folder: readings, cases, readers, metrics and tests as CSV,\n"
        "JSON and XLSX, files for R and LaTeX, a data dictionary, the audit log, and a manifest of hashes."
    )
    examples = ("python manage.py export_study liver-2026 --out liver-2026-export",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--out", required=True, type=Path, metavar="DIR")

    def handle(self, *args: Any, **options: Any) -> None:
        study = get_study(options["slug"])
        export_study(study=study, folder=options["out"], actor=audit.COMMAND_LINE)
        self.stdout.write(
            f"Wrote {options['out']}: " + ", ".join(sorted(path.name for path in options["out"].iterdir()))
        )
