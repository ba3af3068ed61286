import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError, CommandParser

from readerstudy.domain.errors import DomainError
from readerstudy.domain.trail.verify import chains, unguarded_tables, verify_records
from readerstudy.management.base import StudyCommand


class Command(StudyCommand):
    help = (
        "Say whether the audit trail is whole: compute its chains of hashes again, and those of the protocols, cases,\n"
        "orders and readings that it names; say whether the database still guards the records. Ends with 1 where\n"
        "something is wrong. Compare the last hash with one that you noted, or with an export's: what was cut off\n"
        "shows there alone."
    )
    examples = ("python manage.py verify_trail", "python manage.py verify_trail liver-2026 --json")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", nargs="?", help="one study; default: all, and the installation's own")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        known = chains()
        if options["slug"] and options["slug"] not in known:
            raise DomainError(f"There is no trail of a study {options['slug']!r}.")
        reports = {slug: verify_records(slug) for slug in ([options["slug"]] if options["slug"] else known)}
        unguarded = unguarded_tables()
        if options["json"]:
            told = {slug: asdict(report) for slug, report in reports.items()}
            self.stdout.write(json.dumps({"chains": told, "unguarded_tables": unguarded}, indent=1))
        else:
            for slug, report in reports.items():
                whole = "; ".join(report.problems) or "whole"
                self.stdout.write(
                    f"{slug or 'the installation'}: {report.events} events, last hash {report.last_sha256}: {whole}"
                )
            for table in unguarded:
                self.stdout.write(f"{table}: the database does not guard it; run: python manage.py migrate")
        if unguarded or any(report.problems for report in reports.values()):
            raise CommandError("The records are not what was written, or not guarded.", returncode=1)
