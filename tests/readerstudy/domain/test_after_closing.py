"""Once a study is closed nothing of its conduct changes, whatever the page showed when somebody pressed a button."""

import uuid

import pytest

from readerstudy.domain.enrolment import invite_reader, renew_invitation
from readerstudy.domain.errors import DomainError
from readerstudy.domain.exclusions import exclude_case
from readerstudy.domain.invitations import Acceptance, accept_invitation, decline_invitation
from readerstudy.domain.problem_reports import Problem, report_problem
from readerstudy.domain.protocol import amend
from readerstudy.domain.resets import reset_reader
from readerstudy.domain.studies import close_study
from readerstudy.domain.withdrawals import revoke_access, withdraw
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.reader import Reader
from readerstudy.models.study import Study
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ACTOR = factories.ACTOR
CONDUCT = {
    "invite": lambda reader: invite_reader(study=reader.study, code="LATE", actor=ACTOR),
    "renew": lambda reader: renew_invitation(reader=reader, actor=ACTOR),
    "withdraw": lambda reader: withdraw(reader=reader, actor=ACTOR),
    "revoke": lambda reader: revoke_access(reader=reader, actor=ACTOR),
    "reset": lambda reader: reset_reader(reader=reader, actor=ACTOR, reason="They asked."),
    "leave out": lambda reader: exclude_case(
        study=reader.study, code=reader.study.cases.first().code, actor=ACTOR, reason="Broken."
    ),
    "report": lambda reader: report_problem(reader=reader, token="none", problem=Problem(uuid.uuid4(), "It is dark.")),
}


@pytest.fixture
def study():
    return factories.make_study_of_patients(real=4, hosts=4, reading={"practice": 0})


@pytest.mark.parametrize("step", CONDUCT)
def test_a_step_asked_for_before_closing_is_refused_after_it(study, step):
    reader = factories.make_reader(study)
    factories.close(Study.objects.get(pk=study.pk))
    events = AuditEvent.objects.count()

    with pytest.raises(DomainError, match="is closed"):
        CONDUCT[step](reader)

    assert AuditEvent.objects.count() == events
    assert list(Reader.objects.values_list("code", "withdrawn_at")) == [("R1", None)]


def test_an_unused_link_says_that_the_study_is_closed_and_changes_nothing(study, client):
    path = factories.invitation_path(study)
    secret = path.split("/")[2]
    factories.close(Study.objects.get(pk=study.pk))
    before = Reader.objects.values().get()

    assert "This study is closed." in client.get(path).content.decode()
    for posted in ({"years": 40, "specialty": "changed"}, {"decline": ""}):
        assert client.post(path, posted).status_code == 403
    for act in (lambda: accept_invitation(secret, acceptance=Acceptance(years=40)), lambda: decline_invitation(secret)):
        with pytest.raises(DomainError, match="is closed"):
            act()

    assert Reader.objects.values().get() == before


def test_closing_a_study_that_nobody_was_invited_to_needs_a_reason(study):
    with pytest.raises(DomainError, match="nobody was invited"):
        close_study(study=study, actor=ACTOR)

    close_study(study=study, actor=ACTOR, reason="It was a rehearsal.")

    assert Study.objects.get(pk=study.pk).closed_early == "It was a rehearsal."


@pytest.mark.parametrize("text", ["a\x00b", "a\u202eb"])
def test_reasons_hold_nothing_that_a_database_or_a_page_could_stumble_over(study, text):
    reader = factories.make_reader(study)
    acts = [
        lambda: amend(study=study, actor=ACTOR, change=text, reason="So."),
        lambda: amend(study=study, actor=ACTOR, change="So.", reason=text),
        lambda: withdraw(reader=reader, actor=ACTOR, reason=text),
        lambda: reset_reader(reader=reader, actor=ACTOR, reason=text),
        lambda: close_study(study=study, actor=ACTOR, reason=text),
        lambda: invite_reader(study=study, code="R2", specialty=text, actor=ACTOR),
    ]
    events = AuditEvent.objects.count()

    for act in acts:
        with pytest.raises(DomainError, match="printable"):
            act()

    assert AuditEvent.objects.count() == events
