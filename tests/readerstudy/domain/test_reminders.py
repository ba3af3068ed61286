"""Mail to readers: to whom, what it says, and that the address stays where it can be erased."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from readerstudy.domain.errors import DomainError
from readerstudy.domain.invitations import accept_invitation
from readerstudy.domain.reminders import remind_due_readers, remind_reader, set_contact
from readerstudy.domain.withdrawals import withdraw
from readerstudy.models.audit_event import AuditEvent
from readerstudy.models.reader import Reader, ReaderContact
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.database]

ADDRESS = "reader.one@example.org"


@pytest.fixture
def study():
    return factories.make_study_of_patients(real=2, hosts=2)


def make_reader(study, code="R1", email=ADDRESS, days_ago=0):
    path = factories.invitation_path(study, code)
    accept_invitation(path.split("/")[2])
    Reader.objects.filter(code=code).update(accepted_at=timezone.now() - timedelta(days=days_ago))
    reader = Reader.objects.select_related("study").get(code=code)
    if email:
        set_contact(reader=reader, email=email, actor="ann")
    return reader


def test_a_reminder_says_where_to_go_on_and_nothing_of_the_cases(study, mailoutbox, settings):
    settings.PUBLIC_URL = "https://reading.example.org"
    reader = make_reader(study)

    remind_reader(reader=reader, actor="ann")

    (message,) = mailoutbox
    assert message.to == [ADDRESS]
    assert message.subject == "Cases to read: A small study"
    for text in ("https://reading.example.org/reading/", "https://reading.example.org/return/", reader.return_code):
        assert text in message.body
    assert not any(word in message.body.lower() for word in ("synthetic", "real ", "hand-crafted"))
    assert ReaderContact.objects.get().reminded_at is not None


def test_the_address_is_in_its_own_table_and_not_in_the_trail(study, mailoutbox):
    reader = make_reader(study)
    remind_reader(reader=reader, actor="ann")

    assert all(ADDRESS not in f"{event.actor}{event.detail}" for event in AuditEvent.objects.all())
    set_contact(reader=reader, email="", actor="ann")
    assert not ReaderContact.objects.exists()
    assert AuditEvent.objects.filter(action="erase contact").count() == 1


@pytest.mark.parametrize("email", ["nobody", "a@b@c", "x@y.z\nBcc: all@example.org", "x@y" + ".y" * 150])
def test_what_is_no_address_is_refused(study, email):
    reader = make_reader(study, email="")

    with pytest.raises(DomainError, match="is no e-mail address"):
        set_contact(reader=reader, email=email, actor="ann")
    assert not ReaderContact.objects.exists()


def test_only_those_are_written_to_who_can_read_now(study, mailoutbox):
    make_reader(study, "R1", days_ago=20)
    make_reader(study, "R2", "two@example.org")
    make_reader(study, "R3", email="", days_ago=20)
    withdraw(reader=make_reader(study, "R4", "four@example.org", days_ago=20), actor="ann")
    invited = factories.make_reader(study, "R5")
    set_contact(reader=invited, email="five@example.org", actor="ann")

    assert remind_due_readers(study=study, actor="ann") == ["R1", "R2"]
    assert remind_due_readers(study=study, actor="ann", idle_days=14) == ["R1"]
    with pytest.raises(DomainError, match="from 0, not -5"):
        remind_due_readers(study=study, actor="ann", idle_days=-5)
    for reader in (invited, Reader.objects.select_related("study").get(code="R4")):
        with pytest.raises(DomainError, match="has nothing to read now"):
            remind_reader(reader=reader, actor="ann")
    assert len(mailoutbox) == 3


def test_a_server_that_takes_no_mail_is_told_in_a_sentence(study, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens there
    reader = make_reader(study)

    with pytest.raises(DomainError, match="The message to reader R1 could not be sent"):
        remind_reader(reader=reader, actor="ann")

    assert ReaderContact.objects.get().reminded_at is None
    assert not AuditEvent.objects.filter(action="remind reader").exists()


def test_the_command_names_whom_it_wrote_to(study, mailoutbox, capsys):
    make_reader(study, days_ago=20)

    call_command("remind_readers", study.slug, "--idle-days", "14")

    assert capsys.readouterr().out == "Reminded: R1.\n"
