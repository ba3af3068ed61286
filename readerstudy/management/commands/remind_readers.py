from typing import Any

from django.core.management.base import CommandParser

from readerstudy.domain import audit
from readerstudy.domain.reminders import remind_due_readers
from readerstudy.management.base import StudyCommand, get_study


class Command(StudyCommand):
    help = "Write to the readers of a study who have something to read and whose e-mail address is known."
    examples = ("python manage.py remind_readers liver-2026 --idle-days 14",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--idle-days", type=int, default=0, help="only those of whom nothing came for so many days")

    def handle(self, *args: Any, **options: Any) -> None:
        study = get_study(options["slug"])
        reminded = remind_due_readers(study=study, actor=audit.COMMAND_LINE, idle_days=options["idle_days"])
        self.stdout.write(f"Reminded: {', '.join(reminded) or 'nobody'}.")
