from typing import Any

from django.core.management.base import CommandParser

from readerstudy.domain import audit
from readerstudy.domain.studies import open_study
from readerstudy.management.base import StudyCommand, get_study


class Command(StudyCommand):
    help = (
        "Open a study for reading: its protocol (design, cases, orders, versions) is frozen from here on. The leak\n"
        "audit must have been run on its cases as they are (audit_blinding); what it found must be acknowledged."
    )
    examples = (
        "python manage.py open_study liver-2026",
        'python manage.py open_study liver-2026 --acknowledge-audit "Slices are 5 mm in both arms but for two cases."',
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument(
            "--acknowledge-audit",
            default="",
            metavar="REASON",
            help="why to open although the audit found tells, or had too few cases; recorded and exported",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        study = get_study(options["slug"])
        open_study(study=study, actor=audit.COMMAND_LINE, acknowledgement=options["acknowledge_audit"])
        self.stdout.write(f"Study {study.slug} is open for reading. Next: invite_reader {study.slug} --code R1")
