import dataclasses
import json
import sys
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser
from tqdm import tqdm

from readerstudy.domain.store import ORPHAN_AFTER
from readerstudy.domain.store_check import StoreReport, check_store
from readerstudy.management.base import StudyCommand

SOMETHING_WRONG = 1
UNREADABLE = 2
HOUR = timedelta(hours=1)


class Command(StudyCommand):
    help = """\
Prove that every stored file has its row, and every row its file with the right hash. Reads the whole store.

With --repair, files that belong to nothing are removed, and slice packs and synthetic tumours that are lost or
damaged are queued to be made again, from their stored recipes. Imported CTs and masks can't be made again: they are
named. Exit status: 0 where all is well, or all was repaired; 1 where something is wrong; 2 where the store can't be
read.
"""
    examples = ("python manage.py check_store", "python manage.py check_store --repair --json")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="repair what can be")
        parser.add_argument(
            "--orphans-after",
            metavar="HOURS",
            type=float,
            default=ORPHAN_AFTER / HOUR,
            help="leave files without a row alone that are younger: an import may be writing them (default: 48)",
        )
        parser.add_argument("--json", action="store_true", help="print what was found as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        with tqdm(unit="file", disable=not sys.stderr.isatty()) as bar:

            def show(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            try:
                report = check_store(
                    mend=options["repair"], orphan_after=options["orphans_after"] * HOUR, progress=show
                )
            except OSError as error:
                raise CommandError(
                    f"The store can't be read ({error.strerror or error}); see DATA_ROOT or STORE_URL.",
                    returncode=UNREADABLE,
                ) from None
        self.stdout.write(_as_json(report) if options["json"] else _sentences(report))
        if report.left:
            raise CommandError(
                f"The store is not in order: {len(report.left)} of {len(report.problems)} problems are left.",
                returncode=SOMETHING_WRONG,
            )


def _as_json(report: StoreReport) -> str:
    return json.dumps(dataclasses.asdict(report) | {"left": len(report.left)})


def _sentences(report: StoreReport) -> str:
    lines = [f"{report.files} files are whole ({report.bytes / 1e6:.1f} MB)."]
    for problem in report.problems:
        done = "repaired" if problem.mended else problem.remedy
        lines.append(f"{problem.fault}: {problem.name}, {problem.what}; {done}.")
    if report.young:
        lines.append(f"Files without a row that an import may be writing just now: {report.young}.")
    return "\n".join(lines)
