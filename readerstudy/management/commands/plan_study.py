import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from readerstudy.analysis.figures.power import power
from readerstudy.analysis.reporting.plan import Plan, Wish, plan
from readerstudy.domain.errors import DomainError
from readerstudy.management.base import ProjectCommand

HELP = {
    "accuracy": "balanced accuracy that readers are expected to reach",
    "margin": "equivalence margin around .5",
    "power": "wanted",
    "alpha": "level of the tests",
    "n_readers": "readers of the study as it is thought of",
    "n_real": "its real cases",
    "n_synthetic": "its synthetic cases",
    "reader_sd": "SD of the readers' true balanced accuracies",
    "correlation": "of two readers' values due to common cases",
}


class Command(ProjectCommand):
    help = "Say how many readers and cases a study needs, to tell real from synthetic or to show equivalence to chance."
    examples = (
        "python manage.py plan_study --accuracy 0.65 --margin 0.10 --readers 5 --real 60 --synthetic 60",
        "python manage.py plan_study --readers 10 --svg power.svg",
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        for field in fields(Wish):
            name = field.name.removeprefix("n_").replace("_", "-")
            text = f"{HELP[field.name]}; default: {field.default}"
            kind = int if field.name.startswith("n_") else float
            parser.add_argument(f"--{name}", dest=field.name, type=kind, default=field.default, help=text)
        parser.add_argument("--svg", type=Path, metavar="FILE", help="draw the power curves into a file")
        parser.add_argument("--json", action="store_true", help="print the plan as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = plan(Wish(**{field.name: options[field.name] for field in fields(Wish)}))
            if options["svg"]:
                options["svg"].write_text(power(made.curve, wanted=made.wish.power).svg, encoding="utf-8")
        except (ValueError, OSError) as error:
            raise DomainError(str(error)) from None
        if options["json"]:
            document = {"wish": asdict(made.wish), "sentences": made.sentences, "warnings": made.warnings}
            self.stdout.write(json.dumps({**document, "needed": [asdict(row) for row in made.needed]}))
            return
        for line in _lines(made):
            self.stdout.write(line)


def _lines(made: Plan) -> list[str]:
    rows = [("readers", "to tell", "equivalence")]
    rows += [(str(row.n_readers), _cases(row.to_tell), _cases(row.to_show_equivalence)) for row in made.needed]
    table = ["  ".join(cell.rjust(width) for cell, width in zip(row, (7, 12, 12), strict=True)) for row in rows]
    warnings = [f"Note: {warning}" for warning in made.warnings]
    return [*made.sentences, *warnings, "", "Cases needed, real and synthetic together:", *table]


def _cases(number: int | None) -> str:
    return "none do" if number is None else str(number)
