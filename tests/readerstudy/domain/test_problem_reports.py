"""What readers report is stored once, for a case that they were shown."""

import uuid

import pytest

from readerstudy.domain.answers import Answer, record_reading
from readerstudy.domain.errors import DomainError
from readerstudy.domain.problem_reports import LONGEST_REPORT, Problem, parse_problem, report_problem
from readerstudy.domain.reading_room import NotOpenError, UnknownCaseError, current_state
from readerstudy.models.append_only import AppendOnlyError
from readerstudy.models.problem_report import ProblemReport
from readerstudy.models.sequence import SequenceItem
from readerstudy.models.vocabulary import Label
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]

GOOD = {"submission": str(uuid.UUID(int=7)), "text": "Slices 4 to 9 stay black."}


@pytest.fixture
def study():
    return factories.make_study_of_patients(real=2, hosts=2)


@pytest.fixture
def reader(study):
    return factories.make_reader(study)


def report(reader, token, **changes):
    return report_problem(reader=reader, token=token, problem=parse_problem(GOOD | changes))


def shown(reader):
    return current_state(reader=reader)["case"]["token"]


def test_a_report_is_stored_once_with_its_case(reader):
    token = shown(reader)

    first = report(reader, token)

    assert report(reader, token) == first
    assert (first.item.token, first.text) == (token, "Slices 4 to 9 stay black.")
    assert ProblemReport.objects.count() == 1


def test_a_case_that_was_answered_meanwhile_can_still_be_reported(reader):
    token = shown(reader)
    record_reading(reader=reader, token=token, answer=Answer(uuid.uuid4(), Label.REAL, 1, "1"))

    assert report(reader, token).item.token == token


def test_a_case_that_was_not_shown_is_unknown(study, reader):
    shown(reader)
    other = shown(factories.make_reader(study, "R2"))
    ahead = SequenceItem.objects.filter(sequence__reader=reader, opened_at=None).first().token

    for token in (ahead, other, "0" * 32):
        with pytest.raises(UnknownCaseError):
            report(reader, token)
    assert not ProblemReport.objects.exists()


def test_a_submission_is_of_one_case(reader):
    report(reader, shown(reader))
    record_reading(reader=reader, token=shown(reader), answer=Answer(uuid.uuid4(), Label.REAL, 1, "1"))

    with pytest.raises(DomainError, match="used for another case"):
        report(reader, shown(reader))


def test_nothing_is_reported_after_closing(study, reader):
    token = shown(reader)
    factories.close(study)
    reader.refresh_from_db()

    with pytest.raises(NotOpenError):
        report(reader, token)


def test_a_report_is_never_changed(reader):
    stored = report(reader, shown(reader))

    for act in (stored.save, stored.delete, ProblemReport.objects.all().delete):
        with pytest.raises(AppendOnlyError):
            act()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("text", "A report must be a JSON object."),
        (GOOD | {"submission": 7}, "A report needs its submission, a UUID."),
        (GOOD | {"text": " \n"}, "A report must say what is wrong."),
        (GOOD | {"text": None}, "text must be text of up to 1,000 printable letters."),
        (GOOD | {"text": "x" * (LONGEST_REPORT + 1)}, "text must be text of up to 1,000 printable letters."),
        (GOOD | {"text": "\x00"}, "text must be text of up to 1,000 printable letters."),
    ],
)
def test_what_is_no_report_is_refused(data, message):
    with pytest.raises(DomainError) as caught:
        parse_problem(data)
    assert str(caught.value) == message


def test_a_good_report_is_parsed():
    assert parse_problem(GOOD) == Problem(uuid.UUID(int=7), "Slices 4 to 9 stay black.")
