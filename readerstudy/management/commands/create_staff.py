from typing import Any

from django.core.management.base import CommandParser

from readerstudy.domain.staff import create_staff
from readerstudy.management.base import StudyCommand, ask_password


class Command(StudyCommand):
    help = (
        "Create an administrator, who owns every study of this installation; or, with --member, a staff member who\n"
        "sees the studies that they create or are given a role in. Asks for the password, or takes it from --password\n"
        "or a pipe."
    )
    examples = (
        "python manage.py create_staff ann",
        "python manage.py create_staff bob --member --manage-data",
        "python manage.py create_staff eve --member --email eve@example.org --no-password",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--member", action="store_true", help="no administrator")
        parser.add_argument("--manage-data", action="store_true", help="a member who may import and delete data sets")
        parser.add_argument("--email", default="", help="by which single sign-on finds the account")
        password = parser.add_mutually_exclusive_group()
        password.add_argument("--password", help="seen by others in the list of processes; a pipe is better")
        password.add_argument("--no-password", action="store_true", help="single sign-on alone")

    def handle(self, *args: Any, **options: Any) -> None:
        user = create_staff(
            name=options["name"],
            password=None if options["no_password"] else options["password"] or ask_password(),
            administrator=not options["member"],
            manage_data=options["manage_data"],
            email=options["email"],
        )
        kind = "staff member" if options["member"] else "administrator"
        self.stdout.write(f"Created {kind} {user.get_username()}, who can log in now.")
