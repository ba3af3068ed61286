"""What readers report about cases: kept beside the answers, shown to staff without the truth."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import transaction

from readerstudy.domain.errors import DomainError, UnknownCaseError
from readerstudy.domain.locks import lock_reader
from readerstudy.domain.reading_room import require_open, shown_item
from readerstudy.domain.wire import parse_object, parse_submission, parse_text
from readerstudy.models.problem_report import ProblemReport
from readerstudy.models.reader import Reader

LONGEST_REPORT = 1000


@dataclass(frozen=True)
class Problem:
    """What a reader's browser sends."""

    submission: uuid.UUID
    text: str


def parse_problem(data: object) -> Problem:
    given = parse_object(data, what="A report")
    submission = parse_submission(given, what="A report")
    text = parse_text(given, "text", longest=LONGEST_REPORT)
    if not text:
        raise DomainError("A report must say what is wrong.")
    return Problem(submission, text)


def report_problem(*, reader: Reader, token: str, problem: Problem) -> ProblemReport:
    """Store a report exactly once: a resent submission returns the report it made.

    Raises
    ------
    UnknownCaseError
        If the token is no case of this reader's, or of one not shown yet.
    NotOpenError
        If the study is not open (any more).
    DomainError
        If the submission is that of another case.
    """
    with transaction.atomic():
        reader = lock_reader(reader)
        require_open(reader)
        item = shown_item(reader, token)
        if item is None:
            raise UnknownCaseError("There is no such case.")
        report, _ = ProblemReport.objects.get_or_create(
            submission=problem.submission, defaults={"item": item, "text": problem.text}
        )
    if report.item_id != item.pk:
        raise DomainError("This submission was used for another case; reload the page.")
    return report
