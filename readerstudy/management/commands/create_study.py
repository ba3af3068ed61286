import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from readerstudy.domain import audit
from readerstudy.domain.design import load_design
from readerstudy.domain.studies import create_study
from readerstudy.management.base import StudyCommand


class Command(StudyCommand):
    help = "Create a study from its STUDY.toml, as a draft."
    examples = ("python manage.py create_study STUDY.toml",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("design", metavar="STUDY.toml", type=Path)
        parser.add_argument("--json", action="store_true", help="print what was made as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        study = create_study(design=load_design(options["design"]), actor=audit.COMMAND_LINE)
        if options["json"]:
            self.stdout.write(json.dumps({"slug": study.slug, "design_sha256": study.design_sha256}))
        else:
            self.stdout.write(f"Created study {study.slug} as a draft. Next: generate_cases {study.slug}")
