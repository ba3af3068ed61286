import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from tqdm import tqdm

from readerstudy.analysis.exports.folder import write_drawings
from readerstudy.analysis.radiomics.drawings import drawers
from readerstudy.analysis.radiomics.experiment import run_experiment
from readerstudy.analysis.radiomics.table import InvalidFeatures, read_features_csv
from readerstudy.analysis.radiomics.words import headline, notes, title
from readerstudy.analysis.whole_folder import whole_folder
from readerstudy.domain.errors import DomainError
from readerstudy.management.base import ProjectCommand

DESCRIPTION = """\
Ask whether a machine tells organs, or real from synthetic tumours, by their radiomics features. Needs no database.

Writes into a new folder radiomics.json and figures/, each figure with its data: the map, what is taken for what, the
learning curve, what the machine goes by.
"""


class Command(ProjectCommand):
    help = DESCRIPTION
    examples = (
        "python -m synthesis radiomics CASES.csv --jobs 2 --out radiomics",
        "python manage.py analyse_radiomics radiomics/features.csv --out results",
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("features", metavar="FEATURES.csv", type=Path)
        parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="a new or empty folder")
        parser.add_argument("--seed", type=int, default=0, help="of folds, exchanges and map (default: 0)")
        parser.add_argument("--json", action="store_true", help="print what was found as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        out: Path = options["out"]
        if options["seed"] < 0:
            raise DomainError(f"--seed {options['seed']}: give 0 or more.")
        try:
            table = read_features_csv(options["features"])
            with whole_folder(out) as draft, tqdm(desc="machines", disable=None, file=sys.stderr) as bar:

                def progress(done: int, total: int) -> None:
                    bar.total = total
                    bar.update(done - bar.n)

                found = run_experiment(table, seed=options["seed"], progress=progress)
                (draft / "radiomics.json").write_text(json.dumps(found, indent=1), encoding="utf-8")
                write_drawings(draft, {name: draw() for name, draw in drawers(found).items()})
        except (InvalidFeatures, OSError) as error:
            raise DomainError(str(error)) from error
        answers = [(title(answer), headline(answer, alpha=found["alpha"])) for answer in found["questions"]]
        if options["json"]:
            self.stdout.write(json.dumps({"out": str(out), "answers": dict(answers), "notes": notes(found)}))
            return
        self.stdout.write(f"Wrote radiomics.json and figures/ to {out}: {found['tumors']} tumours.")
        for asked, answer in answers:
            self.stdout.write(f"{asked}. {answer}")
        for note in notes(found):
            self.stdout.write(f"Note: {note}")
