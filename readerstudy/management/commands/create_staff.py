import getpass
import sys
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser
from django.db import IntegrityError

from readerstudy.domain.errors import DomainError
from readerstudy.management.base import StudyCommand


class Command(StudyCommand):
    help = (
        "Create an administrator, who owns every study of this installation; or, with --member, a staff member who\n"
        "sees the studies that they create or are given a role in. Asks for the password, or takes it from --password\n"
        "or a pipe."
    )
    examples = ("python manage.py create_staff ann", "python manage.py create_staff bob --member")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--password", help="seen by others in the list of processes; a pipe is better")
        parser.add_argument("--member", action="store_true", help="no administrator")

    def handle(self, *args: Any, **options: Any) -> None:
        name, kind = options["name"], "staff member" if options["member"] else "administrator"
        user = User(username=name, is_staff=True, is_superuser=not options["member"])
        password = options["password"] or _ask()
        try:
            user.clean_fields(exclude=["password"])
            validate_password(password, user)
        except ValidationError as error:
            raise DomainError(f"{kind.capitalize()} {name!r}: {' '.join(error.messages)}") from None
        user.set_password(password)
        try:
            user.save(force_insert=True)
        except IntegrityError:
            raise DomainError(f"There is a user {name!r} already; choose another name.") from None
        self.stdout.write(f"Created {kind} {name}, who can log in now.")


def _ask() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\n")
