from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from readerstudy.domain import audit
from readerstudy.domain.errors import DomainError
from readerstudy.domain.readings_import import import_readings
from readerstudy.management.base import StudyCommand


class Command(StudyCommand):
    help = "Load readings made elsewhere as a closed study, with results page and exports. Positive = real tumour."
    examples = ("python manage.py import_readings table-3 READINGS.csv --title 'Published Table 3'",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("readings", metavar="READINGS.csv", type=Path)
        parser.add_argument("--title", default="", help="default: the slug")
        parser.add_argument(
            "--readers", metavar="READERS.csv", type=Path, help="reader_id,years: compares readers by experience"
        )
        parser.add_argument("--note", default="", help="what has to be known of the readings; shown with every figure")

    def handle(self, *args: Any, **options: Any) -> None:
        from readerstudy.analysis.frame import InvalidReadings
        from readerstudy.analysis.readers_csv import read_years
        from readerstudy.analysis.readings_csv import read_readings_csv

        try:
            readings = read_readings_csv(options["readings"])
            years = read_years(options["readers"]) if options["readers"] else {}
        except InvalidReadings as error:
            raise DomainError(str(error)) from None
        study = import_readings(
            slug=options["slug"],
            readings=readings,
            title=options["title"],
            note=options["note"],
            years=years,
            actor=audit.COMMAND_LINE,
        )
        self.stdout.write(f"Loaded {len(readings)} readings as the closed study {study.slug}.")
