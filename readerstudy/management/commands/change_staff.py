from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandParser

from readerstudy.domain import staff
from readerstudy.management.base import StudyCommand, ask_password, get_staff

CHANGES: dict[str, tuple[Callable[..., None], dict[str, bool], str]] = {
    "close": (staff.close_account, {}, "is closed, and signed out everywhere"),
    "reopen": (staff.reopen_account, {}, "is open again"),
    "administrator": (
        staff.set_administrator,
        {"administrator": True},
        "is an administrator now",
    ),
    "member": (staff.set_administrator, {"administrator": False}, "is no administrator now"),
    "manage_data": (staff.allow_data, {"allowed": True}, "may import and delete data sets now"),
    "no_manage_data": (staff.allow_data, {"allowed": False}, "may not import and delete data sets now"),
    "reset_second_factor": (
        staff.reset_second_factor,
        {},
        "signs in without a second step now",
    ),
}


class Command(StudyCommand):
    help = "Change a staff account: its password, what it may do, whether it lets anybody in."
    examples = (
        "python manage.py change_staff bob --reset-second-factor",
        "python manage.py change_staff bob --close",
        "python manage.py change_staff bob --email bob@example.org",
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        change = parser.add_mutually_exclusive_group(required=True)
        change.add_argument("--password", action="store_true", help="asks for another, or takes it from a pipe")
        change.add_argument("--email", help="by which single sign-on finds the account")
        change.add_argument("--administrator", action="store_true", help="owns every study")
        change.add_argument("--member", action="store_true", help="no administrator any more")
        change.add_argument("--manage-data", action="store_true", help="may import and delete data sets")
        change.add_argument("--no-manage-data", action="store_true", help="may not any more")
        change.add_argument("--close", action="store_true", help="let them in no more; name, roles and traces stay")
        change.add_argument("--reopen", action="store_true")
        change.add_argument("--reset-second-factor", action="store_true", help="for who lost phone and recovery codes")

    def handle(self, *args: Any, **options: Any) -> None:
        user = get_staff(options["name"])
        self.stdout.write(f"{user.get_username()} {_change(user, options)}.")


def _change(user: User, options: dict[str, Any]) -> str:
    if options["password"]:
        staff.set_password(user=user, password=ask_password())
        return "has another password, and is signed out everywhere"
    if options["email"]:
        staff.set_email(user=user, email=options["email"])
        return f"is found by single sign-on as {options['email']}"
    change, given, done = next(CHANGES[name] for name in CHANGES if options[name])
    change(user=user, **given)
    return done
