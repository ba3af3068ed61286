"""What the project's commands share: examples in --help, one-line errors, a study named by its slug."""

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from readerstudy.domain.errors import DomainError
from readerstudy.models.study import Study

UNUSABLE_INPUT = 2


class StudyCommand(BaseCommand):
    """A command over the domain: its errors become one line on stderr and exit status 2."""

    example = ""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        return super().create_parser(
            prog_name,
            subcommand,
            epilog=f"Example:\n  {self.example}",
            formatter_class=RawDescriptionHelpFormatter,
            **kwargs,
        )

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except DomainError as error:
            raise CommandError(str(error), returncode=UNUSABLE_INPUT) from None


def get_study(slug: str) -> Study:
    study = Study.objects.filter(slug=slug).first()
    if study is None:
        known = ", ".join(Study.objects.values_list("slug", flat=True)) or "none yet"
        raise DomainError(f"There is no study {slug!r}; there are: {known}.")
    return study
