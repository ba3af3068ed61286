"""What staff see of a reader and do about one: never how right anybody is."""

import pytest
from django.test import Client
from django.urls import reverse

from readerstudy.domain.invitations import accept_invitation
from readerstudy.models.case_exclusion import CaseExclusion
from readerstudy.models.reader import Reader, ReaderContact
from readerstudy.models.sequence import Sequence, SequenceItem
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader():
    study = factories.make_study_of_patients(real=2, hosts=2, reading={"sittings": 2, "washout_days": 7})
    accept_invitation(factories.invitation_path(study).split("/")[2])
    return Reader.objects.select_related("study").get()


def page(client, reader):
    return client.get(reverse("reader-detail", args=[reader.study.slug, reader.pk])).content.decode()


def act(client, reader, action, **given):
    address = reverse("reader-act", args=[reader.study.slug, reader.pk, action])
    return client.post(address, given, follow=True).content.decode()


def test_a_readers_page_shows_each_sitting_and_the_ways_to_help(reader, staff_client: Client):
    shown = page(staff_client, reader)

    for text in (reader.return_code, "0/2", "Begin anew", "Record a withdrawal", "Revoke access"):
        assert text in shown
    assert "synthetic" not in shown


def test_an_address_is_noted_a_reminder_sent_and_the_address_erased(reader, staff_client: Client, mailoutbox):
    assert "is no e-mail address" in act(staff_client, reader, "contact", email="nobody")
    act(staff_client, reader, "contact", email="one@example.org")
    assert "The reminder is sent." in act(staff_client, reader, "remind")
    assert [message.to for message in mailoutbox] == [["one@example.org"]]

    act(staff_client, reader, "contact", email="")
    assert not ReaderContact.objects.exists()
    assert "No e-mail address of reader R1 is known." in act(staff_client, reader, "remind")


def test_everybody_due_is_reminded_at_once(reader, staff_client: Client, mailoutbox):
    address = reverse("readers-remind", args=[reader.study.slug])
    assert "nobody, since nothing is due" in staff_client.post(address, follow=True).content.decode()

    act(staff_client, reader, "contact", email="one@example.org")
    assert "Reminded: R1." in staff_client.post(address, follow=True).content.decode()


def test_beginning_anew_needs_a_reason_and_is_seen_afterwards(reader, staff_client: Client):
    assert "Say the reason" in act(staff_client, reader, "reset", reason="")
    assert "order 1 was given up" in act(staff_client, reader, "reset", reason="Somebody else read.")
    assert Sequence.objects.get(reader=reader).draw == 2


def test_a_withdrawal_is_recorded_and_nothing_more_can_be_done(reader, staff_client: Client):
    shown = act(staff_client, reader, "withdraw", reason="Ill.")

    assert "Ill." in shown
    assert "Begin anew" not in shown
    renewed = staff_client.post(reverse("reader-renew", args=[reader.study.slug, reader.pk]), follow=True)
    assert "has withdrawn" in renewed.content.decode()


def test_there_is_no_other_action(reader, staff_client: Client):
    assert staff_client.post(reverse("reader-act", args=[reader.study.slug, reader.pk, "praise"])).status_code == 404
    other = factories.make_draft(slug="other")
    assert staff_client.get(reverse("reader-detail", args=[other.slug, reader.pk])).status_code == 404


def test_a_broken_case_is_left_out_with_a_reason(reader, staff_client: Client):
    code = SequenceItem.objects.first().case.code
    address = reverse("case-exclude", args=[reader.study.slug, code])

    assert "Say the reason" in staff_client.post(address, {"reason": ""}, follow=True).content.decode()
    staff_client.post(address, {"reason": "Black slices."})
    assert CaseExclusion.objects.get().case.code == code
