"""What the project's commands share: examples in --help, one-line errors, a database that is set up."""

import getpass
import sys
from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from readerstudy.checks import SETUP
from readerstudy.domain.errors import DomainError
from readerstudy.models.study import Study

UNUSABLE_INPUT = 2
INTERRUPTED = 130


class ProjectCommand(BaseCommand):
    """A command whose `--help` ends with examples, and whose errors are one line on stderr and exit status 2.

    It checks how the installation is set up, and leaves the pages to `manage.py check`: to check them is to load them
    all, which takes longer than most commands.
    """

    examples: tuple[str, ...] = ()
    requires_system_checks = [SETUP]

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name,
            subcommand,
            epilog="\n  ".join(["examples:", *self.examples]),
            formatter_class=RawDescriptionHelpFormatter,
            **kwargs,
        )

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except DomainError as error:
            raise CommandError(str(error), returncode=UNUSABLE_INPUT) from None
        except KeyboardInterrupt:
            raise CommandError("Interrupted; nothing was half-stored.", returncode=INTERRUPTED) from None


class StudyCommand(ProjectCommand):
    """A command over the database, which is set up first where it is the embedded one and still empty."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            _set_up_database()
        except DatabaseError as error:
            raise CommandError(f"The database can't be reached: {str(error).strip()}; see DATABASE_URL.") from None
        return super().execute(*args, **options)


def _set_up_database() -> None:
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return
    if connection.vendor != "sqlite" or executor.loader.applied_migrations:
        raise CommandError("The database is not set up for this version; run: python manage.py migrate")
    call_command("migrate", verbosity=0)


def ask_password() -> str:
    """Ask for a password on a terminal; take it from a pipe."""
    if sys.stdin.isatty():
        return getpass.getpass("Password: ")
    return sys.stdin.readline().rstrip("\n")


def get_staff(name: str) -> User:
    user = User.objects.filter(username=name, is_staff=True).first()
    if user is None:
        raise DomainError(f"There is no staff member {name!r}; make one: python manage.py create_staff {name}")
    return user


def get_study(slug: str) -> Study:
    study = Study.objects.filter(slug=slug).first()
    if study is None:
        known = ", ".join(Study.objects.values_list("slug", flat=True)) or "none yet"
        raise DomainError(f"There is no study {slug!r}; there are: {known}.")
    return study
