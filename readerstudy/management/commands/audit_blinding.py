import json
from typing import Any

from django.core.management.base import CommandParser

from readerstudy.domain import audit
from readerstudy.domain.leak_audit.runs import audit_now
from readerstudy.management.base import StudyCommand, get_study
from readerstudy.models.study import Study

HEADINGS = ("part", "cases of", "real", "synthetic", "AUC", "95 % interval", "p", "finds AUC")


class Command(StudyCommand):
    help = (
        "Test whether anything but the tumours' look tells real from synthetic cases: files, the image outside the\n"
        "tumour, the tumour's size, place and number. p holds for all lines together; the last column is the AUC\n"
        "from which a tell would have been found four times in five. The outcome is kept: opening goes by it."
    )
    examples = ("python manage.py audit_blinding liver-2026",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--json", action="store_true", help="print the audit as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        study = get_study(options["slug"])
        found = audit_now(study=study, actor=audit.COMMAND_LINE)
        if options["json"]:
            self.stdout.write(json.dumps({"outcome": found.outcome, **found.result}, indent=2))
            return
        self._print_table(found.result["results"])
        for sentence in (
            found.result["conclusion"],
            *(f"- {finding}" for finding in found.result["findings"]),
            *found.result["notes"],
        ):
            self.stdout.write(sentence)
        if study.state == Study.State.PREPARING and found.outcome != found.Outcome.NO_TELL:
            self.stdout.write(f"\nTo open all the same: open_study {study.slug} --acknowledge-audit REASON")

    def _print_table(self, results: list[dict[str, Any]]) -> None:
        if not results:
            return
        rows = [
            (
                one["part"],
                one["where"],
                str(one["n_real"]),
                str(one["n_synthetic"]),
                f"{one['auc']:.2f}",
                f"{one['auc_low']:.2f}–{one['auc_high']:.2f}",
                f"{one['p_value']:.3f}" + ("  TELLS" if one["found"] else ""),
                "none" if one["detectable_auc"] is None else f"{one['detectable_auc']:.2f}",
            )
            for one in results
        ]
        widths = [max(map(len, column)) for column in zip(HEADINGS, *rows, strict=True)]
        for row in (HEADINGS, *rows):
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write(line.rstrip())
        self.stdout.write("")
