import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from readerstudy.analysis.analysis import analyse, write_analysis
from readerstudy.analysis.frame import InvalidReadings
from readerstudy.analysis.readings_csv import read_readings_csv
from readerstudy.analysis.whole_folder import whole_folder
from readerstudy.domain.errors import DomainError
from readerstudy.management.base import ProjectCommand

DESCRIPTION = """\
Analyse readings made anywhere; positive = real tumour. Needs no database.

Writes readings.csv, metrics.csv and analysis.json into a new folder.
"""


class Command(ProjectCommand):
    help = DESCRIPTION
    examples = ("python manage.py analyse READINGS.csv --out results",)
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("readings", metavar="READINGS.csv", type=Path)
        parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="a new or empty folder")
        parser.add_argument("--json", action="store_true", help="print what was done as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        out: Path = options["out"]
        try:
            readings = read_readings_csv(options["readings"])
            with whole_folder(out) as draft:
                analysis = analyse(readings)
                names = [path.name for path in write_analysis(analysis, readings, draft)]
        except (InvalidReadings, OSError) as error:
            raise DomainError(str(error)) from error
        summary = {key: analysis.document[key] for key in ("n_readings", "n_readers", "n_cases", "warnings")}
        if options["json"]:
            self.stdout.write(json.dumps({"out": str(out), "files": names, **summary}))
            return
        self.stdout.write(
            f"Wrote {', '.join(names)} to {out}: {summary['n_readings']} readings "
            f"by {summary['n_readers']} readers (positive = real tumour)."
        )
        for warning in summary["warnings"]:
            self.stdout.write(f"Note: {warning}")
