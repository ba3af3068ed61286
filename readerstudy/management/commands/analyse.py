import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from readerstudy.analysis.analysis import analyse
from readerstudy.analysis.exports.folder import Described, finish, write_drawings, write_tables
from readerstudy.analysis.exports.tables import read_cases, read_readers
from readerstudy.analysis.figures.collection import Material, drawn
from readerstudy.analysis.frame import InvalidReadings
from readerstudy.analysis.proportions import PROPORTION_INTERVALS
from readerstudy.analysis.readers_csv import read_years
from readerstudy.analysis.readings_csv import read_readings_csv
from readerstudy.analysis.reporting.findings import find
from readerstudy.analysis.whole_folder import whole_folder
from readerstudy.domain.errors import DomainError
from readerstudy.domain.report import Subject, render
from readerstudy.management.base import ProjectCommand

DESCRIPTION = """\
Analyse readings made anywhere; positive = real tumour. Needs no database.

Writes into a new folder what export_study writes of a study, but for its design and its audit log.
"""


class Command(ProjectCommand):
    help = DESCRIPTION
    examples = (
        "python manage.py analyse READINGS.csv --out results",
        "python manage.py analyse READINGS.csv --out results --margin 0.15 --readers READERS.csv",
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("readings", metavar="READINGS.csv", type=Path)
        parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="a new or empty folder")
        parser.add_argument("--alpha", type=float, default=0.05, help="level of the tests (default: 0.05)")
        parser.add_argument("--margin", type=float, default=0.10, help="of equivalence around 0.5 (default: 0.10)")
        parser.add_argument(
            "--unsure-policy", choices=("middle", "exclude"), default="middle", help="of the headline test"
        )
        parser.add_argument(
            "--interval", choices=PROPORTION_INTERVALS, default="wilson", help="of sensitivity, specificity, accuracy"
        )
        parser.add_argument(
            "--readers", metavar="READERS.csv", type=Path, help="reader_id,years: compares readers by experience"
        )
        parser.add_argument("--json", action="store_true", help="print what was done as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        out: Path = options["out"]
        _check_between(options["alpha"], "--alpha")
        _check_between(options["margin"], "--margin")
        try:
            readings = read_readings_csv(options["readings"])
            years = read_years(options["readers"]) if options["readers"] else {}
            with whole_folder(out) as draft:
                analysis = analyse(
                    readings,
                    alpha=options["alpha"],
                    margins=(options["margin"],),
                    unsure_policy=options["unsure_policy"],
                    interval=options["interval"],
                    years=years,
                )
                title = f"Readings of {options['readings'].name}"
                readers = read_readers(readings)
                readers["years"] = readers["reader_id"].map(years)
                described = Described(title=title, cases=read_cases(readings), readers=readers)
                write_tables(draft, readings=readings, analysis=analysis, described=described)
                _report(draft, Material(readings, analysis, described.cases, described.readers), title)
                finish(draft, described)
        except (InvalidReadings, OSError) as error:
            raise DomainError(str(error)) from error
        names = sorted(path.name for path in out.iterdir())
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


def _check_between(value: float, option: str) -> None:
    if not 0 < value < 0.5:
        raise DomainError(f"{option} {value:g}: give a number between 0 and 0.5.")


def _report(folder: Path, material: Material, title: str) -> None:
    drawings = drawn(material)
    write_drawings(folder, drawings)
    subject = Subject(title, "read elsewhere", material, find(material), drawings)
    (folder / "report.html").write_text(render(subject), encoding="utf-8")
