from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from readerstudy.domain import audit
from readerstudy.domain.errors import DomainError
from readerstudy.domain.retention import erase_older, erase_reader, erase_staff
from readerstudy.management.base import StudyCommand, get_study
from readerstudy.models.reader import Reader


class Command(StudyCommand):
    help = (
        "Erase what is kept of persons, and leave readings and trail: a reader's profile and addresses, a staff\n"
        "user's name and addresses, or what is older than RETENTION_DAYS (or --older-than). It can't be undone."
    )
    examples = (
        "python manage.py erase_personal_data liver-2026 --reader R1",
        "python manage.py erase_personal_data --staff ann",
        "python manage.py erase_personal_data --older-than 365",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug", nargs="?")
        parser.add_argument("--reader", metavar="CODE", help="a reader of the study; default: all of them")
        parser.add_argument("--staff", metavar="NAME", help="somebody whose account is gone or renamed")
        parser.add_argument("--older-than", type=int, metavar="DAYS", help="default: RETENTION_DAYS, where it is set")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["slug"]:
            self._readers(options["slug"], options["reader"])
        elif options["staff"]:
            erase_staff(name=options["staff"], actor=audit.COMMAND_LINE)
            self.stdout.write("The name and its addresses are erased; the trail keeps the key.")
        else:
            given = options["older_than"]
            if given is None and not settings.RETENTION_DAYS:
                raise DomainError("Say whose data: a study, --staff NAME or --older-than DAYS.")
            days = settings.RETENTION_DAYS if given is None else given
            count = erase_older(days=days, actor=audit.COMMAND_LINE)
            self.stdout.write(f"{count} readers and addresses are erased that are older than {days} days.")

    def _readers(self, slug: str, code: str | None) -> None:
        study = get_study(slug)
        readers = Reader.objects.filter(study=study, **({"code": code} if code else {})).select_related("study")
        if not readers:
            raise DomainError(f"Study {slug} has no reader {code}." if code else f"Study {slug} has no readers.")
        count = sum(erase_reader(reader=reader, actor=audit.COMMAND_LINE) for reader in readers)
        self.stdout.write(f"{count} of {len(readers)} readers had personal data, which is erased; their answers stay.")
