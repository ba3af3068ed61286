from typing import Any

from django.core.management.base import CommandParser

from readerstudy.domain import audit
from readerstudy.domain.enrolment import invite_reader, renew_invitation
from readerstudy.domain.errors import DomainError
from readerstudy.management.base import StudyCommand, get_study
from readerstudy.models.reader import Reader


class Command(StudyCommand):
    help = "Invite a reader: prints one link, nothing else. It works once; --renew makes another for the same reader."
    examples = ("python manage.py invite_reader liver-2026 --code R1 --years 7 --specialty 'abdominal radiology'",)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--code", required=True, help="what the reader is called in every table; not a name")
        parser.add_argument("--years", type=int, help="of experience")
        parser.add_argument("--specialty", default="", metavar="TEXT")
        parser.add_argument("--renew", action="store_true", help="a new link for a reader who was invited before")

    def handle(self, *args: Any, **options: Any) -> None:
        study = get_study(options["slug"])
        code = options["code"]
        if not options["renew"]:
            link = invite_reader(
                study=study,
                code=code,
                years=options["years"],
                specialty=options["specialty"],
                actor=audit.COMMAND_LINE,
            )
        else:
            reader = Reader.objects.filter(study=study, code=code).first()
            if reader is None:
                raise DomainError(f"Study {study.slug} has no reader {code}; leave out --renew to invite one.")
            link = renew_invitation(reader=reader, actor=audit.COMMAND_LINE)
        self.stdout.write(link)
