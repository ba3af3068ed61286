import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from readerstudy.domain import audit
from readerstudy.domain.design import load_design
from readerstudy.domain.matching import LARGE_DIFFERENCE, Balance
from readerstudy.domain.studies import create_study, expected_balance
from readerstudy.management.base import StudyCommand, get_staff


class Command(StudyCommand):
    help = (
        "Create a study from its STUDY.toml, as a draft, and say how alike its arms will be: means or shares, and\n"
        "their difference in standard deviations."
    )
    examples = ("python manage.py create_study STUDY.toml",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("design", metavar="STUDY.toml", type=Path)
        parser.add_argument("--owner", metavar="NAME", help="a staff member who owns it beside the administrators")
        parser.add_argument("--json", action="store_true", help="print what was made, and the balance, as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = get_staff(options["owner"]) if options["owner"] else None
        study = create_study(design=load_design(options["design"]), actor=audit.COMMAND_LINE, owner=owner)
        balance = expected_balance(study)
        if options["json"]:
            made = {"slug": study.slug, "design_sha256": study.design_sha256}
            self.stdout.write(json.dumps(made | {"balance": [asdict(row) for row in balance]}))
            return
        for line in _table(balance):
            self.stdout.write(line)
        self.stdout.write(f"Created study {study.slug} as a draft. Next: generate_cases {study.slug}")


def _table(balance: list[Balance]) -> Iterator[str]:
    if not balance:
        return
    yield f"{'':60}{'real':>9}{'synthetic':>11}{'difference':>12}"
    for row in balance:
        name = f"{row.organ}, {row.generator}: {row.attribute}{f' {row.level}' if row.level else ''}"
        difference = "–" if row.difference is None else f"{row.difference:+.2f}"
        mark = " *" if row.is_large else ""
        yield f"{name:60}{_number(row.real):>9}{_number(row.synthetic):>11}{difference:>12}{mark}"
    if any(row.is_large for row in balance):
        yield f"* more than {LARGE_DIFFERENCE} standard deviations apart"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
